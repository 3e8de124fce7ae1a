// What can be said to an order. Constant name = wire name. Updates answer yes or no; signals are facts that nobody
// waits on; results and exits come from the workflow itself.

import type { Actor, Proof } from './events.ts';
import type { Etas } from './eta.ts';
import type { DriverId, NoteId, OfferId, OrderId } from './ids.ts';
import type { OrderFacts, SimpleStatus, Substitution } from './order.ts';
import type { DropoffFailure, PartnerProgress, Problem, Shortage } from './parts.ts';
import type { Shares } from './settlement.ts';

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

type Noted = { readonly noteId?: NoteId };
type ByDriver = { readonly driverId: DriverId };
type Arrival = ByDriver & { readonly arrivedAt?: number };
/** Cash and proofs of a hand-over. */
type HandOver = { readonly proofs?: readonly Proof[]; readonly collectedMinor?: number };

type MerchantCommand =
  | { readonly kind: 'acknowledge' }
  | {
      readonly kind: 'accept';
      /** From now until ready; policy's estimate when absent. */ readonly prepMs?: number;
    }
  | ({
      readonly kind: 'deny';
      readonly code: DenyCode;
      /** Positions of items that are not there. */
      readonly outOfStock?: readonly number[];
    } & Noted)
  | ({ readonly kind: 'delayPrep'; readonly readyInMs: number } & Noted)
  | { readonly kind: 'markReady' }
  | ({ readonly kind: 'handOver' } & HandOver)
  | ({ readonly kind: 'reportShortage' } & Shortage & Noted)
  | ({ readonly kind: 'approvePrescription' | 'rejectPrescription' } & Noted)
  | { readonly kind: 'remitCash'; readonly amountMinor: number };

type CustomerCommand =
  | ({ readonly kind: 'cancel'; readonly by: 'customer' | 'merchant' | 'support' } & Noted)
  | { readonly kind: 'answerShortage'; readonly answer: Substitution }
  | { readonly kind: 'changeTip'; readonly tipMinor: number }
  | ({ readonly kind: 'changeDropoffNotes' } & Noted)
  /** Without a payment method the order's own is asked again. */
  | { readonly kind: 'retryPayment'; readonly paymentMethod?: string }
  | { readonly kind: 'reschedule'; readonly promisedAt: number };

type DriverCommand =
  | ({ readonly kind: 'arriveAtPickup' | 'pickUp' | 'arriveAtDropoff' } & Arrival)
  | ({ readonly kind: 'failPickup'; readonly code: PickupFailure } & ByDriver & Noted)
  | ({ readonly kind: 'recordContact'; readonly channel: ContactChannel } & ByDriver)
  | ({
      readonly kind: 'deliver';
      /** When it happened, if the phone had no network then. */
      readonly happenedAt?: number;
    } & Arrival &
      HandOver)
  | ({
      readonly kind: 'failDropoff';
      readonly reason: DropoffFailure;
      readonly proofs?: readonly Proof[];
    } & ByDriver &
      Noted)
  | ({ readonly kind: 'arriveAtReturn' } & ByDriver)
  /** By the driver, or by the merchant who has the goods again. */
  | { readonly kind: 'completeReturn'; readonly driverId?: DriverId }
  | ({ readonly kind: 'abandon' } & ByDriver)
  | ({ readonly kind: 'reportProblem'; readonly problem: Problem } & ByDriver & Noted);

/** Without a word about the way behind the pickup it is taken as direct. */
type Assignment = ByDriver & {
  readonly offerId: OfferId;
  readonly pickupEtaAt: number;
} & Partial<Etas>;

type SystemCommand =
  | ({
      readonly kind: 'assign';
      /** Offered beyond the delivery's pay; absent: none. */
      readonly bonusMinor?: number;
    } & Assignment)
  | ({ readonly kind: 'changeEta' } & Etas)
  | {
      readonly kind: 'exhaustSearch';
      readonly search: number;
      /** By support. */ readonly byHand?: true;
    };

