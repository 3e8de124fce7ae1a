// The catalogue of order events: past tense, one row each in the event log, a sequence per order without gaps.
// They carry ids, amounts, times and codes only, never a person's data.

import type { Etas } from './eta.ts';
import type { DriverId, NoteId, OfferId, ProofId } from './ids.ts';
import type { ProofKind } from './order.ts';
import type { DropoffFailure, EndReason, EndStatus, Problem, Shortage } from './parts.ts';
import type { Settlement } from './settlement.ts';

export type Actor =
  | { readonly kind: 'system' }
  | { readonly kind: 'customer' | 'merchant' | 'driver' | 'support'; readonly id: string };

/** What was shown at the hand-over. A PIN or an age check may leave nothing behind that could be stored. */
export type Proof = { readonly kind: ProofKind; readonly proofId?: ProofId };

type OrderEvents =
  | {
      readonly type: 'order.placed';
      readonly totalMinor: number;
      readonly currency: string;
      readonly itemCount: number;
    }
  | {
      readonly type: 'order.scheduled' | 'order.rescheduled';
      readonly promisedAt: number;
      readonly releaseAt: number;
    }
  | { readonly type: 'order.released' }
  | { readonly type: 'order.submitted' | 'order.resubmitted' }
  | { readonly type: 'order.acknowledged' }
  | { readonly type: 'order.reminded' | 'order.unacknowledged' | 'order.merchant_called' }
  | { readonly type: 'order.prescription_asked'; readonly prepMs?: number }
  | {
      readonly type: 'order.accepted';
      readonly readyEstimateAt: number;
      /** Only when preparing starts later. */
      readonly prepStartAt?: number;
      readonly automatic?: true;
    }
  | { readonly type: 'order.preparation_started' }
  | {
      readonly type: 'order.delayed';
      readonly readyEstimateAt: number;
      readonly previousAt: number;
      /** Taken back. */
      readonly undo?: true;
    }
  | { readonly type: 'order.preparation_asked' | 'order.preparation_escalated' }
  | { readonly type: 'order.reestimated'; readonly readyEstimateAt: number }
  | ({ readonly type: 'order.shortage_reported' } & Shortage)
  | {
      readonly type: 'order.shortage_resolved';
      readonly outcome: 'removed' | 'substituted';
      readonly goodsMinor: number;
    }
  | { readonly type: 'order.ready'; readonly assumed: boolean }
  | { readonly type: 'order.unready' }
  | { readonly type: 'order.collection_reminded' }
  | { readonly type: 'order.handed_over'; readonly proofs: readonly Proof[] }
  | { readonly type: 'order.remade'; readonly readyEstimateAt: number }
  | { readonly type: 'order.tip_changed'; readonly tipMinor: number }
  | { readonly type: 'order.notes_changed' }
  | {
      readonly type: 'order.address_changed';
      readonly travelMs: number;
      readonly dropoffEtaAt?: number;
    }
  | { readonly type: 'order.converted_to_pickup' }
  | { readonly type: 'order.held'; readonly until: number }
  | { readonly type: 'order.unheld' }
  | {
      readonly type: `order.${EndStatus}`;
      readonly endReason: EndReason;
      readonly code?: string;
      readonly outOfStock?: readonly number[];
    }
  | ({ readonly type: 'order.settled' } & Settlement)
  | { readonly type: 'order.completed' };

export type UnassignReason = 'abandoned' | 'late' | 'waited' | 'problem' | 'support' | 'converted';

