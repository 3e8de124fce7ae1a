// What the fakes' books say of money, in one form for all of them; and how their webhooks come.

import { sql } from 'kysely';
import { expect } from 'vitest';
import type { Db } from '../../db/connect.ts';
import { balanceOf } from '../../db/wallet.ts';
import type { Entry } from '../../sandbox/mobile-money/book.ts';
import type { startCampay } from '../../sandbox/mobile-money/campay.ts';
import type { Order } from '../../sandbox/paypal/server.ts';
import type { StripeSandbox } from '../../sandbox/stripe/server.ts';

/** Every amount and what became of it: `taken 2350 EUR`. */
export type Moved = readonly string[];

/** How its webhooks come. */
export type News = {
  readonly hold: () => void;
  readonly thrice: () => void;
  readonly beforeReply: () => void;
  readonly release: (order: 'in_order' | 'reversed') => Promise<unknown>;
  /** All that was sent so far has been taken. */
  readonly settled: () => Promise<unknown>;
};

const told = (what: string, amount: string | number, currency: string): string =>
  `${what} ${amount} ${currency.toUpperCase()}`;

type StripeBooks = ReturnType<StripeSandbox['control']['books']>;

export function movedByStripe({
  payment_intents,
  refunds,
  transfers,
  payouts,
}: StripeBooks): Moved {
  const held = payment_intents.filter(
    ({ status }) => status !== 'succeeded' && status !== 'canceled',
  );
  const back = refunds.filter(({ status }) => status !== 'failed');
  return [
    ...held.map(({ amount, currency }) => told('held', amount, currency)),
    ...payment_intents
      .filter(({ status }) => status === 'succeeded')
      .map((each) => told('taken', each.amount_received, each.currency)),
    ...back.map(({ amount, currency }) => told('given back', amount, currency)),
    ...transfers
      .filter(({ reversed }) => !reversed)
      .map(({ amount, currency }) => told('sent', amount, currency)),
    ...payouts
      .filter(({ status }) => status === 'paid')
      .map(({ amount, currency }) => told('paid out', amount, currency)),
  ];
}

export function newsOfStripe({ control }: StripeSandbox): News {
  return {
    hold: () => control.setWebhooks({ held: true }),
    thrice: () => control.setWebhooks({ copies: 3 }),
    beforeReply: () => control.setWebhooks({ beforeReply: true }),
    release: control.releaseWebhooks,
    settled: async () => {
      await expect.poll(() => control.viewWebhooks().undelivered).toBe(0);
    },
  };
}

type Fake = Awaited<ReturnType<typeof startCampay>>;

export const newsOfFake = ({ notices }: Pick<Fake, 'notices'>): News => ({
  hold: () => notices.set({ held: true }),
  thrice: () => notices.set({ copies: 3 }),
  beforeReply: () => notices.set({ beforeReply: true }),
  release: (order) => notices.release(order),
  settled: notices.settled,
});

export const minor = ({ value }: { readonly value: string }): number =>
  Math.round(Number(value) * 100);

export const tookMoney: ReadonlySet<string> = new Set([
  'COMPLETED',
  'PARTIALLY_REFUNDED',
  'REFUNDED',
]);

const atPaypal = (what: string, { amount }: Pick<Order['unit'], 'amount'>): string =>
  told(what, minor(amount), amount.currency_code);

export function movedByPaypal({ authorization, capture, refunds }: Order): Moved {
  const kept = refunds.filter(({ status }) => status !== 'FAILED');
  return [
    ...(authorization?.status === 'CREATED' ? [atPaypal('held', authorization)] : []),
    ...(capture && tookMoney.has(capture.status) ? [atPaypal('taken', capture)] : []),
    ...kept.map((each) => atPaypal('given back', each)),
  ];
}

/** Money that goes out bears our key, which says whose it is. */
export function movedByPhone({ kind, reference, status, amount, currency }: Entry): Moved {
  const wentOut = reference.includes(':payout:') ? 'paid out' : 'given back';
  return status === 'successful'
    ? [told(kind === 'collect' ? 'taken' : wentOut, amount, currency)]
    : [];
}

/** The wallet's books are our own ledger. */
export async function movedByWallet(
  db: Db,
  { customerId, currency }: { readonly customerId: string; readonly currency: string },
): Promise<Moved> {
  const { rows } = await sql<{ what: string; minor: number }>`
    SELECT CASE t.kind WHEN 'wallet_refund' THEN 'given back' ELSE 'taken' END AS what,
      abs(c.amount_minor)::bigint AS minor
    FROM ledger_transactions t
    JOIN ledger_entries c ON c.transaction_key = t.key AND c.account = 'provider_clearing'
    WHERE t.kind IN ('wallet_capture', 'wallet_refund') AND EXISTS (
      SELECT FROM ledger_entries e WHERE e.transaction_key = t.key AND e.party = ${customerId})`.execute(
    db,
  );
  const { heldMinor } = await balanceOf(db, { customerId, currency });
  return [
    ...(heldMinor === 0 ? [] : [told('held', heldMinor, currency)]),
    ...rows.map(({ what, minor: amount }) => told(what, amount, currency)),
  ];
}