type SupportCommand =
  | { readonly kind: 'hold'; readonly until: number }
  /** `key`: of the deadline, as `deadlines[]` shows it. */
  | { readonly kind: 'extendDeadline'; readonly key: string; readonly byMs: number }
  /** `offerId`: a new one, which no dispatcher made. */
  | ({ readonly kind: 'assignDriver' } & Assignment)
  | { readonly kind: 'unassignDriver' }
  | { readonly kind: 'forceReady' }
  | ({ readonly kind: 'forceDeliver' } & HandOver)
  | { readonly kind: 'forceFail'; readonly endReason: ForcedFailure }
  | ({ readonly kind: 'transferDelivery'; readonly offerId: OfferId } & ByDriver)
  /** Nobody takes the goods at the door: their driver brings them back. */
  | { readonly kind: 'bringBack'; readonly reason: DropoffFailure }
  | { readonly kind: 'remake' | 'redeliver' | 'convertToPickup' | 'resendToMerchant' | 'undoLast' }
  /** `travelMs`: from the branch to the new place. */
  | { readonly kind: 'changeAddress'; readonly travelMs: number }
  | { readonly kind: 'cancelWithOutcome'; readonly shares: Shares };

export const pickupFailures = ['closed', 'not_found', 'goods_missing', 'refused'] as const;
export type PickupFailure = (typeof pickupFailures)[number];
export const contactChannels = ['call', 'message', 'door'] as const;
export type ContactChannel = (typeof contactChannels)[number];
export const forcedFailures = ['failed_to_assign', 'failed_to_deliver', 'lost', 'damaged'] as const;
export type ForcedFailure = (typeof forcedFailures)[number];

/** Sent as Updates by the API, each with the caller's idempotency key as update id. */
export type ExternalCommand =
  | MerchantCommand
  | CustomerCommand
  | DriverCommand
  | SystemCommand
  | (SupportCommand & Noted);

export type UpdateName = ExternalCommand['kind'];
const names: Readonly<Record<UpdateName, true>> = {
  acknowledge: true,
  accept: true,
  deny: true,
  delayPrep: true,
  markReady: true,
  handOver: true,
  reportShortage: true,
  approvePrescription: true,
  rejectPrescription: true,
  remitCash: true,
  cancel: true,
  answerShortage: true,
  changeTip: true,
  changeDropoffNotes: true,
  retryPayment: true,
  reschedule: true,
  arriveAtPickup: true,
  failPickup: true,
  pickUp: true,
  arriveAtDropoff: true,
  recordContact: true,
  deliver: true,
  failDropoff: true,
  arriveAtReturn: true,
  completeReturn: true,
  abandon: true,
  reportProblem: true,
  assign: true,
  changeEta: true,
  exhaustSearch: true,
  hold: true,
  extendDeadline: true,
  assignDriver: true,
  unassignDriver: true,
  forceReady: true,
  forceDeliver: true,
  forceFail: true,
  transferDelivery: true,
  remake: true,
  redeliver: true,
  bringBack: true,
  convertToPickup: true,
  resendToMerchant: true,
  undoLast: true,
  changeAddress: true,
  cancelWithOutcome: true,
};
export const updateNames = Object.keys(names) as readonly UpdateName[];
export const placeUpdate = 'place';

/** The provider says that something happened to this payment; the workflow asks the provider what. */
export type PaymentSettled = { readonly providerRef: string };
/** For support, in the Temporal UI or on the command line: the read model's row, and what the order waits for. */
export const orderViewQuery = 'orderView';
export const deadlinesViewQuery = 'deadlinesView';
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
  | {
      readonly kind: 'paymentCaptured';
      readonly amountMinor: number;
      /** Where the provider takes money at once, without a hold. */
      readonly providerRef?: string | undefined;
      /** Of a split payment: so much of it out of the wallet. */
      readonly walletMinor?: number | undefined;
    }
  | {
      readonly kind: 'paymentCaptureFailed';
      readonly code: string;
      /** No retry can succeed. */ readonly final: boolean;
    }
  | { readonly kind: 'paymentVoided' }
  | { readonly kind: 'paymentVoidFailed'; readonly code: string };

