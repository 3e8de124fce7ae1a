// What people say to an order: what helps it on from where it is, or anything that the API has a route for, true or
// not. Pure but for the dice. Called by life.ts.

import { commandTable, type Path } from '../../api/routes/command-table.ts';
import type { CommandBodies } from '../../api/schemas/orders.ts';
import type { Random } from '../../sandbox/city/random.ts';
import { contactChannels, denyCodes, pickupFailures } from '../../domain/messages.ts';
import { substitutions } from '../../domain/order.ts';
import { dropoffFailures, problems } from '../../domain/parts.ts';
import { refundFaults, refundReasons } from '../../domain/refund.ts';
import {
  actionOf,
  supportActionNames,
  supportReasons,
  type Param,
  type SupportActionName,
} from '../../domain/support.ts';
import type { Person } from './life-town.ts';
import { branchAt, customerAt } from './shop.ts';

export type Saying = { readonly as: Person; readonly path: string; readonly body: object };

/** What the order looks like to its merchant. */
export type Seen = {
  readonly order_status: string;
  readonly delivery_status: string;
  readonly payment_status: string;
  readonly payment_method: string;
  readonly payment_client_secret?: string;
  readonly type: string;
  readonly age_check: boolean;
  readonly driver_id: string | null;
  readonly totals: { readonly total_minor: number; readonly payable_minor: number };
};

export type Dice = {
  readonly random: Random;
  readonly order: Seen;
  /** Of the order’s market. */
  readonly driverIds: readonly string[];
};

const oneOf = <T>(random: Random, list: readonly T[]): T =>
  list[Math.floor(random.next() * list.length)] as T;
export const upTo = (random: Random, n: number): number => Math.floor(random.between(1, n + 1));

const goodCard = 'pm_card_visa';
/** Most of them good. */
export const cards = [
  goodCard,
  goodCard,
  goodCard,
  'pm_card_mastercard',
  'pm_card_visa_chargeDeclinedInsufficientFunds',
  'pm_card_threeDSecure2Required',
  'pm_card_threeDSecureRequiredChargeDeclined',
  'pm_card_refundFail',
] as const;

/** Somewhere between nothing and more than there is. */
const someOf = (random: Random, minor: number): number =>
  oneOf(random, [1, Math.ceil(minor / 3), minor, minor + 1, 2 * minor, upTo(random, minor)]);

const nothing = () => ({});

const bodies: { readonly [P in Path]: (dice: Dice) => CommandBodies[P] } = {
  acknowledge: nothing,
  accept: ({ random }) => (random.chance(0.5) ? { prep_seconds: upTo(random, 8) } : {}),
  deny: ({ random }) => ({ code: oneOf(random, denyCodes) }),
  delay: ({ random }) => ({ ready_in_seconds: upTo(random, 8) }),
  ready: nothing,
  'hand-over': collected,
  shortages: ({ random, order }) => ({
    line: random.chance(0.9) ? 0 : 1,
    quantity: upTo(random, 2),
    ...(random.chance(0.5) && {
      substitute_minor: someOf(random, Math.ceil(order.totals.total_minor / 2)),
    }),
  }),
  'shortage-answer': ({ random }) => ({ answer: oneOf(random, substitutions) }),
  'approve-prescription': nothing,
  'reject-prescription': nothing,
  remittance: ({ random, order }) => ({ amount_minor: someOf(random, order.totals.payable_minor) }),
  cancel: nothing,
  payment: ({ random }) => (random.chance(0.7) ? { token: oneOf(random, cards) } : {}),
  tip: ({ random, order }) => ({
    tip_minor: someOf(random, Math.ceil(order.totals.total_minor / 5)),
  }),
  'dropoff-notes': () => ({ note: 'the blue door' }),
  reschedule: ({ random }) => ({ scheduled_for: soon(upTo(random, 60)) }),
  'arrive-at-pickup': nothing,
  'fail-pickup': ({ random }) => ({ code: oneOf(random, pickupFailures) }),
  'pick-up': nothing,
  'arrive-at-dropoff': nothing,
  contact: ({ random }) => ({ channel: oneOf(random, contactChannels) }),
  deliver: collected,
  'fail-dropoff': ({ random }) => ({ reason: oneOf(random, dropoffFailures) }),
  'arrive-at-return': nothing,
  'complete-return': nothing,
  abandon: nothing,
  problem: ({ random }) => ({ problem: oneOf(random, problems) }),
};

function collected({ random, order }: Dice) {
  const { payable_minor: payable } = order.totals;
  const minor = random.chance(0.8) ? payable : someOf(random, payable);
  return {
    ...(order.payment_method === 'cash' && { collected_minor: minor }),
    ...(order.age_check && random.chance(0.8) && { proofs: [{ kind: 'age' as const }] }),
  };
}

const soon = (afterS: number): string => new Date(Date.now() + afterS * 1_000).toISOString();

const peopleByRole = {
  owner: 'merchant',
  customer: 'customer',
  driver: 'driver',
  support: 'agent',
} as const;

/** Who may say it, or now and then somebody who may not. */
function speakerOf(path: Path, random: Random): Person {
  const { roles } = commandTable[path];
  const people = Object.entries(peopleByRole).flatMap(([role, person]) =>
    roles.some((each) => each === role) || random.chance(0.03) ? [person] : [],
  );
  return oneOf(random, people);
}

const command = (path: Path, dice: Dice): Saying => ({
  as: speakerOf(path, dice.random),
  path,
  body: bodies[path](dice),
});

