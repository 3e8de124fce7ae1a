// Everything that the audit looks at, read once: our rows, the provider's books, the clients' logs, the
// engine's workflows. Checks are pure functions over it, so that each can be tried on made-up data.

import type { PaymentTruth, ProviderPayment } from '../../adapters/card-gateway.ts';
import type { PartnerDelivery } from '../../adapters/delivery-partner.ts';
import type { StoredRound } from '../../db/rounds.ts';
import type { OfferOrderStatus, OfferStatus } from '../../db/schema.ts';
import type { OrderEvent } from '../../domain/events.ts';
import type { OrderResult } from '../../domain/messages.ts';
import type { OrderFacts } from '../../domain/order.ts';
import type { ProviderName } from '../../domain/payment-methods.ts';
import type { PartyKind, PayoutRail, PayoutStatus } from '../../domain/payout.ts';
import type { ProviderDispute, ProviderPayout } from '../../domain/provider-books.ts';
import type { RefundReason, RefundStatus } from '../../domain/refund.ts';
import type { TipStatus } from '../../domain/tip.ts';
import type { TopUpStatus } from '../../domain/top-up.ts';
import type { WithdrawalPartStatus } from '../../domain/withdrawal.ts';
import type { ClientLogLine } from '../../sandbox/city/client-log.ts';

export type AuditedOrder = {
  readonly id: string;
  readonly merchantId: string;
  readonly facts: OrderFacts;
  readonly events: readonly OrderEvent[];
  /** The read model. */
  readonly sequence: number;
  readonly status: string;
  readonly orderStatus: string;
  readonly deliveryStatus: string;
  readonly paymentStatus: string;
  readonly endReason: string | undefined;
  readonly isOver: boolean;
  /** Epoch milliseconds, as all times here. */
  readonly deadlineAt: number | undefined;
  readonly placedAt: number;
  readonly updatedAt: number;
};

export type LedgerEntry = {
  readonly account: string;
  readonly party: string;
  readonly amountMinor: number;
  readonly currency: string;
};
export type LedgerTransaction = {
  readonly key: string;
  readonly orderId: string;
  readonly kind: string;
  readonly currency: string;
  readonly entries: readonly LedgerEntry[];
};

export type AuditedOffer = {
  readonly offerId: string;
  readonly orderId: string;
  readonly search: number;
  readonly driverId: string;
  readonly madeAt: Date;
  readonly offerStatus: OfferStatus;
  readonly status: OfferOrderStatus;
  readonly bonusMinor: number;
};

export type AuditedRefund = {
  readonly id: string;
  readonly orderId: string;
  readonly provider: string;
  readonly providerRef: string;
  readonly amountMinor: number;
  /** When it was settled as another amount: what had been asked for. */
  readonly askedMinor: number | null;
  readonly reason: RefundReason;
  readonly status: RefundStatus;
  /** Or given to a person to pay out. */
  readonly wasSent: boolean;
  /** It was confirmed, and may have come back. */
  readonly wasRefunded: boolean;
};

/** After the delivery, by a payment of its own. */
export type AuditedTip = {
  readonly orderId: string;
  readonly n: number;
  readonly driverId: string;
  readonly providerRef: string | null;
  readonly amountMinor: number;
  readonly status: TipStatus;
};

/** Money into a wallet. */
export type AuditedTopUp = {
  readonly id: string;
  readonly customerId: string;
  readonly currency: string;
  readonly amountMinor: number;
  readonly providerRef: string | null;
  readonly status: TopUpStatus;
  /** Withdrawn again, part by part. */
  readonly withdrawn: readonly WithdrawnPart[];
};
/** Out of a wallet, back to one of the payments that had filled it. */
export type WithdrawnPart = {
  readonly withdrawalId: string;
  readonly n: number;
  readonly amountMinor: number;
  readonly status: WithdrawalPartStatus;
  /** It was confirmed, and may have come back. */
  readonly wasRefunded: boolean;
};

/** A payment at a provider that has no list of its books, as it says itself when it is asked for it. */
export type ProviderObject = {
  readonly provider: ProviderName;
  readonly providerRef: string;
  /** Undefined: only the provider's news name it. */
  readonly orderId: string | undefined;
  readonly status: PaymentTruth['status'];
  readonly capturedMinor: number;
  /** Undefined: it does not say. */
  readonly refundedMinor?: number | undefined;
};

