// Why an order that was meant for one driver is meant for another now, in sentences. Compares a decision with the one
// before it.

import type { DriverId, OrderId } from '../domain/ids.ts';
import type { Decision, Exclusion, Plan } from './decision.ts';
import { minutes, named, plainNaming, type Naming } from './phrases.ts';
import { takenBy, type WhyNot } from './why-not.ts';

/** What became of the driver of before. */
export type Lost = WhyNot | { readonly kind: 'needed'; readonly orderId: OrderId };

export type Change = {
  /** Of the decision that changed it. */
  readonly at: number;
  readonly before: Pick<Decision, 'chosen' | 'together'>;
  /** Undefined: the same driver, or not known. */
  readonly lost: Lost | undefined;
};

/** As far as the plan tells; undefined: the round's input may. */
export function lostTo(driverId: DriverId, plan: Plan, decision: Decision): Lost | undefined {
  const considered = decision.best.find((each) => each.driverId === driverId);
  const orderId = considered?.takes ?? takenBy(driverId, plan, decision);
  if (orderId !== undefined) return { kind: 'needed', orderId };
  return considered && { kind: 'possible', considered };
}

export function changeInWords(
  orderId: OrderId,
  { change, decision }: { readonly change: Change; readonly decision: Decision },
  naming: Naming = plainNaming,
): readonly string[] {
  const { before, lost } = change;
  if (before.chosen === undefined) return [];
  const at = naming.exactTime(change.at);
  const cause = lost && causeOf(lost, decision, naming);
  const because = cause === undefined ? '' : `, because ${cause}`;
  const isOther = before.chosen !== decision.chosen;
  const others = before.together.filter((id) => id !== orderId);
  const company = others.length === 0 ? 'alone' : `together with ${named(others, naming)}`;
  const until = isOther ? 'then' : at;
  return [
    ...(isOther ? [`Changed from ${naming.driver(before.chosen)} at ${at}${because}.`] : []),
    ...(isSameCompany(before, decision) ? [] : [`Until ${until} it was to travel ${company}.`]),
  ];
}

const isSameCompany = (a: Change['before'], b: Change['before']): boolean =>
  a.together.toSorted().join() === b.together.toSorted().join();

function causeOf(lost: Lost, { best, chosen }: Decision, naming: Naming): string | undefined {
  switch (lost.kind) {
    case 'needed':
      return `that driver was needed for ${naming.order(lost.orderId)}`;
    case 'unseen':
      return 'that driver was no longer online';
    case 'excluded':
      return `that driver ${excluded[lost.reason]}`;
    case 'chosen':
      return undefined;
    case 'possible': {
      const own = best.find((each) => each.driverId === chosen);
      const more = own && Math.round((lost.considered.cost - own.cost) * 10) / 10;
      if (more === undefined) return undefined;
      return more > 0
        ? `that driver would have cost ${minutes(more)} more`
        : 'all orders together were served sooner this way';
    }
  }
}

const excluded: Readonly<Record<Exclusion, string>> = {
  said_no_before: 'had said no or given it back',
  let_lapse_before: 'had let the offer lapse',
  blocked: 'was blocked for a customer or merchant',
  assigned_by_hand: 'had to make way for the one whom a person chose',
  other_merchant: 'did not work for this merchant',
  wrong_vehicle: 'had the wrong vehicle',
  lacks_skill: 'lacked the equipment or permission needed',
  open_offer: 'was thinking about another offer',
  no_position: 'could not be located',
  at_capacity: 'had a full load for long',
  no_room: 'had no room for it',
  busy_for_long: 'was busy for long',
  out_of_radius: 'was too far away',
  shift_ends: 'had too little left of the shift',
};
