// The catalogue of order events: past tense, one row each in the event log, a sequence per order without gaps.
// They carry ids, amounts, times and codes only, never a person's data.

import type { DriverId, NoteId, OfferId } from './ids.ts';
import type { EndReason, EndStatus } from './order.ts';
import type { Settlement } from './settlement.ts';

export type Actor =
  | { readonly kind: 'system' }
  | { readonly kind: 'customer' | 'merchant' | 'driver' | 'support'; readonly id: string };

export type OrderEventBody =
  | {
      readonly type: 'order.placed';
      readonly totalMinor: number;
      readonly currency: string;
      readonly itemCount: number;
    }
  | { readonly type: 'order.submitted' }
  | { readonly type: 'order.reminded' }
  | { readonly type: 'order.accepted'; readonly readyEstimateAt: number }
  | { readonly type: 'order.ready'; readonly assumed: boolean }
  | {
      readonly type: `order.${EndStatus}`;
      readonly endReason: EndReason;
      readonly code?: string;
      readonly noteId?: NoteId;
    }
  | ({ readonly type: 'order.settled' } & Settlement)
  | { readonly type: 'order.completed' }
  | { readonly type: 'delivery.created'; readonly releaseAt: number }
  | { readonly type: 'delivery.released'; readonly search: number }
  | {
      readonly type: 'delivery.assigned';
      readonly driverId: DriverId;
      readonly offerId: OfferId;
      readonly pickupEtaAt: number;
    }
  | { readonly type: 'delivery.driver_pinged'; readonly driverId: DriverId }
  | {
      readonly type: 'delivery.unassigned';
      readonly driverId: DriverId;
      readonly offerId: OfferId;
      readonly reason: 'abandoned' | 'late';
    }
  | {
      readonly type: 'delivery.picked_up';
      readonly driverId: DriverId;
      readonly arrivedAt?: number;
      readonly dropoffEtaAt: number;
    }
  | { readonly type: 'delivery.unconfirmed'; readonly driverId: DriverId }
  | {
      readonly type: 'delivery.delivered';
      readonly driverId: DriverId;
      readonly arrivedAt?: number;
    }
  | { readonly type: 'delivery.cancelled' }
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
  | { readonly type: 'payment.checking'; readonly providerRef: string }
  | {
      readonly type: 'payment.authorized';
      readonly attempt: number;
      readonly providerRef: string;
      readonly amountMinor: number;
      readonly captureBefore: number;
    }
  | { readonly type: 'payment.declined'; readonly attempt: number; readonly code: string }
  | {
      readonly type: 'payment.capturing';
      readonly attempt: number;
      readonly providerRef: string;
      readonly amountMinor: number;
    }
  | { readonly type: 'payment.captured'; readonly attempt: number; readonly amountMinor: number }
  | { readonly type: 'payment.capture_failed'; readonly attempt: number; readonly code: string }
  | {
      readonly type: 'payment.voiding';
      readonly attempt: number;
      readonly providerRef: string | undefined;
    }
  | { readonly type: 'payment.voided'; readonly attempt: number }
  | { readonly type: 'payment.written_off'; readonly amountMinor: number; readonly code: string }
  | { readonly type: 'deadline.extended'; readonly key: string; readonly until: number };

export type OrderEventType = OrderEventBody['type'];

/** An event as stored: its body, when it happened, who caused it, and by which command. */
export type OrderEvent = OrderEventBody & {
  readonly sequence: number;
  /** Epoch milliseconds. */
  readonly at: number;
  readonly actor: Actor;
  readonly commandId: string;
};