export type AuditedPayout = {
  readonly party: string;
  readonly period: string;
  readonly kind: PartyKind;
  readonly rail: PayoutRail | null;
  readonly amountMinor: number | null;
  readonly currency: string;
  readonly status: PayoutStatus;
  /** It had been paid, also when the bank has sent it back since. */
  readonly wasPaid: boolean;
};

export type AuditedDispute = {
  readonly provider: string;
  readonly disputeRef: string;
  readonly orderId: string | null;
  readonly amountMinor: number;
  readonly currency: string;
  readonly status: ProviderDispute['status'];
  readonly lostMinor: number;
  readonly feeMinor: number;
};
export type ListedDispute = ProviderDispute & { readonly provider: string };

export type WorkflowView = {
  readonly workflowId: string;
  readonly status:
    | 'running'
    | 'completed'
    | 'failed'
    | 'timed_out'
    | 'terminated'
    | 'cancelled'
    | 'continued_as_new';
  readonly result: OrderResult | undefined;
  /** How often its present workflow task was tried; 0 without one. */
  readonly taskAttempt: number;
};

export type CanaryHit = { readonly source: string; readonly token: string };

export type AuditData = {
  /** When the rows were read. */
  readonly now: number;
  readonly orders: readonly AuditedOrder[];
  readonly ledger: readonly LedgerTransaction[];
  readonly refunds: readonly AuditedRefund[];
  readonly tips: readonly AuditedTip[];
  readonly payouts: readonly AuditedPayout[];
  readonly disputes: readonly AuditedDispute[];
  readonly topUps: readonly AuditedTopUp[];
  readonly offers: readonly AuditedOffer[];
  readonly driverCapacity: ReadonlyMap<string, number>;
  /** Dispatch rounds of this code, the newest ones. */
  readonly rounds: readonly StoredRound[];
  readonly books: readonly ProviderPayment[];
  /** Of those providers that were asked for each. */
  readonly objects: readonly ProviderObject[];
  readonly asked: readonly ProviderName[];
  /** What has left our balance to pay somebody out. */
  readonly payoutBooks: readonly ProviderPayout[];
  /** Of those providers that list them. */
  readonly disputeBooks: readonly ListedDispute[];
  /** Of the partner fleet; empty where there is none. */
  readonly partnerBooks: readonly PartnerDelivery[];
  readonly clientLog: readonly ClientLogLine[];
  /** Of orders, by order id. */
  readonly workflows: ReadonlyMap<string, WorkflowView>;
  /** Dispatchers and the like. */
  readonly otherWorkflows: readonly WorkflowView[];
  /** Closed workflows are forgotten by the engine after this time. */
  readonly retentionMs: number;
  readonly canaries: { readonly searched: number; readonly hits: readonly CanaryHit[] };
};

/** One broken rule: which order (or other thing), what should be and what is. */
export type Breach = { readonly order: string; readonly expected: string; readonly actual: string };

export type Finding = { readonly counted: number; readonly breaches: readonly Breach[] };

export type Check = {
  readonly id: string;
  /** Its number in the list of what must hold. */
  readonly item: number;
  /** The rule, in words; `counted` counts what it was tried on. */
  readonly says: string;
  readonly run: (data: AuditData) => Finding;
};

/** Tries every one of a list; `judge` gives its breaches. */
export function findingOf<T>(list: readonly T[], judge: (each: T) => readonly Breach[]): Finding {
  return { counted: list.length, breaches: list.flatMap((each) => judge(each)) };
}

/** A breach unless the two are the same. */
export const mustEqual = (
  order: string,
  what: string,
  values: { readonly expected: unknown; readonly actual: unknown },
): readonly Breach[] =>
  values.expected === values.actual
    ? []
    : [{ order, expected: `${what} ${String(values.expected)}`, actual: String(values.actual) }];

export const sum = (amounts: readonly number[]): number =>
  amounts.reduce((total, each) => total + each, 0);

export function groupBy<T>(
  list: readonly T[],
  keyOf: (each: T) => string,
): ReadonlyMap<string, readonly T[]> {
  return Map.groupBy(list, keyOf);
}