/** With the key of the call that it answers: an answer to any other call than the one under way is ignored. */
export type PaymentAnswer = PaymentResult & { readonly key?: string };

/** Definitive answers of a partner fleet, and its silence beyond every retry. Prices include the tip but a quote's. */
export type PartnerResult =
  | {
      readonly kind: 'partnerQuoted';
      readonly quoteRef: string;
      readonly priceMinor: number;
    }
  | { readonly kind: 'partnerRefused'; readonly code: string }
  /** `isAhead`: it has moved on already, because the first answer was lost. */
  | ({ readonly kind: 'partnerConfirmed'; readonly isAhead?: true } & PartnerTruth)
  | ({ readonly kind: 'partnerSeen'; readonly progress: PartnerProgress } & PartnerTruth)
  | { readonly kind: 'partnerCancelled'; readonly chargedMinor: number }
  | ({
      readonly kind: 'partnerTooLate';
      readonly progress: 'picked_up' | 'delivered' | 'returned';
    } & PartnerTruth)
  | { readonly kind: 'partnerUnanswered' };

export type PartnerTruth = {
  readonly partnerRef: string;
  readonly priceMinor: number;
  readonly pickupEtaAt: number;
  readonly dropoffEtaAt: number;
  /** It comes back because nobody was there or wanted it. */
  readonly customerFault: boolean;
};
/** With the key of the call that it answers. */
export type PartnerAnswer = PartnerResult & { readonly key?: string };

/** A partner fleet says that something happened to this delivery; the workflow asks it what. */
export type PartnerDeliveryChanged = { readonly partnerRef: string };
export const partnerDeliveryChangedSignal = 'partnerDeliveryChanged';

export const exitKinds = [
  'abandonPayment',
  'releaseScheduled',
  'remindMerchant',
  'alertBranch',
  'callMerchant',
  'expire',
  'expirePrescription',
  'startPreparing',
  'askPreparation',
  'reestimate',
  'escalatePreparation',
  'assumeReady',
  'settleShortage',
  'remindCollection',
  'giveUpCollection',
  'askPartner',
  'escalateSearch',
  'failSearch',
  'pollPartner',
  'dropPartner',
  'unconfirmPartner',
  'giveUpPartner',
  'pingDriver',
  'unassignLate',
  'warnMerchant',
  'releaseDriver',
  'unconfirm',
  'giveUpDropoff',
  'giveUpProof',
  'resolveProblem',
  'escalateReturn',
  'assumeReturned',
  'renewHold',
  'retryCapture',
  'writeOff',
  'fallShort',
] as const;
/** The commands that the system issues by itself when a deadline has come. */
export type ExitKind = (typeof exitKinds)[number];

export type Command =
  | { readonly kind: 'place' }
  | ExternalCommand
  | PaymentAnswer
  | { readonly kind: 'checkPayment'; readonly providerRef: string }
  | PartnerAnswer
  | ({ readonly kind: 'checkPartner' } & PartnerDeliveryChanged)
  | { readonly kind: ExitKind }
  /** After an outage of the engine, before an exit that cannot be taken back. */
  | { readonly kind: 'putOff'; readonly key: string; readonly until: number };

/** An Update's argument: the command and on whose behalf. */
export type CommandEnvelope = {
  readonly command: ExternalCommand;
  readonly actor: Actor;
  /** Refuse with stale_sequence unless the order is still at it: what was previewed is what is done. */
  readonly ifSequence?: number;
};

/** An Update's answer: enough to know what the order is now; the read model holds the rest. */
export type CommandAnswer = { readonly status: SimpleStatus; readonly sequence: number };

/** `resume`: the order goes on in a new run (a scheduled one, at its release); its event log tells the rest. */
export type OrderInput = {
  readonly facts: OrderFacts;
  readonly resume?: true;
};
export type OrderResult = {
  readonly orderId: OrderId;
  readonly status: string;
  readonly delivery: string;
  readonly payment: string;
  readonly sequence: number;
};