type DeliveryEvents =
  | { readonly type: 'delivery.created'; readonly releaseAt: number }
  | { readonly type: 'delivery.released'; readonly search: number; readonly releaseAt?: number }
  /** No driver was found on any rung: support has it, while the search goes on. */
  | { readonly type: 'delivery.search_escalated' }
  | ({
      readonly type: 'delivery.assigned';
      readonly driverId: DriverId;
      readonly offerId: OfferId;
      /** As offered, beyond the delivery's pay; absent: none. */
      readonly bonusMinor?: number;
    } & Required<Etas>)
  /** The route has come to be later or earlier than was told, by more than the policy keeps to itself. */
  | ({ readonly type: 'delivery.eta_changed' } & Etas)
  | { readonly type: 'delivery.driver_pinged'; readonly driverId: DriverId }
  | {
      readonly type: 'delivery.unassigned';
      readonly driverId: DriverId;
      readonly offerId: OfferId;
      readonly reason: UnassignReason;
      /** For what was done already; paid whatever becomes of the order. */
      readonly payMinor: number;
      readonly search: number;
    }
  | {
      readonly type: 'delivery.arrived_at_pickup';
      readonly driverId: DriverId;
      readonly arrivedAt: number;
    }
  | { readonly type: 'delivery.merchant_warned' }
  | {
      readonly type: 'delivery.picked_up';
      readonly driverId: DriverId;
      readonly arrivedAt?: number;
      readonly dropoffEtaAt: number;
    }
  | {
      readonly type: 'delivery.arrived_at_dropoff';
      readonly driverId: DriverId;
      readonly arrivedAt: number;
    }
  | { readonly type: 'delivery.contact_attempted'; readonly channel: string }
  | { readonly type: 'delivery.unconfirmed'; readonly driverId: DriverId }
  | {
      readonly type: 'delivery.delivered';
      /** Absent: by a partner fleet. */
      readonly driverId?: DriverId;
      readonly arrivedAt?: number;
      /** When it happened, if a phone without network tells it later. */
      readonly happenedAt?: number;
      readonly proofs?: readonly Proof[];
      readonly leftAtDoor?: true;
    }
  | {
      readonly type: 'delivery.problem_reported';
      readonly driverId: DriverId;
      readonly problem: Problem;
    }
  | {
      readonly type: 'delivery.transferred';
      readonly driverId: DriverId;
      readonly offerId: OfferId;
      readonly fromDriverId: DriverId;
      readonly payMinor: number;
      readonly search: number;
      readonly dropoffEtaAt: number;
    }
  | { readonly type: 'delivery.redelivery_started'; readonly dropoffEtaAt: number }
  | {
      readonly type: 'delivery.return_started';
      readonly driverId: DriverId;
      readonly reason: DropoffFailure;
      readonly returnEtaAt: number;
    }
  | { readonly type: 'delivery.return_escalated' }
  | { readonly type: 'delivery.arrived_at_return' }
  | {
      readonly type: 'delivery.returned';
      /** Absent: by a partner fleet. */
      readonly driverId?: DriverId;
      readonly assumed: boolean;
    }
  | {
      readonly type: 'delivery.discarded';
      readonly driverId: DriverId;
      readonly reason: DropoffFailure;
    }
  | { readonly type: 'delivery.cancelled' }
  | PartnerEvents;

type PartnerStep = 'requested' | 'checking' | 'unchanged' | 'unconfirmed' | 'cancelling';
/** `attempt`: the n-th time that a partner fleet is asked. Prices in minor units, the tip included. */
type PartnerEvents = { readonly attempt: number } & (
  | {
      readonly [Step in PartnerStep]: { readonly type: `delivery.partner_${Step}` };
    }[PartnerStep]
  | {
      readonly type: 'delivery.partner_quoted';
      readonly quoteRef: string;
      readonly priceMinor: number;
    }
  | {
      readonly type: 'delivery.partner_declined';
      readonly code: string;
      readonly priceMinor?: number;
    }
  | {
      readonly type: 'delivery.partner_confirmed';
      readonly partnerRef: string;
      readonly priceMinor: number;
      readonly pickupEtaAt: number;
    }
  | {
      readonly type: 'delivery.partner_picked_up';
      readonly partnerRef: string;
      readonly dropoffEtaAt: number;
    }
  /** It charges another price than was booked; `asOf`: the order's sequence before it, which names the change. */
  | {
      readonly type: 'delivery.partner_repriced';
      readonly priceMinor: number;
      readonly bookedMinor: number;
      readonly asOf: number;
    }
  /** `priceMinor`: what the partner charges all the same; `bookedMinor`: what was booked before. */
  | {
      readonly type: 'delivery.partner_cancelled';
      readonly by: 'partner' | 'platform';
      readonly priceMinor: number;
      readonly bookedMinor: number;
    }
  | {
      readonly type: 'delivery.partner_cancel_failed';
      readonly code: string;
      readonly priceMinor: number;
      readonly bookedMinor: number;
    }
);

