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
  const free = candidates === 1 ? '' : ', counting those about to be free';
  if (orders === 1) return `${drivers} could come${free}`;
  return `${drivers} could take ${orders === 2 ? 'both orders' : `all ${orders} orders`}${free}`;
}

function trip(decision: Decision, own: Considered, naming: Naming): readonly string[] {
  const driver = naming.driver(own.driverId);
  const orders = decision.together.length;
  const isCheapest = decision.best.every((each) => each.cost >= own.cost);
  const isOnly = decision.candidates === 1;
  const costs =
    own.takes === undefined ? `${driver} costs` : `with this first, ${driver} would cost`;
  const rank = isCheapest && !isOnly ? ' least:' : '';
  const sum = orders === 1 ? '' : ' in sum';
  const cost = `${costs}${rank} ${price(own.cost)}${sum}${consisting(own, phrasesFor(orders))}.`;
  const possible = could(decision);
  return [
    `Why ${driver}: ${whereabouts(own, naming)}.`,
    ...(isOnly ? [`${possible}; ${cost}`] : [`${possible}.`, `Of these, ${cost}`]),
  ];
}

function whereabouts({ freeIn, travel, waits, takes }: Considered, naming: Naming): string {
  if (takes !== undefined) return `brings ${naming.order(takes)} first, and this afterwards`;
  const when = freeIn > 0 ? `free in ${minutes(freeIn)} and then` : 'free now and';
  const wait = waits > 0 ? `, to wait ${minutes(waits)} there for the goods` : '';
  return `${when} ${minutes(travel)} from the counter${wait}`;
}

const detour = (own: Considered, driver: string): readonly string[] => [
  `Why ${driver}: already on a route, and at this counter in ${minutes(own.travel)}.`,
  `Taking this order along costs ${price(own.cost)}${consisting(own, phrasesFor(2))}.`,
];

/** For more, and for less. */
type Phrases = { readonly [K in keyof CostParts]: readonly [string, string] };

const phrasesFor = (orders: number): Phrases => {
  const best = 'than if a driver had been waiting when the goods were ready';
  const where = `at the customer${orders === 1 ? '' : 's'}`;
  return {
    late: [`for arriving ${where} later ${best}`, `off for arriving ${where} sooner ${best}`],
    standing: ['for ending far from where orders arise', 'off for ending near where orders arise'],
    uncertainty: ['for goods that may be late', 'off for goods that may be early'],
    acceptance: ['for a likely refusal', 'off for a likely yes'],
    fairness: ['for a short wait for work', 'off for a long wait for work'],
    rating: ['for a rating below five stars', 'off for the rating'],
  };
};

const differences: Phrases = {
  late: ['for arriving later', 'off for arriving sooner'],
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

/** What is not 0, the largest first, in brackets. Of a single one the amount is told before. */
function made(valueOf: (name: keyof CostParts) => number, phrases: Phrases): string {
  const parts = names
    .map((name) => ({ name, value: Math.round(valueOf(name) * 10) / 10 }))
    .filter(({ value }) => value !== 0)
    .toSorted((a, b) => Math.abs(b.value) - Math.abs(a.value));
  const told = parts.map(({ name, value }) => ({
    size: amount(Math.abs(value)),
    of: phrases[name][value > 0 ? 0 : 1],
  }));
  const [first, ...others] = told;
  if (!first) return '';
  if (others.length === 0) return ` ${first.of.replace(/^off /, '')}`;
  return ` (${listed(told.map(({ size, of }) => `${size} ${of}`))})`;
}

function consisting({ parts, waits }: Considered, phrases: Phrases): string {
  const why = made((name) => parts[name] ?? 0, phrases);
  if (why !== '') return why.startsWith(' (') ? why : `,${why}`;
  return waits > 0
    ? ', being there before the goods are ready'
    : ', arriving as soon as is possible';
}

/** Those who come next in the order of their costs, the cheaper ones included. */
function runnersUp(
  { best, candidates, isAddOn }: Decision,
  own: Considered,
  naming: Naming,
): readonly string[] {
  const others = best.filter((each) => each !== own);
  const shown = others.slice(0, 2);
  if (shown.length === 0) return [];
  const all = Math.max(others.length, candidates - 1);
  const cheapest = shown.length === 1 ? 'cheapest' : 'two cheapest';
  const which = all > shown.length ? `the ${cheapest} of ${all} others, ` : '';
  const what = isAddOn ? 'for this order alone' : 'counting this trip only';
  const told = shown.map((other) => instead(other, own, naming));
  const isSurprising = shown.some(({ cost, takes }) => takes !== undefined && cost <= own.cost);
  return [
    `Instead (${which}${what}): ${told.join('; ')}.`,
    ...(isSurprising ? ['Who is needed where is decided for all orders at once.'] : []),
  ];
}

export const instead = (other: Considered, own: Considered, naming: Naming): string =>
  `${naming.driver(other.driverId)} (at the counter in ${minutes(other.minutes)}) ${compared(other, own, naming)}`;

function compared(other: Considered, own: Considered, naming: Naming): string {
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
