// A decision record in sentences, for support, merchants and drivers: whom, why, who else, and what happens next.
// Needs nothing but the record, so an old decision reads as it did on its day.

import type { DriverId, OrderId } from '../domain/ids.ts';
import type { Considered, Decision, Exclusion } from './decision.ts';

export type Naming = {
  readonly driver: (driverId: DriverId) => string;
  readonly order: (orderId: OrderId) => string;
  /** Of epoch milliseconds, in the reader's time zone. */
  readonly time: (at: number) => string;
};

/** Ids as they are, times in UTC. */
const plainNaming: Naming = {
  driver: (driverId) => driverId,
  order: (orderId) => orderId,
  time: (at) => `${new Date(at).toISOString().slice(11, 16)} UTC`,
};

/** A few sentences about one order's decision. */
export function inWords(
  orderId: OrderId,
  decision: Decision,
  naming: Naming = plainNaming,
): readonly string[] {
  return [
    verdict(decision, naming),
    ...times(decision, naming),
    ...company(orderId, decision, naming),
    ...choice(decision, naming),
    ...circumstances(decision),
    ...exclusions(decision),
  ];
}

function verdict(
  { outcome, chosen, isByHand, isAddOn, leaveAt, best }: Decision,
  naming: Naming,
): string {
  if (chosen === undefined) return nobody(outcome);
  const driver = naming.driver(chosen);
  const byHand = isByHand ? 'A person assigned this order; the plan works around that. ' : '';
  switch (outcome) {
    case 'offered':
      return isAddOn
        ? `${byHand}${driver} is already on a route that can take this order along.`
        : `${byHand}Offered to ${driver}.`;
    case 'not_yet':
      return `${byHand}Meant for ${driver}, who need not leave before ${at(leaveAt, naming)}; until then a better plan may turn up.`;
    case 'driver_busy': {
      const freeIn = best.find(({ driverId }) => driverId === chosen)?.freeIn ?? 0;
      const when = freeIn > 0 ? ` (free in ${minutes(freeIn)})` : '';
      return `${byHand}Meant for ${driver}, who has other deliveries to finish first${when}.`;
    }
    case 'nobody_left':
    case 'nobody_possible':
      return nobody(outcome);
  }
}

const nobody = (outcome: Decision['outcome']): string =>
  outcome === 'nobody_possible'
    ? 'No driver can take this order now; it is looked at again in the next round.'
    : 'Every driver who could take this order is needed for others until the end of the shift; it is looked at again in the next round.';

function times(
  { chosen, readyAt, pickupAt, dropoffAt }: Decision,
  naming: Naming,
): readonly string[] {
  if (chosen === undefined || pickupAt === undefined || dropoffAt === undefined) return [];
  return [
    `The goods are expected at ${naming.time(readyAt)}, the pickup at ${naming.time(pickupAt)}, the delivery at ${naming.time(dropoffAt)}.`,
  ];
}

function company(
  orderId: OrderId,
  { together, chosen }: Decision,
  naming: Naming,
): readonly string[] {
  if (chosen === undefined || together.length < 2) return [];
  const others = together.filter((each) => each !== orderId).map(naming.order);
  const place = together.indexOf(orderId) + 1;
  return [
    `It travels with ${listed(others)} and is delivered ${ordinal(place)} of ${together.length}: together they arrive sooner in sum, or leave a driver free for others who wait.`,
  ];
}

function choice(
  { chosen, best, candidates, isByHand, isAddOn }: Decision,
  naming: Naming,
): readonly string[] {
  const own = best.find(({ driverId }) => driverId === chosen);
  const [first, second] = best;
  if (chosen === undefined || isByHand || !own || !first) return [];
  const could = candidates === 1 ? 'One driver could come' : `${candidates} drivers could come`;
  if (isAddOn)
    return [
      `${could}; sending one of them for this order alone would cost the customers more time.`,
    ];
  if (own === first) {
    const next = second
      ? `, the next best ${naming.driver(second.driverId)} (${costOf(second)})`
      : '';
    return [
      `${could}; ${naming.driver(chosen)} costs least (${costOf(own)})${next}.`,
      featuresOf(own, naming),
    ];
  }
  return [
    `${could}; ${naming.driver(first.driverId)} alone would cost less (${costOf(first)} against ${costOf(own)}), but all orders together are served sooner this way.`,
    featuresOf(own, naming),
  ];
}

const costOf = ({ cost }: Considered): string => `${minutes(cost)} beyond the ideal`;

function featuresOf({ driverId, freeIn, travel, waits, bias }: Considered, naming: Naming): string {
  const parts = [
    freeIn > 0 ? `free in ${minutes(freeIn)}` : 'free now',
    `${minutes(travel)} away`,
    ...(waits > 0 ? [`${minutes(waits)} of waiting for the goods`] : []),
    ...(bias > 0 ? [`${minutes(bias)} added for likely refusal or rating`] : []),
    ...(bias < 0 ? [`${minutes(-bias)} taken off because of a long wait for work`] : []),
  ];
  return `${naming.driver(driverId)}: ${parts.join(', ')}.`;
}

function circumstances({ askedAgain, solver, waysEstimated }: Decision): readonly string[] {
  return [
    ...(askedAgain
      ? ['Nobody new was left, so drivers who let an earlier offer lapse are asked again.']
      : []),
    ...solvers[solver],
    ...(waysEstimated === undefined
      ? []
      : [`${waysEstimated}; ways that it should have told are estimated from straight lines.`]),
  ];
}

const solvers: Readonly<Record<Decision['solver'], readonly string[]>> = {
  exact: [],
  regret_greedy: ['The round was too large for the exact method, so the quick one decided.'],
  nearest: ['The market sends the nearest driver who has nothing to do, weighing nothing else.'],
};

const reasons: Readonly<Record<Exclusion, string>> = {
  said_no_before: 'said no to this order before',
  let_lapse_before: 'let an offer of this order lapse',
  blocked: 'blocked for this customer or merchant',
  assigned_by_hand: 'left out because a person chose somebody',
  other_merchant: 'working for other merchants, or not for this one',
  wrong_vehicle: 'with the wrong vehicle',
  lacks_skill: 'without the equipment or permission needed',
  open_offer: 'thinking about another offer',
  no_position: 'whose place is not known',
  at_capacity: 'with a full load for long',
  no_room: 'without room for it',
  busy_for_long: 'busy for long',
  out_of_radius: 'too far away',
  shift_ends: 'whose shift ends too soon',
};

function exclusions({ excluded }: Decision): readonly string[] {
  const parts = Object.entries(reasons).flatMap(([name, text]) => {
    const count = excluded[name as Exclusion] ?? 0;
    return count === 0 ? [] : [`${count} ${text}`];
  });
  return parts.length === 0 ? [] : [`Not considered: ${listed(parts)}.`];
}

const at = (time: number | undefined, naming: Naming): string =>
  time === undefined ? 'the goods are nearly ready' : naming.time(time);

const minutes = (value: number): string => {
  const shown = value >= 10 ? Math.round(value) : Math.round(value * 10) / 10;
  return shown === 1 ? '1 minute' : `${shown} minutes`;
};

const ordinal = (place: number): string =>
  ['first', 'second', 'third', 'fourth', 'fifth'][place - 1] ?? `number ${place}`;

function listed(parts: readonly string[]): string {
  const last = parts.at(-1) ?? '';
  return parts.length < 2 ? last : `${parts.slice(0, -1).join(', ')} and ${last}`;
}
