// What support may do to a running order: one table. Each row is a command of the order with what it takes; the API's
// routes, their documentation and their previews, the exceptions queue and bulk actions follow from it. A new command
// becomes available to support by one row here.

import { decide } from './decide.ts';
import { refused, type Decision } from './decision.ts';
import type { DriverId, NoteId } from './ids.ts';
import type { ExternalCommand } from './messages.ts';
import type { OrderState } from './order.ts';

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

/** As the driver who has the delivery would say it. */
const asDriver =
  (kind: 'pickUp' | 'deliver' | 'abandon') =>
  ({ state }: Ask): ExternalCommand | undefined => {
    const driverId: DriverId | undefined =
      'driverId' in state.delivery ? state.delivery.driverId : undefined;
    return driverId && { kind, driverId };
  };

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
  'release-driver': {
    says: 'Take the delivery from its driver and look for another one',
    command: asDriver('abandon'),
  },
  'stop-search': {
    says: 'Look for a driver no longer: the order fails, the platform bears it',
    bulk: true,
    command: ({ state }) => ({ kind: 'exhaustSearch', search: state.searches }),
  },
  'mark-picked-up': { says: 'The driver has the goods', command: asDriver('pickUp') },
  'mark-delivered': { says: 'The customer has the goods', command: asDriver('deliver') },
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
    const takes = Object.entries(actionOf(name).takes ?? {});
    const given = Object.fromEntries(takes.map(([key, { kind }]) => [key, examples[kind](now)]));
    return tryAction(name, { state, given, noted: {}, now }).decision.kind === 'events';
  });
