// For every command, exit and payment step of the lifecycle: how a real order gets there, and how it ends. The names
// come from domain/messages.ts; one without a scenario is a failed cell of the proof (test/e2e/crash.test.ts).

import { expect } from 'vitest';
import { exitKinds, updateNames, type ExitKind, type UpdateName } from '../../domain/messages.ts';
import type { PaymentCall } from '../../domain/payment.ts';
import type { Policy } from '../../domain/policy.ts';
import type { Shop } from './shop.ts';
import type { Stack } from './stack.ts';
import { carry, insist, paymentsOf, acceptOffer } from './truth.ts';

type Step = PaymentCall['step'];
export type Doing =
  | 'place'
  | UpdateName
  | ExitKind
  | `answer:${Step}`
  | 'settled'
  | 'extendDeadline';

const steps = Object.keys({
  authorize: true,
  check: true,
  capture: true,
  void: true,
} satisfies Record<Step, true>) as readonly Step[];

/** Everything that can be recorded for an order. */
export const doings: readonly Doing[] = [
  'place',
  ...updateNames,
  ...exitKinds,
  ...steps.map((step): Doing => `answer:${step}`),
  'settled',
  'extendDeadline',
];

type Play = { readonly stack: Stack; readonly shop: Shop };
export type Scenario = {
  /** What the record of this doing is tagged with (activities/record.ts). */
  readonly tag: string;
  /** Whether the API sends it. */
  readonly fromApi: boolean;
  readonly policy?: Partial<Policy>;
  /** Nobody takes orders there. */
  readonly noDriver?: boolean;
  /** Insists through the crash; resolves with the order once its end is certain. */
  readonly play: (on: Play) => Promise<string>;
  /** Order and payment. */
  readonly end: string;
};

/** As a client does that wants its order: the same key until it is answered with yes. */
async function place({ shop }: Play, card = 'pm_card_visa'): Promise<string> {
  const key = crypto.randomUUID();
  let id = '';
  const placed = async (): Promise<boolean> => {
    const reply = await shop
      .place({ payment: { method: 'card', token: card } }, key)
      .catch(() => undefined);
    if (reply?.status !== 201 && reply?.status !== 202) return false;
    ({ id } = reply.body);
    return true;
  };
  await expect.poll(placed, { timeout: 60_000, interval: 200 }).toBe(true);
  return id;
}

async function pending(on: Play, card?: string): Promise<string> {
  const id = await place(on, card);
  await on.shop.until(id, { order_status: 'pending' });
  return id;
}

const says = (shop: Shop, id: string, what: string, body: object = {}): Promise<void> =>
  insist(() => shop.merchantSays(id, what, body, `${what}-${id}`));
const drives = (shop: Shop, id: string, what: string): Promise<void> =>
  insist(() => shop.driverSays(id, what, `${what}-${id}`));

/** Until the log holds an event of this type. */
async function seen({ stack }: Play, id: string, type: string): Promise<void> {
  const types = async (): Promise<readonly string[]> => {
    const { db } = stack;
    const events = db.selectFrom('order_events').select('type').where('order_id', '=', id);
    return (await events.execute()).map((event) => event.type);
  };
  await expect.poll(types, { timeout: 60_000, interval: 100 }).toContain(type);
}

async function accepted(on: Play): Promise<string> {
  const id = await pending(on);
  await says(on.shop, id, 'accept', { prep_seconds: 1 });
  return id;
}
async function ready(on: Play): Promise<string> {
  const id = await accepted(on);
  await says(on.shop, id, 'ready');
  return id;
}
async function confirmed(on: Play): Promise<string> {
  const id = await ready(on);
  await acceptOffer(on.shop, id);
  return id;
}
async function delivered(on: Play): Promise<string> {
  const id = await ready(on);
  await carry(on.shop, id);
  return id;
}
async function pickedUp(on: Play): Promise<string> {
  const id = await confirmed(on);
  await drives(on.shop, id, 'pick-up');
  return id;
}
/** The rest of an order that is past its moment. */
async function finish(on: Play, id: string, what: 'deny' | 'cancel'): Promise<string> {
  await says(on.shop, id, what, what === 'deny' ? { code: 'capacity' } : {});
  return id;
}
async function authenticated(on: Play): Promise<string> {
  const id = await place(on, 'pm_card_threeDSecure2Required');
  await on.shop.until(id, { order_status: 'payment_pending', payment_status: 'requires_action' });
  const [payment] = await paymentsOf(on.stack, id);
  on.stack.stripe.control.authenticate(String(payment?.id), 'succeed');
  await on.shop.until(id, { order_status: 'pending' });
  return finish(on, id, 'deny');
}
async function declines(on: Play, times: number): Promise<string> {
  const id = await ready(on);
  on.stack.stripe.control.addFault({
    kind: 'declined',
    times,
    match: { path: '/capture', orderId: id },
  });
  await carry(on.shop, id);
  return id;
}

const insufficient = 'pm_card_visa_chargeDeclinedInsufficientFunds';
const near = { metersPerMinute: 1_000_000, pickupServiceMs: 1, dropoffServiceMs: 1 };
const noDriver = true;
const later = 60_000;
const denied = 'denied voided';
const cancelled = 'cancelled voided';
const completed = 'completed captured';
const failed = 'failed voided';

