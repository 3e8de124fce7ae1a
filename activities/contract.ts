// The steps with side effects, as the workflows see them: domain types only.

import type { BulkId, MarketId, OrderId, RefundId, TopUpId, WithdrawalId } from '../domain/ids.ts';
import type { PartnerResult, PaymentResult } from '../domain/messages.ts';
import type { PartnerCall } from '../domain/partner.ts';
import type { PaymentCall } from '../domain/payment-call.ts';
import type { ProviderName } from '../domain/payment-methods.ts';
import type { PayoutName, PayoutStatus } from '../domain/payout.ts';
import type { RefundStatus } from '../domain/refund.ts';
import type { TipStatus } from '../domain/tip.ts';
import type { TopUpStatus } from '../domain/top-up.ts';
import type { WithdrawalStatus } from '../domain/withdrawal.ts';
import type { Recorded, RecordInput } from '../domain/step.ts';

export type RecordActivities = {
  /**
   * Appends a step's events, updates the read model, offers and ledger in one transaction. Write-once: whatever is
   * stored at `expectedSequence` already wins. Idempotent by construction; retryable without end.
   */
  record(input: RecordInput): Promise<Recorded>;
};

export type PaymentActivities = {
  /** Makes the call that the recorded intent asks for; returns definitive answers only, retries throw. */
  callProvider(input: {
    readonly orderId: OrderId;
    readonly currency: string;
    readonly provider: ProviderName;
    readonly call: PaymentCall;
  }): Promise<PaymentResult>;
};

export type PartnerActivities = {
  /** The same for a partner fleet; where none is configured a quote is refused and any other step is tried again. */
  askPartner(input: {
    readonly orderId: OrderId;
    readonly call: PartnerCall;
  }): Promise<PartnerResult>;
};

export type DispatchRound = {
  /** Deliveries that still look for a driver or whose offers are open. */
  readonly open: number;
  readonly offersMade: number;
  /** Until the next round; shorter while there is demand. */
  readonly waitMs: number;
};

export type DispatchActivities = {
  /** One round: lapse offers, re-send accepted ones, snapshot, plan, reserve and offer in one transaction. */
  dispatchRound(input: { readonly marketId: MarketId }): Promise<DispatchRound>;
};

/** When the housekeeping looked last, and since when it looks without a long break; epoch milliseconds. */
export type Looks = { readonly lastAt: number; readonly backAt: number };

export type MaintenanceActivities = {
  /**
   * Finishes orphan drafts, nudges orders whose caller vanished, re-delivers early webhooks, prunes old keys. `looks`:
   * what the call before answered, whichever worker made it; undefined at first.
   */
  maintain(input?: {
    readonly looks: Looks | undefined;
  }): Promise<{ readonly waitMs: number; readonly looks: Looks }>;
};

export type SupportActivities = {
  /** Whether the order's own workflow still runs. Throws, and is retried, while that cannot be found out. */
  isOrderRunning(input: { readonly orderId: OrderId }): Promise<boolean>;
  /** The next orders of a bulk action; `left`: how many are known to be left, 0 when it is done. Repeatable. */
  bulkRound(input: { readonly bulkId: BulkId }): Promise<{ readonly left: number }>;
};

export type RefundStep = {
  readonly status: RefundStatus;
  readonly isOver: boolean;
  /** Until somebody should look again, unless there is news. */
  readonly waitMs: number;
};

export type RefundActivities = {
  /** Takes the refund as far as it goes now. Idempotent; throws (and is retried) while the provider gives no answer. */
  advanceRefund(input: { readonly refundId: RefundId }): Promise<RefundStep>;
};

export type TipStep = {
  readonly status: TipStatus;
  readonly isOver: boolean;
  /** Until somebody should look again, unless there is news. */
  readonly waitMs: number;
};

export type TipActivities = {
  /** Takes the tip as far as it goes now. Idempotent; throws (and is retried) while the provider gives no answer. */
  advanceTip(input: { readonly orderId: OrderId; readonly n: number }): Promise<TipStep>;
};

export type PayoutStep = {
  readonly status: PayoutStatus;
  readonly isOver: boolean;
  /** Until somebody should look again, unless there is news. */
  readonly waitMs: number;
};

export type PayoutActivities = {
  /** Takes the payout as far as it goes now. Idempotent; throws (and is retried) while the provider gives no answer. */
  advancePayout(input: PayoutName): Promise<PayoutStep>;
  /**
   * Opens the payouts of the market's period that has ended last, one per party with a balance, and starts their
   * workflows. Repeatable. `after`: the party at which the page before ended.
   */
  openPayouts(input: {
    readonly marketId: MarketId;
    readonly after: string | undefined;
  }): Promise<{ readonly opened: number; readonly next: string | undefined }>;
};

type WalletStep<Status> = {
  readonly status: Status;
  readonly isOver: boolean;
  /** Until somebody should look again, unless there is news. */
  readonly waitMs: number;
};
export type TopUpStep = WalletStep<TopUpStatus>;
export type WithdrawalStep = WalletStep<WithdrawalStatus>;

export type WalletActivities = {
  /** Takes the top-up as far as it goes now. Idempotent; throws (and is retried) while the provider gives no answer. */
  advanceTopUp(input: { readonly topUpId: TopUpId }): Promise<TopUpStep>;
  /** The same of a withdrawal. */
  advanceWithdrawal(input: { readonly withdrawalId: WithdrawalId }): Promise<WithdrawalStep>;
};

export type Reconciled = {
  /** Objects in the provider's books. */
  readonly compared: number;
  readonly differences: number;
  readonly healed: number;
  /** Differences of earlier runs that have gone. */
  readonly vanished: number;
};

export type ReconcileActivities = {
  /** How long a comparison may take: it grows with what there is to compare. */
  reconciliationBudgetMs(): Promise<number>;
  /** Repeatable, and goes on from its last heartbeat. Differences become incidents, what is safe is put right. */
  reconcile(): Promise<Reconciled>;
};

export type Activities = RecordActivities &
  PaymentActivities &
  PartnerActivities &
  DispatchActivities &
  MaintenanceActivities &
  SupportActivities;
