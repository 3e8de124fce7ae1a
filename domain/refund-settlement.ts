// A refund of which the provider says something else than was asked, settled by two persons: as what the provider's own
// books show, or as failed when they show none. Pure; the books are read anew at each of the two decisions.

import type { Actor } from './events.ts';
import type { LedgerEntry, Posting } from './ledger.ts';
import { negative, refundAccount, type RefundFacts } from './refund.ts';
import { bearAnew } from './refund-shares.ts';

export const settlementOutcomes = ['as_booked', 'failed'] as const;
export type SettlementOutcome = (typeof settlementOutcomes)[number];

/** What was asked for, by one person; with `approvedBy` it was done. */
export type Settlement = {
  readonly outcome: SettlementOutcome;
  /** What the books showed then. */
  readonly booked: Booked | null;
  readonly by: Actor;
  /** Of the audit's row. */
  readonly commandId: string;
  /** Epoch ms. */
  readonly at: number;
  readonly approvedBy?: Actor;
};

/** What has left our balance for it, or is about to. */
export type Booked = {
  readonly refundRef: string;
  readonly amountMinor: number;
  readonly status: 'refunded' | 'refund_pending';
};

/** What was sent before nothing more was may arrive in the books until then. */
const inFlightMs = 60_000;
/** None is `failed` before: epoch ms. */
export const failedFrom = ({ at }: Settlement): number => at + inFlightMs;

type Doubted = {
  readonly doubt: string | null;
  readonly settlement: Settlement | null;
};

/** One person has asked for it, a second has not answered; nothing is sent meanwhile. */
export const settlementOf = ({ doubt, settlement }: Doubted): Settlement | undefined =>
  doubt !== null && settlement?.approvedBy === undefined ? (settlement ?? undefined) : undefined;

/** As `RefundAnswer`; undefined: the books have none. */
type Found =
  | (Booked & { readonly currency?: string | undefined })
  | { readonly status: 'failed' | 'not_executed' }
  | undefined;

export type Judged =
  | { readonly kind: 'stands'; readonly booked: Booked | null }
  /** What the books say against it. */
  | { readonly kind: 'contradicted'; readonly problem: string };

const contradicted = (problem: string): Judged => ({ kind: 'contradicted', problem });

/** Whether the books bear the outcome out. */
export function judgeSettlement(
  { outcome, currency }: { readonly outcome: SettlementOutcome; readonly currency: string },
  found: Found,
): Judged {
  const booked = found && 'amountMinor' in found ? found : undefined;
  if (outcome === 'failed')
    return booked
      ? contradicted(
          `cannot be failed: the books show ${booked.amountMinor} ${booked.currency ?? currency}`,
        )
      : { kind: 'stands', booked: null };
  if (booked === undefined)
    return contradicted('cannot be as_booked: the books show no refund, or one that failed');
  const { refundRef, amountMinor, status } = booked;
  if (booked.currency !== undefined && booked.currency !== currency)
    return contradicted(
      `cannot be as_booked: the books show it in ${booked.currency}, the order is in ${currency}`,
    );
  if (amountMinor <= 0) return contradicted('cannot be as_booked: the books show no amount');
  return { kind: 'stands', booked: { refundRef, amountMinor, status } };
}

/** The books say the same as when it was asked for, but that it may have arrived since. */
export const isAsSeen = (before: Booked | null, now: Booked | null): boolean =>
  before?.refundRef === now?.refundRef && before?.amountMinor === now?.amountMinor;

type Settled = {
  readonly facts: RefundFacts;
  /** It was paid once before, and what it is now differs from that. */
  readonly wasRefunded: boolean;
  /** Counts the settlements of one refund. */
  readonly n: number;
};

/** From the amount that was asked for to the one that the provider has paid, before its end is posted. */
export function settledPosting(
  { facts, wasRefunded, n }: Settled,
  amountMinor: number,
): { readonly bearers: readonly LedgerEntry[]; readonly posting: Posting } {
  const { orderId, refundId, provider } = facts;
  const bearers = bearAnew(facts.bearers, amountMinor);
  const entries = [
    ...bearers,
    ...facts.bearers.map(negative),
    { ...refundAccount(provider, wasRefunded), amountMinor: facts.amountMinor - amountMinor },
  ];
  return {
    bearers,
    posting: { key: `${orderId}:refund_settled_${n}:${refundId}`, kind: 'refund_settled', entries },
  };
}
