// The tables of money as kysely sees them: the ledger, and what moves behind an order's end.

import type { ColumnType, Generated, JSONColumnType } from 'kysely';
import type { BankAccount } from '../domain/bank-file.ts';
import type { Actor } from '../domain/events.ts';
import type { LedgerEntry } from '../domain/ledger.ts';
import type { PartyKind, PayoutRail, PayoutStatus } from '../domain/payout.ts';
import type { RefundFault, RefundReason, RefundStatus, RefundWish } from '../domain/refund.ts';
import type { Settlement } from '../domain/refund-settlement.ts';
import type { TipStatus } from '../domain/tip.ts';
import type { TopUpStatus } from '../domain/top-up.ts';
import type { WithdrawalPartStatus, WithdrawalStatus } from '../domain/withdrawal.ts';

type Time = ColumnType<Date, Date | string, Date | string>;
type CreatedAt = ColumnType<Date, Date | string | undefined, never>;
/** Not yet when the row is made. */
type Reached = ColumnType<Date | null, Date | undefined, Date>;
type Json<T extends object> = JSONColumnType<T>;

export type MoneyTables = {
  ledger_transactions: {
    key: string;
    order_id: string | null;
    kind: string;
    currency: string;
    at: Time;
  };
  ledger_entries: {
    transaction_key: string;
    account: string;
    party: string;
    amount_minor: number;
    currency: string;
    at: Time;
  };
  refunds: {
    id: string;
    order_id: string;
    merchant_id: string;
    customer_id: string;
    currency: string;
    amount_minor: number;
    /** So much of what was asked for is for items, before it was rounded for the rail. */
    items_minor: ColumnType<number, number | undefined, never>;
    status: RefundStatus;
    fault: RefundFault;
    reason: RefundReason;
    wish: Json<RefundWish>;
    bearers: Json<LedgerEntry[]>;
    provider: string;
    provider_ref: string;
    refund_ref: string | null;
    attempt: Generated<number>;
    news: Generated<number>;
    code: string | null;
    requested_by: Json<Actor>;
    decided_by: JSONColumnType<Actor | null, string | null, string | null>;
    /** Who paid it out by hand, or gave that up. */
    closed_by: JSONColumnType<Actor | null, string | null | undefined, string | null>;
    note_id: string | null;
    /** Another refund's second half: of a split payment. */
    part_of: ColumnType<string | null, string | null | undefined, never>;
    /** Why the provider's last answer is not believed. */
    doubt: ColumnType<string | null, undefined, string | null>;
    settlement: JSONColumnType<Settlement | null, undefined, string | null>;
    /** What had been asked for, when it was settled as another amount. */
    asked_minor: ColumnType<number | null, undefined, number>;
    created_at: Time;
    decide_before: Time | null;
    first_sent_at: Time | null;
    refunded_at: Reached;
    reopened_at: Reached;
    finished_at: Time | null;
  };
  tips: {
    order_id: string;
    n: number;
    customer_id: string;
    driver_id: string;
    currency: string;
    amount_minor: number;
    status: TipStatus;
    provider: string;
    payment_method: string;
    provider_ref: string | null;
    client_secret: string | null;
    attempt: Generated<number>;
    code: string | null;
    requested_by: Json<Actor>;
    created_at: Time;
    first_sent_at: Time | null;
    finished_at: Time | null;
  };
  disputes: {
    provider: string;
    dispute_ref: string;
    order_id: string | null;
    provider_ref: string;
    amount_minor: number;
    currency: string;
    status: 'open' | 'won' | 'lost';
    /** Of these what is booked. */
    lost_minor: Generated<number>;
    fee_minor: Generated<number>;
    fee_postings: Generated<number>;
    reason: string;
    evidence_due_at: Time | null;
    evidence_sent_at: Time | null;
    opened_at: Time;
    closed_at: Time | null;
  };
  payout_accounts: {
    party: string;
    /** Null: none yet, and payouts are kept back. */
    rail: PayoutRail | null;
    destination: string | null;
    verified: boolean;
    /** Undefined: nobody keeps it back. */
    held_by: JSONColumnType<Actor | null, string | null, string | null>;
    changed_at: Time;
  };
  payouts: {
    party: string;
    period: string;
    id: string;
    kind: PartyKind;
    market_id: string;
    currency: string;
    ends_at: Time;
    instant: boolean;
    status: PayoutStatus;
    code: string | null;
    amount_minor: number | null;
    rail: PayoutRail | null;
    destination: string | null;
    provider_ref: string | null;
    attempt: Generated<number>;
    news: Generated<number>;
    requested_by: Json<Actor>;
    created_at: Time;
    first_sent_at: Time | null;
    paid_at: Time | null;
    finished_at: Time | null;
  };
  payout_files: {
    id: string;
    market_id: string;
    currency: string;
    debtor: Json<BankAccount>;
    payment_count: number;
    total_minor: number;
    sha256: Buffer;
    sealed_by: Json<Actor>;
    sealed_at: Time;
  };
  bank_payments: {
    key: string;
    party: string;
    period: string;
    amount_minor: number;
    destination: string;
    file_id: string | null;
    status: Generated<'queued' | 'filed' | 'paid' | 'returned'>;
    decided_by: JSONColumnType<Actor | null, string | undefined, string | null>;
    decided_at: ColumnType<Date | null, Date | undefined, Date>;
  };
  top_ups: {
    id: string;
    customer_id: string;
    currency: string;
    amount_minor: number;
    status: TopUpStatus;
    provider: string;
    payment_method: string;
    provider_ref: string | null;
    client_secret: string | null;
    attempt: Generated<number>;
    code: string | null;
    requested_by: Json<Actor>;
    created_at: Time;
    first_sent_at: Time | null;
    finished_at: Time | null;
  };
  withdrawals: {
    id: string;
    customer_id: string;
    currency: string;
    amount_minor: number;
    status: WithdrawalStatus;
    requested_by: Json<Actor>;
    created_at: Time;
    reopened_at: Reached;
    finished_at: Time | null;
  };
  withdrawal_parts: {
    withdrawal_id: string;
    n: number;
    top_up_id: string;
    provider: string;
    provider_ref: string;
    amount_minor: number;
    status: WithdrawalPartStatus;
    attempt: Generated<number>;
    news: Generated<number>;
    refund_ref: string | null;
    code: string | null;
    first_sent_at: Time;
    refunded_at: Reached;
  };
  provider_fees: {
    provider: string;
    provider_ref: string;
    currency: string;
    amount_minor: number;
    postings: number;
  };
  payment_claims: { key: string; kind: 'sent' | 'burnt'; at: CreatedAt };
};
