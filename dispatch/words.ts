// A decision record in sentences, for support, merchants and drivers: whom, with what and when, why, who else, and what
// happens next. Needs nothing but the record, so an old decision reads as it did on its day.

import type { DriverId, OrderId } from '../domain/ids.ts';
import type { Decision, Exclusion } from './decision.ts';
import { kilometres, listed, named, plainNaming, price, type Naming } from './phrases.ts';
import { times, whyTogether } from './together-words.ts';
import type { WhyNot } from './why-not.ts';
import { instead, whyDriver } from './why-words.ts';

export type { Naming } from './phrases.ts';

/** Some sentences about one order's decision. */
export function inWords(
  orderId: OrderId,
  decision: Decision,
  naming: Naming = plainNaming,
): readonly string[] {
  return [
    ...byHand(decision, naming),
    verdict(orderId, decision, naming),
    ...times(orderId, decision, naming),
    ...whyTogether(orderId, decision, naming),
    ...whyDriver(decision, naming),
    ...circumstances(decision),
    ...exclusions(decision),
    ...whatNext(decision, naming),
  ];
}

const byHand = ({ isByHand, chosen }: Decision, naming: Naming): readonly string[] =>
  isByHand && chosen !== undefined
    ? [`A person assigned this order to ${naming.driver(chosen)}; the plan works around that.`]
    : [];

function verdict(orderId: OrderId, decision: Decision, naming: Naming): string {
  const { outcome, chosen, leaveAt } = decision;
  if (chosen === undefined) return nobody(decision);
  const whom = `${naming.driver(chosen)}${company(orderId, decision, naming)}`;
  switch (outcome) {
    case 'offered':
      return `Offered to ${whom}.`;
    case 'not_yet':
      return `Meant for ${whom}, but not offered yet: setting off at ${at(leaveAt, naming)} is early enough. Until then the driver stays free for others.`;
    case 'driver_busy':
      return `Meant for ${whom}, but not offered yet: the driver has something else to do first and is to set off for this at ${at(leaveAt, naming)}.`;
    case 'nobody_left':
    case 'nobody_possible':
    case 'exhausted':
      return nobody(decision);
  }
}

const at = (time: number | undefined, naming: Naming): string =>
  time === undefined ? 'the time that the goods need' : naming.time(time);

function company(orderId: OrderId, { together, isAddOn }: Decision, naming: Naming): string {
  const others = together.filter((each) => each !== orderId);
  if (others.length === 0) return '';
  return isAddOn
    ? `, who is on the way with ${named(others, naming)} and takes this order along`
    : `, together with ${named(others, naming)}`;
}

function nobody({ outcome, isByHand, used = {} }: Decision): string {
  if (isByHand) return 'The driver whom a person chose for this order cannot take it now.';
  if (outcome === 'nobody_possible') return 'No driver can take this order now.';
  if (outcome !== 'exhausted')
    return 'Every driver who could take this order is needed for others until the end of the shift.';
  const fates = Object.entries(becameOf).flatMap(([name, text]) => {
    const count = used[name as keyof typeof used] ?? 0;
    return count === 0 ? [] : [`${count} ${text}`];
  });
  const all = Object.values(used).reduce((sum, count) => sum + count, 0);
  return `All ${all} offers that a search may make are used up: ${listed(fates)}.`;
}

const becameOf: Readonly<Record<keyof NonNullable<Decision['used']>, string>> = {
  declined: 'declined',
  expired: 'not answered in time',
  voided: 'accepted, but void by then',
  withdrawn: 'withdrawn',
  dropped_out: 'accepted and given back',
};

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

/** `what`: this order, or one of several. */
const reasons: Readonly<Record<Exclusion, (what: string) => string>> = {
  said_no_before: (what) => `who said no to ${what} before`,
  let_lapse_before: (what) => `who let an offer of ${what} lapse`,
  blocked: () => 'blocked for a customer or merchant of it',
  assigned_by_hand: () => 'passed over because a person chose somebody else',
  other_merchant: () => 'working for other merchants, or not for this one',
  wrong_vehicle: () => 'with the wrong vehicle',
  lacks_skill: () => 'without the equipment or permission needed',
  open_offer: () => 'thinking about another offer',
  no_position: () => 'whose place is not known',
  at_capacity: () => 'with a full load for long',
  no_room: () => 'without room for it',
  busy_for_long: () => 'busy for long',
  out_of_radius: () => 'too far away',
  shift_ends: () => 'whose shift ends too soon',
};

function exclusions({ excluded, radiusM, together, isAddOn }: Decision): readonly string[] {
  const isAlone = together.length === 1 || isAddOn;
  const found = Object.entries(reasons).flatMap(([name, phrase]) => {
    const count = excluded[name as Exclusion] ?? 0;
    const reach =
      name === 'out_of_radius' && radiusM !== null ? ` (more than ${kilometres(radiusM)})` : '';
    return count === 0 ? [] : [{ count, why: `${phrase(isAlone ? 'it' : 'one of them')}${reach}` }];
  });
  const parts = found.map(({ count, why }, index) => {
    const drivers = count === 1 ? 'driver ' : 'drivers ';
    return `${count} ${index === 0 ? drivers : ''}${why}`;
  });
  const orders = together.length === 2 ? 'two' : together.length;
  const head = isAlone ? 'Not considered' : `Could not take the ${orders} orders`;
  return parts.length === 0 ? [] : [`${head}: ${listed(parts)}.`];
}

/** What is asked of one driver: a sentence. */
export function whyNotInWords(
  { driverId, why }: { readonly driverId: DriverId; readonly why: WhyNot },
  decision: Decision,
  naming: Naming = plainNaming,
): string {
  const driver = naming.driver(driverId);
  switch (why.kind) {
    case 'chosen':
      return `${driver} is the one whom the plan chose.`;
    case 'unseen':
      return `${driver} was not online in this market.`;
    case 'excluded': {
      const isAlone = decision.together.length === 1 || decision.isAddOn;
      const reason = reasons[why.reason](isAlone ? 'it' : 'one of the orders');
      return `${driver} was not considered, being one ${reason}${howFar(why, decision)}.`;
    }
    case 'possible': {
      const own = decision.best.find((each) => each.driverId === decision.chosen);
      const { considered } = why;
      if (own && !decision.isByHand) return `${instead(considered, own, naming)}.`;
      return `${driver} could have come, at a cost of ${price(considered.cost)}.`;
    }
  }
}

function howFar(
  why: Extract<WhyNot, { readonly kind: 'excluded' }>,
  { radiusM }: Decision,
): string {
  if (why.reason !== 'out_of_radius' || why.awayM === undefined || radiusM === null) return '';
  return `: ${kilometres(why.awayM)}, and the search reached ${kilometres(radiusM)}`;
}

function whatNext({ outcome, wider, isByHand }: Decision, naming: Naming): readonly string[] {
  switch (outcome) {
    case 'offered':
      return [];
    case 'not_yet':
    case 'driver_busy':
      return [
        isByHand
          ? 'Every round plans anew, but nobody else gets it.'
          : 'It is offered when it is time to set off. Until then every round plans anew, so that somebody better placed may still get it.',
      ];
    case 'nobody_left':
    case 'nobody_possible': {
      const reach = wider
        ? ` From ${naming.time(wider.at)} on the search reaches ${kilometres(wider.radiusM)}.`
        : '';
      return [`It is looked at again in the next round.${reach}`];
    }
    case 'exhausted':
      return [
        'With that the search ends: a partner fleet is asked where there is one, otherwise the delivery has failed.',
      ];
  }
}
