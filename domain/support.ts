// What support may do to a running order: one table. Each row is a command of the order with what it takes; the API's
// routes, their documentation and their previews, the exceptions queue and bulk actions follow from it. A new command
// becomes available to support by one row here.

import { decide } from './decide.ts';
import { refused, type Decision } from './decision.ts';
import type { DriverId, NoteId, OfferId } from './ids.ts';
import type { ExternalCommand } from './messages.ts';
import { deadlinesOf } from './lifecycle.ts';
import { dueMinorOf, type OrderState } from './order.ts';
import { dropoffFailures, type DropoffFailure } from './parts.ts';
import { shareWords, type Shares } from './settlement.ts';

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

/**
 * `seconds`: a whole number; `time`: epoch ms here, RFC 3339 outside; `amount`: minor units. `place` and `address` are
 * personal: they stay outside, and what follows from them is given instead.
 */
export type Param = { readonly optional?: true; readonly says: string } & (
  | { readonly kind: 'seconds' | 'time' | 'driver' | 'amount' | 'place' | 'address' }
  | { readonly kind: 'choice'; readonly of: readonly string[] }
);
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

/** `offer_id` and `pickup_eta_at` are no words of the agent. */
const driverIn = (given: Given) => ({
  driverId: String(given['driver_id']) as DriverId,
  offerId: String(given['offer_id']) as OfferId,
});

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
  'bring-back': {
    says: 'The driver brings the goods back to the branch',
    takes: {
      because: { kind: 'choice', of: dropoffFailures, says: 'what was wrong at the door' },
    },
    command: ({ given }) => ({
      kind: 'bringBack',
      reason: given['because'] as DropoffFailure,
    }),
  },
  'convert-to-pickup': {
    says: 'The customer comes for it; no fee for the delivery',
    command: () => ({ kind: 'convertToPickup' }),
  },
  'change-address': {
    says: 'Bring it to another place',
    takes: {
      location: { kind: 'place', says: 'where the new door is' },
      address: { kind: 'address', says: 'the new address, in words' },
    },
    command: ({ given }) => ({ kind: 'changeAddress', travelMs: Number(given['travel_ms'] ?? 0) }),
  },
  'assign-driver': {
    says: 'Give the delivery to a driver who has agreed, without an offer',
    takes: { driver_id: { kind: 'driver', says: 'of the order’s market' } },
    command: ({ given }) => ({
      kind: 'assignDriver',
      ...driverIn(given),
      pickupEtaAt: Number(given['pickup_eta_at'] ?? 0),
    }),
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
    command: ({ state, given }) => {
      const collectedMinor = Number(given['collected_minor'] ?? dueMinorOf(state));
      if (state.fulfilment === 'delivery') return { kind: 'forceDeliver', collectedMinor };
      const proofs = state.facts.proofs.map((kind) => ({ kind }));
      return { kind: 'handOver', collectedMinor, proofs };
    },
  },
  transfer: {
    says: 'Another driver takes the goods over; who had them is paid',
    takes: { driver_id: { kind: 'driver', says: 'who has them now; of the order’s market' } },
    command: ({ given }) => ({ kind: 'transferDelivery', ...driverIn(given) }),
  },
  redeliver: {
    says: 'The same driver tries once more to bring it',
    command: () => ({ kind: 'redeliver' }),
  },
  remake: {
    says: 'The goods are made once more and another driver brings them',
    command: () => ({ kind: 'remake' }),
  },
  'cancel-with-outcome': {
    says: 'End the order wherever it is, and say who pays and who gets what',
    takes: {
      customer_pays: { kind: 'choice', of: shareWords.customer, says: 'what the customer pays' },
      merchant_gets: { kind: 'choice', of: shareWords.merchant, says: 'what the merchant gets' },
      driver_gets: { kind: 'choice', of: shareWords.driver, says: 'what the driver gets, if any' },
    },
    command: ({ given }) => ({
      kind: 'cancelWithOutcome',
      shares: [
        given['customer_pays'] as Shares[0],
        given['merchant_gets'] as Shares[1],
        given['driver_gets'] as Shares[2],
      ],
    }),
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

function exampleOf(param: Param, now: number): string | number | undefined {
  switch (param.kind) {
    case 'seconds':
      return 600;
    case 'time':
      return now + 600_000;
    case 'driver':
      return `drv_${'0'.repeat(32)}`;
    case 'amount':
      return 1;
    case 'choice':
      return param.of[0];
    case 'place':
    case 'address':
      return undefined;
  }
}

/** What an action needs, at its simplest. */
export function exampleGiven(name: SupportActionName, now: number): Given {
  const takes = Object.entries(actionOf(name).takes ?? {}).filter(([, { optional }]) => !optional);
  return Object.fromEntries(takes.map(([key, param]) => [key, exampleOf(param, now)]));
}

/** What support may do at this moment. */
export const possibleActions = (state: OrderState, now: number): readonly SupportActionName[] =>
  supportActionNames.filter((name) => {
    const ask = { state, given: exampleGiven(name, now), noted: {}, now };
    return tryAction(name, ask).decision.kind === 'events';
  });
