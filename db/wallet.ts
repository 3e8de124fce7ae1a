// Wallets: balances read from the ledger, and moved under a lock per wallet, so that of two who want the last of it one
// gets it. Every step is one transaction and looks first at what was posted under its name: asked again it changes nothing.

import { sql } from 'kysely';
import {
  holdKey,
  holdPosting,
  settlePosting,
  walletKey,
  walletRefundPosting,
  type HoldName,
  type HoldState,
  type Wallet,
  type WalletBooks,
} from '../domain/wallet.ts';
import type { Posting } from '../domain/ledger.ts';
import { walletShare } from '../domain/split.ts';
import type { Db } from './connect.ts';
import { postOnce } from './ledger.ts';
import { claimPayment } from './payment-claims.ts';

export type Balance = { readonly balanceMinor: number; readonly heldMinor: number };

/** Whoever changes a wallet waits here for the one before. Ends with the transaction. */
export async function lockWallet(trx: Db, { customerId, currency }: Wallet): Promise<void> {
  const name = `wallet:${customerId}:${currency}`;
  await sql`SELECT pg_advisory_xact_lock(hashtextextended(${name}, 0))`.execute(trx);
}

export async function balanceOf(db: Db, { customerId, currency }: Wallet): Promise<Balance> {
  const { rows } = await sql<Balance>`
    SELECT -coalesce(sum(amount_minor) FILTER (WHERE account = 'wallet'), 0)::bigint AS "balanceMinor",
      -coalesce(sum(amount_minor) FILTER (WHERE account = 'wallet_held'), 0)::bigint AS "heldMinor"
    FROM ledger_entries
    WHERE party = ${customerId} AND account IN ('wallet', 'wallet_held') AND currency = ${currency}`.execute(
    db,
  );
  return rows[0] ?? { balanceMinor: 0, heldMinor: 0 };
}

/** One per currency that was ever used. */
export async function walletsOf(
  db: Db,
  customerId: string,
): Promise<readonly (Balance & { readonly currency: string })[]> {
  const rows = await db
    .selectFrom('ledger_entries')
    .select('currency')
    .distinct()
    .where('party', '=', customerId)
    .where('account', '=', 'wallet')
    .orderBy('currency')
    .execute();
  const wallets = [];
  for (const { currency } of rows)
    wallets.push({ currency, ...(await balanceOf(db, { customerId, currency })) });
  return wallets;
}

