// The walks that together reach everything: one per kind of order and circle of people. A single walk with all of them
// would only multiply what does not touch each other.

import type { OrderFacts } from '../../domain/order.ts';
import type { Policy } from '../../domain/policy.ts';
import { facts, hour, minute, placedAt } from './lives.ts';
import {
  atTheBranch,
  atTheDesk,
  besideAPartner,
  byAPartner,
  byTheClock,
  byTheCustomer,
  everyday,
  onTheRoad,
  onTime,
} from './circles.ts';
import { smallPolicy, walk, type Speak, type Walk } from './walk.ts';

type Plan = {
  readonly facts: Partial<OrderFacts>;
  readonly speak: Speak;
  readonly justInTime: boolean;
  readonly policy?: Partial<Policy>;
};

const pickup = {
  fulfilment: 'pickup',
  deliveryFeeMinor: 0,
  totalMinor: 2_150,
  travelMs: 0,
} as const;
const cash = { method: 'cash', paymentMethod: '' } as const;
const external = { method: 'external', paymentMethod: '' } as const;
const mobileMoney = { method: 'mobile_money', paymentMethod: 'campay:payer' } as const;
const wallet = { method: 'wallet', paymentMethod: `wallet:${facts.customerId}` } as const;
const split = {
  method: 'split',
  paymentMethod: `split:${facts.customerId}_all_pm_card_visa`,
} as const;
const substitute = { substitution: 'substitute', bufferMinor: 400, goodsKind: 'store' } as const;
const pharmacy = { goodsKind: 'pharmacy', prescription: true } as const;
const soon = { promisedAt: placedAt + 4 * hour };
const farAhead = { promisedAt: placedAt + 10 * 24 * hour };

/** Asked seldom, so that a walk is short. */
const fleet = { partnerCapMinor: 1_000, partnerPollMs: 40 * minute } as const;

export const plans = {
  everyday: { facts: {}, speak: everyday, justInTime: true },
  'on the road': { facts: {}, speak: onTheRoad, justInTime: false },
  'on the road, left at the door': {
    facts: { undeliverable: 'leave_at_door' },
    speak: onTheRoad,
    justInTime: false,
  },
  'on the road, discarded': {
    facts: { undeliverable: 'discard' },
    speak: onTheRoad,
    justInTime: false,
  },
  'on the road, cash': { facts: cash, speak: onTheRoad, justInTime: false },
  'on the road, external': { facts: external, speak: onTheRoad, justInTime: false },
  'everyday, mobile money': { facts: mobileMoney, speak: everyday, justInTime: false },
  'on the road, mobile money': { facts: mobileMoney, speak: onTheRoad, justInTime: false },
  'on the road, split': { facts: split, speak: onTheRoad, justInTime: false },
  'for later, renewed': {
    facts: soon,
    policy: {
      // Renewed after two hours, good for three: unrenewed, it is replaced at the release.
      renewHoldMs: 7 * 24 * hour - 2 * hour,
      holdMarginMs: 7 * 24 * hour - 3 * hour,
      orderLifeMs: 30 * 24 * hour,
      maxHoldRenewals: 1,
      // Nothing but the cap ends the tries.
      moneyRetryMs: 0,
    },
    speak: byTheCustomer,
    justInTime: false,
  },
  'on the road, wallet': { facts: wallet, speak: onTheRoad, justInTime: false },
  'for much later, wallet': {
    facts: { ...farAhead, ...wallet },
    speak: atTheBranch,
    justInTime: false,
  },
  'at the branch': { facts: {}, speak: atTheBranch, justInTime: true },
  'at the branch, substitutes': { facts: substitute, speak: atTheBranch, justInTime: true },
  'at the branch, cancels': {
    facts: { substitution: 'cancel' },
    speak: atTheBranch,
    justInTime: false,
  },
  'at the branch, by itself': {
    facts: { autoAcceptUntil: placedAt + hour },
    speak: atTheBranch,
    justInTime: false,
  },
  'pickup, card': { facts: pickup, speak: atTheBranch, justInTime: true },
  'pickup, cash': { facts: { ...pickup, ...cash }, speak: atTheBranch, justInTime: false },
  'pickup, mobile money': {
    facts: { ...pickup, ...mobileMoney },
    speak: atTheBranch,
    justInTime: false,
  },
  'dine-in, external': {
    facts: { ...pickup, ...external, fulfilment: 'dine_in' },
    speak: atTheBranch,
    justInTime: false,
  },
  pharmacy: { facts: pharmacy, speak: atTheBranch, justInTime: false },
  'pharmacy, cash': { facts: { ...pharmacy, ...cash }, speak: atTheBranch, justInTime: false },
  'pharmacy, external': {
    facts: { ...pharmacy, ...external },
    speak: atTheBranch,
    justInTime: false,
  },
  'for later': { facts: soon, speak: atTheBranch, justInTime: false },
  'for much later': { facts: farAhead, speak: atTheBranch, justInTime: false },
  'for later, cash': { facts: { ...soon, ...cash }, speak: onTheRoad, justInTime: false },
  'for later, external': { facts: { ...soon, ...external }, speak: onTheRoad, justInTime: false },
  'for later, mobile money': {
    facts: { ...farAhead, ...mobileMoney },
    speak: atTheBranch,
    justInTime: false,
  },
  'for later, on the road': { facts: soon, speak: onTheRoad, justInTime: false },
  'by a partner': { facts: {}, policy: fleet, speak: byAPartner, justInTime: false },
  'by a partner, paid elsewhere': {
    facts: external,
    policy: fleet,
    speak: besideAPartner,
    justInTime: false,
  },
  'at the desk': { facts: {}, speak: atTheDesk, justInTime: false },
  'on time': { facts: external, policy: { maxEtaChanges: 1 }, speak: onTime, justInTime: false },
  'by the clock': { facts: external, speak: byTheClock, justInTime: false },
  'at the desk, cash': { facts: cash, speak: atTheDesk, justInTime: false },
  'at the desk, external': { facts: external, speak: atTheDesk, justInTime: false },
} as const satisfies Readonly<Record<string, Plan>>;

/** One of them, perhaps with another policy. */
export function walkOf(plan: Plan, policy: Partial<Policy> = {}): Walk {
  const of = {
    ...facts,
    ...plan.facts,
    policy: { ...smallPolicy, ...plan.policy, ...policy },
  };
  return walk(of, plan);
}

export const walkAll = (): ReadonlyMap<string, Walk> =>
  new Map(Object.entries(plans).map(([name, plan]) => [name, walkOf(plan)]));
