// What can be said to an order. Constant name = wire name. Updates answer yes or no; signals are facts that nobody
// waits on; results and exits come from the workflow itself.

import type { Actor } from './events.ts';
import type { DriverId, NoteId, OfferId, OrderId } from './ids.ts';
import type { OrderFacts, SimpleStatus } from './order.ts';

export const denyCodes = [
  'store_closed',
  'pos_offline',
  'item_unavailable',
  'missing_info',
  'pricing',
  'capacity',
  'address',
  'special_instructions',
  'other',
] as const;
export type DenyCode = (typeof denyCodes)[number];

/** Sent as Updates by the API, each with the caller's idempotency key as update id. */
export type ExternalCommand =
  | {
      readonly kind: 'accept';
      /** From now until ready; policy's estimate when absent. */ readonly prepMs?: number;
    }
  | { readonly kind: 'deny'; readonly code: DenyCode; readonly noteId?: NoteId }
  | { readonly kind: 'markReady' }
  | {
      readonly kind: 'cancel';
      readonly by: 'customer' | 'merchant' | 'support';
      readonly noteId?: NoteId;
    }
  | { readonly kind: 'retryPayment'; readonly paymentMethod: string }
  | {
      readonly kind: 'assign';
      readonly offerId: OfferId;
      readonly driverId: DriverId;
      readonly pickupEtaAt: number;
    }
  | { readonly kind: 'exhaustSearch'; readonly search: number }
  | { readonly kind: 'pickUp'; readonly driverId: DriverId; readonly arrivedAt?: number }
  | { readonly kind: 'deliver'; readonly driverId: DriverId; readonly arrivedAt?: number }
  | { readonly kind: 'abandon'; readonly driverId: DriverId };

export type UpdateName = ExternalCommand['kind'];
export const updateNames = [
  'accept',
  'deny',
  'markReady',
  'cancel',
  'retryPayment',
  'assign',
  'exhaustSearch',
  'pickUp',
  'deliver',
  'abandon',
] as const satisfies readonly UpdateName[];
export const placeUpdate = 'place';

/** The provider says that something happened to this payment; the workflow asks the provider what. */
export type PaymentSettled = { readonly providerRef: string };
export const paymentSettledSignal = 'paymentSettled';
/** The event log may be ahead of the workflow (its worker died between commit and answer): read it. */
export const catchUpSignal = 'catchUp';
export const wakeSignal = 'wake';

/** Definitive answers of the payment provider, and its silence beyond every retry. */
export type PaymentResult =
  | {
      readonly kind: 'paymentAuthorized';
      readonly providerRef: string;
      readonly amountMinor: number;
      readonly captureBefore: number;
    }
  | { readonly kind: 'paymentRequiresAction'; readonly providerRef: string }
  | { readonly kind: 'paymentDeclined'; readonly code: string }
  | { readonly kind: 'paymentUnanswered' }
  /** The provider stored a failure under this key: nothing happened and nothing ever will. The next `n` may go. */
  | { readonly kind: 'paymentNotExecuted' }
  | { readonly kind: 'paymentCaptured'; readonly amountMinor: number }
  | {
      readonly kind: 'paymentCaptureFailed';
      readonly code: string;
      /** No retry can succeed. */ readonly final: boolean;
    }
  | { readonly kind: 'paymentVoided' }
  | { readonly kind: 'paymentVoidFailed'; readonly code: string };

/** With the key of the call that it answers: an answer to any other call than the one under way is ignored. */
export type PaymentAnswer = PaymentResult & { readonly key?: string };

export const exitKinds = [
  'abandonPayment',
  'remindMerchant',
  'expire',
  'assumeReady',
  'failSearch',
  'pingDriver',
  'unassignLate',
  'unconfirm',
  'giveUpProof',
  'retryCapture',
  'writeOff',
] as const;
/** The commands that the system issues by itself when a deadline has come. */
export type ExitKind = (typeof exitKinds)[number];

export type Command =
  | { readonly kind: 'place' }
  | ExternalCommand
  | PaymentAnswer
  | { readonly kind: 'checkPayment'; readonly providerRef: string }
  | { readonly kind: ExitKind }
  | { readonly kind: 'extendDeadline'; readonly key: string; readonly until: number };

/** An Update's argument: the command and on whose behalf. */
export type CommandEnvelope = {
  readonly command: ExternalCommand;
  readonly actor: Actor;
  /** Refuse with stale_sequence unless the order is still at it: what was previewed is what is done. */
  readonly ifSequence?: number;
};

/** An Update's answer: enough to know what the order is now; the read model holds the rest. */
export type CommandAnswer = { readonly status: SimpleStatus; readonly sequence: number };

export type OrderInput = { readonly facts: OrderFacts };
export type OrderResult = {
  readonly orderId: OrderId;
  readonly status: string;
  readonly delivery: string;
  readonly payment: string;
  readonly sequence: number;
};