const paths = Object.keys(commandTable) as readonly Path[];
const isDrivers = (path: Path): boolean =>
  commandTable[path].roles.some((role) => role === 'driver');

/** What a driver says before there is one is heard by nobody: seldom. */
export function anyCommand(dice: Dice): Saying {
  const { random, order } = dice;
  const hasDriver = order.driver_id !== null || random.chance(0.1);
  const likely = hasDriver ? paths : paths.filter((path) => !isDrivers(path));
  return command(oneOf(random, likely), dice);
}

/** Undefined: it waits for somebody else, or for time to pass. */
export function helpful(dice: Dice): Saying | undefined {
  const { order, random } = dice;
  if (order.payment_status === 'declined')
    return { as: 'customer', path: 'payment', body: random.chance(0.8) ? { token: goodCard } : {} };
  const path = nextFor(dice);
  if (path === 'decide') return supportActs(oneOf(random, remedies), dice);
  return path && { ...command(path, dice), as: helperOf(path) };
}

const remedies = ['redeliver', 'remake', 'transfer', 'mark-lost', 'mark-damaged'] as const;

const helperOf = (path: Path): Person => (isDrivers(path) ? 'driver' : 'merchant');

/** The plain step first and most; `decide`: it is for support to say. */
type Steps = readonly (Path | 'decide')[];
const toPickup: Steps = ['pick-up', 'pick-up', 'pick-up', 'arrive-at-pickup'];
const toDoor: Steps = ['deliver', 'deliver', 'deliver', 'arrive-at-dropoff', 'contact'];
const nextByDelivery: Readonly<Record<string, Steps>> = {
  confirmed: toPickup,
  enroute_to_pickup: toPickup,
  arrived_at_pickup: toPickup,
  picked_up: [...toDoor, 'problem'],
  enroute_to_dropoff: [...toDoor, 'problem'],
  arrived_at_dropoff: [...toDoor, 'fail-dropoff', 'contact'],
  delivery_unconfirmed: ['deliver'],
  enroute_to_return: ['arrive-at-return', 'complete-return'],
  arrived_at_return: ['complete-return'],
  problem: ['decide'],
};
const preparing: Steps = ['ready', 'ready', 'shortages', 'shortage-answer', 'delay'];
const nextByOrder: Readonly<Record<string, Steps>> = {
  pending: ['accept', 'accept', 'accept', 'acknowledge'],
  awaiting_prescription: ['approve-prescription'],
  accepted: preparing,
  preparing,
};

function nextFor({ order, random }: Dice): Path | 'decide' | undefined {
  const { order_status, delivery_status, payment_status, type } = order;
  if (payment_status === 'collected') return 'remittance';
  if (type !== 'delivery' && order_status === 'ready') return 'hand-over';
  const steps = nextByOrder[order_status] ?? nextByDelivery[delivery_status];
  return steps && oneOf(random, steps);
}

function paramOf(param: Param, { random, order, driverIds }: Dice): unknown {
  switch (param.kind) {
    case 'seconds':
      return upTo(random, 10);
    case 'time':
      return soon(upTo(random, 10));
    case 'driver':
      return oneOf(random, driverIds);
    case 'amount':
      return someOf(random, order.totals.payable_minor);
    case 'choice':
      return oneOf(random, param.of);
    case 'place':
      return random.chance(0.5) ? customerAt : branchAt;
    case 'address':
      return 'Canary Row 8';
  }
}

function supportActs(name: SupportActionName, dice: Dice): Saying {
  const { random } = dice;
  const takes = Object.entries(actionOf(name).takes ?? {});
  const given = takes.map(([key, param]) => [key, paramOf(param, dice)] as const);
  const body = { reason: oneOf(random, supportReasons), ...Object.fromEntries(given) };
  return { as: 'agent', path: `actions/${name}`, body };
}

export const anySupport = (dice: Dice): Saying =>
  supportActs(oneOf(dice.random, supportActionNames), dice);

/** Of all, of an amount, or of parts; often more than there is. */
export function anyRefund({ random, order }: Dice): Saying {
  const { total_minor: total } = order.totals;
  const what = oneOf(random, [
    {},
    { amount_minor: someOf(random, total) },
    { amount_minor: someOf(random, Math.ceil(total / 4)) },
    { items: [{ index: 0, quantity: upTo(random, 2) }] },
    { items: [{ index: 0, quantity: 1 }], tip: true },
    { delivery_fee: true },
    { tip: true },
    { later_tip: 1 },
  ]);
  const again = random.chance(0.3) ? { again: true } : {};
  const as = oneOf(random, ['merchant', 'agent'] as const);
  // A merchant may only take it upon themselves.
  const fault = as === 'merchant' && random.chance(0.9) ? 'merchant' : oneOf(random, refundFaults);
  const because = { reason: oneOf(random, refundReasons), fault };
  return { as, path: 'refunds', body: { ...because, ...what, ...again } };
}

export const anyTip = ({ random, order }: Dice): Saying => ({
  as: oneOf(random, ['customer', 'merchant']),
  path: 'tips',
  body: { amount_minor: upTo(random, order.totals.total_minor), token: oneOf(random, cards) },
});

export const anyCompensation = ({ random, order, driverIds }: Dice): Saying => ({
  as: 'agent',
  path: 'compensate',
  body: {
    reason: oneOf(random, supportReasons),
    amount_minor: upTo(random, order.totals.total_minor),
    ...oneOf(random, [{ to: 'merchant' }, { to: 'driver', driver_id: oneOf(random, driverIds) }]),
  },
});
