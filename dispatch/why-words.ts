// Why this driver, in sentences: what the cost consists of, and the two who come next with what makes the difference.
// Part of words.ts.

import type { Considered, CostParts, Decision } from './decision.ts';
import { amount, kilometres, listed, minutes, price, type Naming } from './phrases.ts';

export function whyDriver(decision: Decision, naming: Naming): readonly string[] {
  const { chosen, best, isByHand, solver } = decision;
  const own = best.find(({ driverId }) => driverId === chosen);
  if (!own || isByHand) return [];
  const driver = naming.driver(own.driverId);
  if (solver === 'nearest')
    return [`${could(decision)}; ${driver} is the nearest of those who have nothing to do.`];
  const why = decision.isAddOn ? detour(own, driver) : trip(decision, own, naming);
  return [...why, ...beyond(decision, driver), ...runnersUp(decision, own, naming)];
}

function could({ candidates, together, isAddOn }: Decision): string {
  const drivers = candidates === 1 ? 'One driver' : `${candidates} drivers`;
  if (isAddOn) return `${drivers} could come for this order alone`;
  const orders = together.length;
  if (orders === 1) return `${drivers} could come`;
  return `${drivers} could take ${orders === 2 ? 'both orders' : `all ${orders} orders`}`;
}

function trip(decision: Decision, own: Considered, naming: Naming): readonly string[] {
  const driver = naming.driver(own.driverId);
  const orders = decision.together.length;
  const isCheapest = decision.best.every((each) => each.cost >= own.cost);
  const costs =
    own.takes === undefined ? `${driver} costs` : `with this first, ${driver} would cost`;
  const rank = isCheapest && decision.candidates > 1 ? ' least:' : '';
  const sum = orders === 1 ? '' : ', for all of them in sum';
  return [
    `Why ${driver}: ${whereabouts(own, naming)}.`,
    `${could(decision)}; ${costs}${rank} ${price(own.cost)}${sum}${consisting(own, phrasesFor(orders))}.`,
  ];
}

function whereabouts({ freeIn, travel, waits, takes }: Considered, naming: Naming): string {
  if (takes !== undefined) return `brings ${naming.order(takes)} first, and this afterwards`;
  const when = freeIn > 0 ? `free in ${minutes(freeIn)} and then` : 'free now and';
  const wait = waits > 0 ? `; there the goods take ${minutes(waits)} more` : '';
  return `${when} ${minutes(travel)} from the counter${wait}`;
}

const detour = (own: Considered, driver: string): readonly string[] => [
  `Why ${driver}: already on a route, and at this counter in ${minutes(own.travel)}.`,
  `Taking this order along costs ${price(own.cost)}${consisting(own, phrasesFor(2))}.`,
];

/** For more, and for less. */
type Phrases = { readonly [K in keyof CostParts]: readonly [string, string] };

const phrasesFor = (orders: number): Phrases => {
  const best = 'than with a driver at the counter when the goods are ready';
  const handing = `handing ${orders === 1 ? 'it' : 'them'} over`;
  return {
    late: [`for ${handing} later ${best}`, `off for ${handing} sooner ${best}`],
    standing: ['for ending far from where orders arise', 'off for ending near where orders arise'],
    uncertainty: ['for goods that may be late', 'off for goods that may be early'],
    acceptance: ['for a likely refusal', 'off for a likely yes'],
    fairness: ['for a short wait for work', 'off for a long wait for work'],
    rating: ['for a rating below five stars', 'off for the rating'],
  };
};

const differences: Phrases = {
  late: ['for handing over later', 'off for handing over sooner'],
  standing: [
    'for ending further from where orders arise',
    'off for ending nearer to where orders arise',
  ],
  uncertainty: ['for goods that may be late', 'off for goods that may be early'],
  acceptance: ['for a likelier refusal', 'off for a likelier yes'],
  fairness: ['for a shorter wait for work', 'off for a longer wait for work'],
  rating: ['for a lower rating', 'off for a better rating'],
};

const names = ['late', 'standing', 'uncertainty', 'acceptance', 'fairness', 'rating'] as const;

/** What is not 0, the largest first, in brackets. Of a single one the amount is the whole. */
function made(valueOf: (name: keyof CostParts) => number, phrases: Phrases): string {
  const parts = names
    .map((name) => ({ name, value: Math.round(valueOf(name) * 10) / 10 }))
    .filter(({ value }) => value !== 0)
    .toSorted((a, b) => Math.abs(b.value) - Math.abs(a.value));
  const told = parts.map(({ name, value }) => {
    const of = phrases[name][value > 0 ? 0 : 1];
    return parts.length === 1 ? of : `${amount(Math.abs(value))} ${of}`;
  });
  return told.length === 0 ? '' : ` (${listed(told)})`;
}

const consisting = ({ parts }: Considered, phrases: Phrases): string =>
  made((name) => parts[name] ?? 0, phrases);

/** Those who come next in the order of their costs, the cheaper ones included. */
function runnersUp(
  { best, isAddOn }: Decision,
  own: Considered,
  naming: Naming,
): readonly string[] {
  const others = best.filter((each) => each !== own).slice(0, 2);
  if (others.length === 0) return [];
  const told = others.map(
    (other) => `${naming.driver(other.driverId)} ${compared(other, own, naming)}`,
  );
  return [`${isAddOn ? 'Instead, for this order alone' : 'Instead'}: ${told.join('; ')}.`];
}

export function compared(other: Considered, own: Considered, naming: Naming): string {
  const more = Math.round((other.cost - own.cost) * 10) / 10;
  const why = made((name) => (other.parts[name] ?? 0) - (own.parts[name] ?? 0), differences);
  const needed = other.takes === undefined ? '' : `needed for ${naming.order(other.takes)}`;
  if (more > 0) return `would cost ${minutes(more)} more${why}${needed && `, and is ${needed}`}`;
  const cost = more === 0 ? 'the same' : `${minutes(-more)} less${why}`;
  return `would cost ${cost}, but ${needed ? `is ${needed}` : 'all orders together are served sooner this way'}`;
}

function beyond({ beyond: why, radiusM, together }: Decision, driver: string): readonly string[] {
  if (why === undefined || radiusM === null) return [];
  const reasons = {
    on_the_way: 'is on the way to this counter already',
    with_another: `comes to this counter for ${together.length > 2 ? 'the others' : 'the other order'}, whose search reaches further`,
    after_another: 'will be near after an earlier delivery',
  };
  return [
    `${driver} is further away than the search reaches (${kilometres(radiusM)}), but ${reasons[why]}.`,
  ];
}