export function createWalletBooks(db: Db, now: () => number = Date.now): WalletBooks {
  const move = async (trx: Db, { orderId, currency }: Moved, posting: Posting): Promise<void> => {
    await postOnce(trx, { posting, orderId, currency, at: new Date(now()) });
  };

  /** Under the lock of its wallet; undefined when there is no such hold. */
  const underLock = (
    name: HoldName,
    change: (trx: Db, state: HoldState) => Promise<void>,
  ): Promise<HoldState | undefined> =>
    db.transaction().execute(async (trx) => {
      const before = await readHold(trx, name);
      if (!before) return undefined;
      await lockWallet(trx, before);
      const state = (await readHold(trx, name)) ?? before;
      await change(trx, state);
      return readHold(trx, name);
    });

  return {
    read: (name) => readHold(db, name),
    latest: async ({ orderId, step }) => {
      const { rows } = await sql<{ attempt: number | null }>`
        SELECT max(split_part(key, ':', 4))::int AS attempt FROM ledger_transactions
        WHERE order_id = ${orderId} AND kind = 'wallet_hold' AND split_part(key, ':', 3) = ${step}`.execute(
        db,
      );
      const attempt = rows[0]?.attempt;
      return attempt == null ? undefined : { orderId, step, attempt };
    },
    hold: ({ customerId, currency, withCard, ...wish }) =>
      db.transaction().execute(async (trx) => {
        const { amountMinor: wished, ...name } = wish;
        await lockWallet(trx, { customerId, currency });
        const known = await readHold(trx, name);
        if (known) return { status: 'held', amountMinor: known.heldMinor };
        const { balanceMinor } = await balanceOf(trx, { customerId, currency });
        const isEnough = balanceMinor >= wished;
        const share = withCard ? walletShare(wished, { currency, mostMinor: balanceMinor }) : 0;
        const amountMinor = isEnough ? wished : share;
        if (amountMinor === 0) {
          // What is asked of the card depends on it, whoever asks again.
          if (withCard) await claimPayment(trx, holdKey(name), 'burnt');
          return { status: 'too_little' };
        }
        if ((await claimPayment(trx, holdKey(name), 'sent')).state !== 'first')
          return { status: 'burnt' };
        await move(trx, { ...name, currency }, holdPosting(name, { customerId, amountMinor }));
        return { status: 'held', amountMinor };
      }),
    settle: ({ amountMinor, ...name }) =>
      underLock(name, async (trx, { customerId, currency, heldMinor, status }) => {
        if (status !== 'held' || amountMinor > heldMinor) return;
        const posting = settlePosting(name, { customerId, amountMinor, heldMinor });
        await move(trx, { ...name, currency }, posting);
      }),
    burn: async (name) =>
      (await claimPayment(db, holdKey(name), 'burnt')).state === 'sent' ? 'held' : 'burnt',
    refund: ({ key, amountMinor, ...name }) =>
      underLock(name, async (trx, { customerId, currency, capturedMinor, refunds }) => {
        const given = [...refunds.values()].reduce((sum, minor) => sum + minor, 0);
        if (refunds.has(key) || given + amountMinor > capturedMinor) return;
        const posting = walletRefundPosting(name, { customerId, amountMinor, key });
        await move(trx, { ...name, currency }, posting);
      }),
  };
}

/** Nobody answers about a top-up or a withdrawal: once for each. */
export async function reportUnanswered(
  db: Db,
  { id, code, now }: { readonly id: string; readonly code: string; readonly now: Date },
): Promise<void> {
  await db
    .insertInto('incidents')
    .values({
      key: `${id}:wallet_unanswered`,
      order_id: null,
      kind: 'wallet_unanswered',
      detail: JSON.stringify({ id, code }),
      at: now,
      resolved_at: null,
    })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}

type Moved = Pick<HoldName, 'orderId'> & Pick<Wallet, 'currency'>;

type Row = {
  readonly key: string;
  readonly kind: string;
  readonly currency: string;
  readonly account: string;
  readonly party: string;
  readonly minor: number;
};

async function readHold(db: Db, name: HoldName): Promise<HoldState | undefined> {
  const refundPrefix = `${walletKey(name, 'wallet_refund')}:`;
  const keys = (['wallet_hold', 'wallet_capture', 'wallet_release'] as const).map((what) =>
    walletKey(name, what),
  );
  const { rows } = await sql<Row>`
    SELECT t.key, t.kind, t.currency, e.account, e.party, e.amount_minor AS minor
    FROM ledger_transactions t JOIN ledger_entries e ON e.transaction_key = t.key AND e.at = t.at
    WHERE t.order_id = ${name.orderId} AND (t.key = ANY(${keys}) OR starts_with(t.key, ${refundPrefix}))`.execute(
    db,
  );
  const held = rows.find(({ kind, account }) => kind === 'wallet_hold' && account === 'wallet');
  if (!held) return undefined;
  const taken = rows.find(
    ({ kind, account }) => kind === 'wallet_capture' && account === 'provider_clearing',
  );
  const isReleased = rows.some(({ kind }) => kind === 'wallet_release');
  return {
    customerId: held.party,
    currency: held.currency,
    heldMinor: held.minor,
    status: taken ? 'captured' : isReleased ? 'released' : 'held',
    capturedMinor: taken ? -taken.minor : 0,
    refunds: new Map(
      rows
        .filter(({ kind, account }) => kind === 'wallet_refund' && account === 'wallet')
        .map(({ key, minor }) => [key.slice(refundPrefix.length), -minor]),
    ),
  };
}
