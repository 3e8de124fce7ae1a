// What a typed no says: what happened first, and when.

import { refused, type Decision } from '../decision.ts';
import type { Machine } from '../lifecycle.ts';
import type { Counters, OrderState } from '../order.ts';
import type { Policy } from '../policy.ts';

export function alreadyEnded({ order }: OrderState): Decision {
  const why =
    'endReason' in order ? `the order ended as ${order.endReason}` : 'the order was completed';
  return refused(
    order.status === 'completed' ? 'already_delivered' : 'already_cancelled',
    why,
    order.since,
  );
}

export function wrongState(state: OrderState, machine: Machine): Decision {
  const { status } = state[machine];
  return refused('wrong_state', `the ${machine} is ${status}`, beganAt(state[machine]));
}

/** When a state was entered, as far as it is known. */
const beganAt = (part: OrderState[Machine]): number | undefined => {
  if ('plannedAt' in part) return part.plannedAt;
  return 'since' in part ? part.since : undefined;
};

const caps = {
  changes: 'maxChanges',
  shortages: 'maxShortages',
  delays: 'maxDelays',
  holds: 'maxHolds',
  extensions: 'maxExtensions',
  redeliveries: 'maxRedeliveries',
  remakes: 'maxRemakes',
  resends: 'maxResends',
  undos: 'maxUndos',
  etaChanges: 'maxEtaChanges',
} as const satisfies { readonly [Name in keyof Counters]: keyof Policy };

/** A refusal once a thing was done as often as the policy allows. */
export function capped({ counts, facts }: OrderState, name: keyof Counters): Decision | undefined {
  const most = facts.policy[caps[name]];
  return counts[name] >= most
    ? refused('limit_reached', `no more than ${most} ${name}`)
    : undefined;
}

export const notYours = ({ delivery }: OrderState): Decision =>
  refused('not_your_delivery', 'the delivery is not with this driver', beganAt(delivery));
