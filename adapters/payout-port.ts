/**
 * What can be asked of whoever pays merchants and drivers out: a transfer to their account, mobile money, a bank.
 * Invariant: an answer is definitive and may be recorded; what is not is thrown as an `Outage` and retried under the same
 * key. Asking again under the same key is also how one looks what has become of it. `failed`: the money is with us
 * (again). `paid` may still become `failed` later: banks send money back.
 */
import type { PayoutRail } from '../domain/payout.ts';
import type { ProviderPayout } from '../domain/provider-books.ts';
import type { NotExecuted } from './card-gateway.ts';

/** Reasons that the rest of the system may see. */
export type PayFailure =
  | 'insufficient_funds'
  | 'account_unknown'
  | 'account_refused'
  | 'bank_refused'
  | 'not_executed';

export type PayInput = {
  /** `<party>:<period>`, what the provider's objects carry. */
  readonly name: string;
  /** Deterministic, the same for every retry of this amount. */
  readonly key: string;
  readonly amountMinor: number;
  /** ISO 4217, any case. */
  readonly currency: string;
  readonly destination: string;
  /** Within minutes, for a fee, where the way can. */
  readonly instant: boolean;
  /** Epoch ms of the first time this key may have been sent. */
  readonly firstSentAt: number;
};

export type PayAnswer =
  | { readonly status: 'paid' | 'in_transit'; readonly payoutRef: string }
  | { readonly status: 'failed'; readonly code: PayFailure }
  | NotExecuted;

export type PayoutPort = {
  readonly rail: PayoutRail;
  readonly pay: (input: PayInput) => Promise<PayAnswer>;
};

/** Of a way that can be asked about the accounts it pays to, and lists its books. */
export type PayoutBooks = {
  /** Whether money may be sent there now. */
  readonly isVerified: (destination: string) => Promise<boolean>;
  /** Names of payouts to an account since then (epoch ms) that its bank has refused or sent back. */
  readonly refusedPayouts: (input: {
    readonly destination: string;
    readonly createdAfter: number;
  }) => AsyncIterable<string>;
  readonly listPayouts: (input: { readonly createdAfter: number }) => AsyncIterable<ProviderPayout>;
};
