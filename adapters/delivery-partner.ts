/**
 * A fleet of somebody else that brings what no driver of ours takes: a price first, then a delivery at that price, its
 * state, its end. Invariant: an answer is definitive and may be recorded, what is not is thrown as an `Outage` and asked
 * again; what was asked for under one key is made once, however often it is asked. Called by activities/partner.ts.
 */
import type { Place } from '../domain/geo.ts';
import type { PartnerProgress } from '../domain/parts.ts';
import type { Incoming } from './payment-port.ts';

/** Personal: never logged or put in a history. */
export type PartnerRequest = {
  readonly currency: string;
  readonly pickup: { readonly name: string; readonly address: string; readonly place: Place };
  readonly dropoff: {
    readonly name: string;
    readonly phone: string;
    readonly address: string;
    readonly place: Place;
    readonly note: string | undefined;
  };
  readonly goodsMinor: number;
  readonly itemCount: number;
  readonly leaveAtDoor: boolean;
};

export type PartnerDelivery = {
  readonly partnerRef: string;
  /** Our key. */
  readonly externalId: string;
  readonly progress: PartnerProgress;
  /** What the partner charges as things stand, the tip included; minor units. */
  readonly priceMinor: number;
  /** Epoch milliseconds. */
  readonly pickupEtaAt: number;
  readonly dropoffEtaAt: number;
  /** Returned because nobody was there or wanted it. */
  readonly customerFault: boolean;
};

type Refused = { readonly status: 'refused'; readonly code: string };
export type Estimate =
  | { readonly status: 'quoted'; readonly quoteRef: string; readonly priceMinor: number }
  | Refused;
export type Created =
  | { readonly status: 'confirmed'; readonly delivery: PartnerDelivery }
  | Refused;
export type Cancelled =
  | { readonly status: 'cancelled'; readonly chargedMinor: number }
  /** The goods are with the courier, or have been. */
  | {
      readonly status: 'too_late';
      readonly progress: Exclude<PartnerProgress, 'pending' | 'cancelled'>;
      readonly delivery: PartnerDelivery;
    }
  | { readonly status: 'nothing_to_cancel' };

/** A hint only: the delivery is tracked afterwards. */
export type PartnerFact =
  | { readonly kind: 'refused'; readonly code: 'invalid_signature' }
  | { readonly kind: 'ignored'; readonly eventId: string; readonly type: string }
  | {
      readonly kind: 'delivery_changed';
      readonly eventId: string;
      readonly type: string;
      readonly partnerRef: string;
      readonly orderId: string;
    };

export type DeliveryPartner = {
  /** Without effect. */
  readonly estimate: (request: PartnerRequest) => Promise<Estimate>;
  readonly create: (
    request: PartnerRequest & {
      readonly key: string;
      readonly quoteRef: string;
      readonly tipMinor: number;
    },
  ) => Promise<Created>;
  /** Undefined: there is no such delivery. */
  readonly track: (ask: { readonly partnerRef: string }) => Promise<PartnerDelivery | undefined>;
  /**
   * Without `partnerRef` what may have been made under `createKey` is looked for, until it must have arrived if it was
   * sent at `lastSentAt` (epoch ms).
   */
  readonly cancel: (ask: {
    readonly partnerRef: string | undefined;
    readonly createKey: string;
    readonly lastSentAt: number;
  }) => Promise<Cancelled>;
  /** The partner's books. */
  readonly list: () => AsyncIterable<PartnerDelivery>;
  readonly readWebhook: (incoming: Incoming) => PartnerFact;
};