const byCommand: Partial<Record<Doing, Omit<Scenario, 'fromApi'>>> = {
  place: {
    tag: 'order.placed',
    end: denied,
    play: async (on) => finish(on, await pending(on), 'deny'),
  },
  accept: {
    tag: 'order.accepted',
    end: cancelled,
    play: async (on) => finish(on, await accepted(on), 'cancel'),
  },
  deny: {
    tag: 'order.denied',
    end: denied,
    play: async (on) => finish(on, await pending(on), 'deny'),
  },
  markReady: {
    tag: 'order.ready',
    end: cancelled,
    noDriver,
    play: async (on) => finish(on, await ready(on), 'cancel'),
  },
  cancel: {
    tag: 'order.cancelled',
    end: cancelled,
    play: async (on) => finish(on, await pending(on), 'cancel'),
  },
  retryPayment: {
    tag: 'payment.authorizing:2',
    end: denied,
    play: async (on) => {
      const id = await place(on, insufficient);
      await seen(on, id, 'payment.declined');
      await says(on.shop, id, 'payment', { token: 'pm_card_visa' });
      await on.shop.until(id, { order_status: 'pending' });
      return finish(on, id, 'deny');
    },
  },
  assign: { tag: 'delivery.assigned', end: completed, play: delivered },
  pickUp: { tag: 'delivery.picked_up', end: completed, play: delivered },
  deliver: { tag: 'delivery.delivered', end: completed, play: delivered },
  abandon: {
    tag: 'delivery.unassigned',
    end: cancelled,
    play: async (on) => {
      const id = await confirmed(on);
      await drives(on.shop, id, 'abandon');
      return finish(on, id, 'cancel');
    },
  },
  exhaustSearch: {
    tag: 'order.failed',
    end: failed,
    noDriver,
    policy: { rungs: [{ radiusM: 10, durationMs: 1_000 }] },
    play: ready,
  },
};

const byExit: Partial<Record<Doing, Omit<Scenario, 'fromApi' | 'tag'>>> = {
  abandonPayment: {
    end: 'cancelled declined',
    policy: { paymentActionTimeoutMs: 6_000 },
    play: (on) => place(on, insufficient),
  },
  remindMerchant: {
    end: denied,
    policy: { remindMerchantMs: 2_000 },
    play: async (on) => {
      const id = await pending(on);
      await seen(on, id, 'order.reminded');
      return finish(on, id, 'deny');
    },
  },
  expire: {
    end: 'expired voided',
    policy: { remindMerchantMs: 1_000, expireMs: 3_000 },
    play: pending,
  },
  assumeReady: {
    end: cancelled,
    noDriver,
    policy: { prepGraceMs: 1_000 },
    play: async (on) => {
      const id = await accepted(on);
      await seen(on, id, 'order.ready');
      return finish(on, id, 'cancel');
    },
  },
  failSearch: { end: failed, noDriver, policy: { searchLimitMs: 3_000 }, play: ready },
  pingDriver: {
    end: completed,
    policy: { ...near, pickupLateGraceMs: 1_000, pingGraceMs: later },
    play: async (on) => {
      const id = await confirmed(on);
      await seen(on, id, 'delivery.driver_pinged');
      await drives(on.shop, id, 'pick-up');
      await drives(on.shop, id, 'deliver');
      return id;
    },
  },
  unassignLate: {
    end: cancelled,
    policy: { ...near, pickupLateGraceMs: 500, pingGraceMs: 1_500 },
    play: async (on) => {
      const id = await confirmed(on);
      await seen(on, id, 'delivery.unassigned');
      return finish(on, id, 'cancel');
    },
  },
  unconfirm: {
    end: completed,
    policy: { ...near, dropoffLateGraceMs: 500, pingGraceMs: 1_500, pickupLateGraceMs: later },
    play: async (on) => {
      const id = await pickedUp(on);
      await seen(on, id, 'delivery.unconfirmed');
      await drives(on.shop, id, 'deliver');
      return id;
    },
  },
  giveUpProof: {
    end: failed,
    policy: {
      ...near,
      dropoffLateGraceMs: 500,
      pingGraceMs: 500,
      lateProofWindowMs: 3_000,
      pickupLateGraceMs: later,
    },
    play: pickedUp,
  },
  retryCapture: {
    end: completed,
    policy: { moneyRetryMs: 1_500 },
    play: (on) => declines(on, 1),
  },
  writeOff: {
    end: 'completed written_off',
    policy: { moneyRetryMs: 2 * later, moneyLimitMs: 8_000 },
    play: (on) => declines(on, 1_000),
  },
};

const byAnswer: Partial<Record<Doing, Omit<Scenario, 'fromApi' | 'tag'>>> = {
  'answer:authorize': { end: denied, play: async (on) => finish(on, await pending(on), 'deny') },
  'answer:check': { end: denied, play: authenticated },
  'answer:capture': { end: completed, play: delivered },
  'answer:void': { end: denied, play: async (on) => finish(on, await pending(on), 'deny') },
};

/** Undefined: the proof does not cover it yet. */
export function scenarioOf(doing: Doing): Scenario | undefined {
  if (doing === 'settled')
    return { tag: 'payment.checking', fromApi: false, end: denied, play: authenticated };
  if (doing === 'extendDeadline')
    return {
      tag: 'deadline.extended',
      fromApi: false,
      end: 'expired voided',
      // Late by a moment is late: it is put off once, then it expires.
      policy: { remindMerchantMs: 1_000, expireMs: 2_000, overdueGraceMs: 1 },
      play: pending,
    };
  const command = byCommand[doing];
  if (command !== undefined) return { ...command, fromApi: doing !== 'exhaustSearch' };
  const exit = byExit[doing];
  if (exit !== undefined) return { ...exit, tag: `exit:${doing}`, fromApi: false };
  const answer = byAnswer[doing];
  return answer && { ...answer, tag: doing, fromApi: false };
}

/** The step of a payment's answer; undefined for everything else. */
export const stepOf = (doing: Doing): Step | undefined =>
  steps.find((step) => doing === `answer:${step}`);
