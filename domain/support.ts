// What support may do to a running order: one table. Each row is a command of the order with what it takes; the API's
// routes, their documentation and their previews, the exceptions queue and bulk actions follow from it. A new command
// becomes available to support by one row here.

import { decide } from './decide.ts';
import { refused, type Decision } from './decision.ts';
import type { NoteId } from './ids.ts';
import type { ExternalCommand } from './messages.ts';
import { deadlinesOf } from './lifecycle.ts';
import { amountsOf, type OrderState } from './order.ts';

/** Why a person stepped in. What more there is to say is a note, stored encrypted. */
export const supportReasons = [
  'merchant_silent',
  'merchant_request',
  'customer_request',
  'customer_absent',
  'driver_unreachable',
  'driver_request',
  'wrong_address',
  'goods_lost_or_damaged',
  'payment_problem',
  'platform_fault',
  'workflow_broken',
  'fraud',
  'other',
] as const;

export type Param = {
  /** `seconds`: a whole number; `time`: epoch ms here, RFC 3339 outside; `amount`: minor units. */
  readonly kind: 'seconds' | 'time' | 'driver' | 'amount';
  readonly optional?: true;
  readonly says: string;
};
export type Given = Readonly<Record<string, string | number | undefined>>;

type Ask = {
  readonly state: OrderState;
  readonly given: Given;
  readonly noted: { readonly noteId?: NoteId };
};
export type SupportAction = {
  readonly says: string;
  readonly takes?: Readonly<Record<string, Param>>;
  /** May be done to many orders at once. */
  readonly bulk?: true;
  /** Undefined: it is about a driver, and nobody has the delivery. */
  readonly command: (ask: Ask) => ExternalCommand | undefined;
};

const seconds = (value: string | number | undefined) =>
  typeof value === 'number' ? { prepMs: value * 1_000 } : {};

export const supportActions = {
  accept: {
    says: 'Accept for the merchant, who said so by another way',
    takes: { prep_seconds: { kind: 'seconds', optional: true, says: 'until the goods are ready' } },
    command: ({ given }) => ({ kind: 'accept', ...seconds(given['prep_seconds']) }),
  },
  ready: { says: 'The goods are ready', command: () => ({ kind: 'markReady' }) },
  cancel: {
    says: 'Cancel the order; possible until a driver has the goods',
    bulk: true,
    command: ({ noted }) => ({ kind: 'cancel', by: 'support', ...noted }),
  },
  'resend-to-merchant': {
    says: 'Ask the merchant once more; the time to answer begins anew',
    command: () => ({ kind: 'resendToMerchant' }),
  },
  hold: {
    says: 'Let no deadline of order and delivery pass until a time',
    takes: { until: { kind: 'time', says: 'when they run on' } },
    command: ({ given }) => ({ kind: 'hold', until: Number(given['until']) }),
  },
  extend: {
    says: 'Put the next deadline off',
    takes: { seconds: { kind: 'seconds', says: 'by how long' } },
    command: ({ state, given }) => ({
      kind: 'extendDeadline',
      key: deadlinesOf(state)[0]?.key ?? '',
      byMs: Number(given['seconds']) * 1_000,
    }),
  },
  'undo-last': {
    says: 'Take back what was said last, if it can be and is not older than a minute',
    command: () => ({ kind: 'undoLast' }),
  },
  'convert-to-pickup': {
    says: 'The customer comes for it; no fee for the delivery',
    command: () => ({ kind: 'convertToPickup' }),
  },
  'release-driver': {
    says: 'Take the delivery from its driver and look for another one',
    command: () => ({ kind: 'unassignDriver' }),
  },
  'stop-search': {
    says: 'Look for a driver no longer: the order fails, the platform bears it',
    bulk: true,
    command: ({ state }) => ({ kind: 'exhaustSearch', search: state.searches, byHand: true }),
  },
  'mark-picked-up': {
    says: 'The driver has the goods',
    command: ({ state: { delivery } }) =>
      'driverId' in delivery ? { kind: 'pickUp', driverId: delivery.driverId } : undefined,
  },
  'mark-delivered': {
    says: 'The customer has the goods',
    takes: {
      collected_minor: { kind: 'amount', optional: true, says: 'cash that the driver got' },
    },
    command: ({ state, given }) => ({
      kind: 'forceDeliver',
      collectedMinor: Number(given['collected_minor'] ?? amountsOf(state).totalMinor),
    }),
  },
  redeliver: {
    says: 'The same driver tries once more to bring it',
    command: () => ({ kind: 'redeliver' }),
  },
  remake: {
    says: 'The goods are made once more and another driver brings them',
    command: () => ({ kind: 'remake' }),
  },
  'mark-failed': {
    says: 'The goods will not arrive: the order fails',
    command: ({ state }) => ({
      kind: 'forceFail',
      endReason: state.goodsOut ? 'failed_to_deliver' : 'failed_to_assign',
    }),
  },
  'mark-lost': {
    says: 'The goods are lost: the order fails',
    command: () => ({ kind: 'forceFail', endReason: 'lost' }),
  },
  'mark-damaged': {
    says: 'The goods are damaged: the order fails',
    command: () => ({ kind: 'forceFail', endReason: 'damaged' }),
  },
} as const satisfies Readonly<Record<string, SupportAction>>;

export type SupportActionName = keyof typeof supportActions;
export const supportActionNames = Object.keys(supportActions) as readonly SupportActionName[];
export const actionOf = (name: SupportActionName): SupportAction => supportActions[name];
export const isActionName = (name: string): name is SupportActionName =>
  Object.hasOwn(supportActions, name);
export const bulkActionNames = supportActionNames.filter((name) => actionOf(name).bulk === true);

export type Acting = { readonly command: ExternalCommand | undefined; readonly decision: Decision };

/** What the order would say to it. Pure; refuses with no_driver, no_effect or as the command does. */
export function tryAction(name: SupportActionName, ask: Ask & { readonly now: number }): Acting {
  const command = actionOf(name).command(ask);
  if (!command) return { command, decision: refused('no_driver', 'nobody has taken the delivery') };
  const decision = decide(ask.state, command, ask.now);
  const isIdle = decision.kind === 'events' && decision.events.length === 0;
  return {
    command,
    decision: isIdle ? refused('no_effect', 'the order is past it, or not there yet') : decision,
  };
}

const examples: Readonly<Record<Param['kind'], (now: number) => string | number>> = {
  seconds: () => 600,
  time: (now) => now + 600_000,
  driver: () => `drv_${'0'.repeat(32)}`,
  amount: () => 1,
};

/** What support may do at this moment. */
export const possibleActions = (state: OrderState, now: number): readonly SupportActionName[] =>
  supportActionNames.filter((name) => {
    const takes = Object.entries(actionOf(name).takes ?? {}).filter(
      ([, { optional }]) => !optional,
    );
    const given = Object.fromEntries(takes.map(([key, { kind }]) => [key, examples[kind](now)]));
    return tryAction(name, { state, given, noted: {}, now }).decision.kind === 'events';
  });