type PaymentEvents =
  | {
      readonly type: 'payment.authorizing';
      readonly attempt: number;
      readonly paymentMethod: string;
      readonly amountMinor: number;
    }
  | {
      readonly type: 'payment.requires_action';
      readonly attempt: number;
      readonly providerRef: string;
    }
  | {
      readonly type: 'payment.checking';
      readonly providerRef: string;
      /** The customer's time is up: asked once more before the order is given up. */
      readonly last?: true;
    }
  | {
      readonly type: 'payment.authorized';
      readonly attempt: number;
      readonly providerRef: string;
      readonly amountMinor: number;
      readonly captureBefore: number;
    }
  /** The hold would lapse: a new one is asked for first, then the old one let go. */
  | {
      readonly type: 'payment.renewing';
      readonly attempt: number;
      readonly paymentMethod: string;
      readonly amountMinor: number;
    }
  | {
      readonly type: 'payment.renewed';
      readonly attempt: number;
      readonly providerRef: string;
      readonly amountMinor: number;
      readonly captureBefore: number;
    }
  | {
      readonly type: 'payment.renewal_failed';
      readonly attempt: number;
      readonly code: string;
      /** It is not tried again: the order may outlive its hold. */
      readonly last?: true;
    }
  | {
      readonly type: 'payment.releasing';
      readonly attempt: number;
      readonly authorizeAttempt: number;
      readonly providerRef: string | undefined;
    }
  | { readonly type: 'payment.released'; readonly attempt: number }
  | { readonly type: 'payment.release_failed'; readonly attempt: number; readonly code: string }
  | { readonly type: 'payment.declined'; readonly attempt: number; readonly code: string }
  | {
      readonly type: 'payment.capturing';
      readonly attempt: number;
      readonly providerRef: string;
      readonly amountMinor: number;
    }
  | {
      readonly type: 'payment.captured';
      readonly attempt: number;
      readonly amountMinor: number;
      /** Only when it was taken before the end, without a hold. */
      readonly providerRef?: string;
      /** Of a split payment: so much of it out of the wallet. */
      readonly walletMinor?: number;
    }
  /** Taken before the end, and more than the settlement asks for: a refund of its own gives it back. */
  | {
      readonly type: 'payment.refund_due';
      readonly amountMinor: number;
      readonly providerRef: string;
    }
  | { readonly type: 'payment.capture_failed'; readonly attempt: number; readonly code: string }
  | {
      readonly type: 'payment.voiding';
      readonly attempt: number;
      readonly providerRef: string | undefined;
    }
  | { readonly type: 'payment.voided'; readonly attempt: number }
  | { readonly type: 'payment.written_off'; readonly amountMinor: number; readonly code: string }
  | { readonly type: 'payment.due'; readonly amountMinor: number }
  | {
      readonly type: 'payment.collected';
      readonly amountMinor: number;
      /** Absent: the merchant has it, over the counter. */
      readonly driverId?: DriverId;
    }
  | { readonly type: 'payment.remitted'; readonly amountMinor: number }
  | { readonly type: 'payment.short'; readonly amountMinor: number; readonly missingMinor: number }
  | { readonly type: 'payment.refused' }
  | { readonly type: 'payment.external' }
  | { readonly type: 'payment.paid_elsewhere'; readonly amountMinor: number };

type DeadlineEvents =
  | {
      readonly type: 'deadline.extended';
      readonly key: string;
      readonly until: number;
      /** By support, against its limit; absent: after an outage of the engine. */
      readonly byMs?: number;
    }
  | { readonly type: 'deadline.restored'; readonly key: string };

/** `noteId`: why, in a person's words, stored encrypted elsewhere. */
export type OrderEventBody = (OrderEvents | DeliveryEvents | PaymentEvents | DeadlineEvents) & {
  readonly noteId?: NoteId;
};

export type OrderEventType = OrderEventBody['type'];

/** An event as stored: its body, when it happened, who caused it, and by which command. */
export type OrderEvent = OrderEventBody & {
  readonly sequence: number;
  /** Epoch milliseconds. */
  readonly at: number;
  readonly actor: Actor;
  readonly commandId: string;
};
