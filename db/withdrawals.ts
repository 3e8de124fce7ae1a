// Withdrawals from wallets: the money leaves the wallet under its lock, then goes back part by part to the payments that
// had filled it. Every step is one transaction with its postings; repeated, it changes nothing.

import { sql } from 'kysely';
import type { Actor } from '../domain/events.ts';
import type { Refusal } from '../domain/errors.ts';
import type { WithdrawalId } from '../domain/ids.ts';
import { sumMinor } from '../domain/money.ts';
import type { Wallet } from '../domain/wallet.ts';
import {
  endOf,
  partsOf,
  withdrawalEndPosting,
  withdrawalPosting,
  type Funding,
} from '../domain/withdrawal.ts';
import type { Db } from './connect.ts';
import { postOnce } from './ledger.ts';
import { balanceOf, lockWallet } from './wallet.ts';

const selectWithdrawals = (db: Db) => db.selectFrom('withdrawals').selectAll();
const selectParts = (db: Db) => db.selectFrom('withdrawal_parts').selectAll();
export type Withdrawal = Awaited<
  ReturnType<ReturnType<typeof selectWithdrawals>['executeTakeFirstOrThrow']>
>;
export type Part = Awaited<ReturnType<ReturnType<typeof selectParts>['executeTakeFirstOrThrow']>>;

export type NewWithdrawal = Wallet & {
  readonly id: WithdrawalId;
  readonly amountMinor: number;
  readonly actor: Actor;
  readonly now: Date;
};

/** What filled the wallet and can go back, oldest first; while a payment is disputed, none of it, then what was not lost. */
async function fundingsOf(db: Db, { customerId, currency }: Wallet): Promise<readonly Funding[]> {
  const { rows } = await sql<Funding>`
    SELECT t.id AS "topUpId", t.provider, t.provider_ref AS "providerRef",
      greatest(0, t.amount_minor - coalesce((SELECT sum(p.amount_minor) FROM withdrawal_parts p
        WHERE p.top_up_id = t.id AND p.status <> 'failed'), 0) - coalesce((SELECT sum(d.lost_minor) FROM disputes d
        WHERE d.provider = t.provider AND d.provider_ref = t.provider_ref AND d.status = 'lost'), 0))::bigint AS "leftMinor"
    FROM top_ups t
    WHERE t.customer_id = ${customerId} AND t.currency = ${currency} AND t.status = 'paid'
      AND NOT EXISTS (SELECT FROM disputes d WHERE d.provider = t.provider AND d.provider_ref = t.provider_ref AND d.status = 'open')
    ORDER BY t.id`.execute(db);
  return rows;
}

/** What of the balance can go back to where it came from. */
export async function withdrawableMinor(db: Db, wallet: Wallet): Promise<number> {
  const { balanceMinor } = await balanceOf(db, wallet);
  const fundings = await fundingsOf(db, wallet);
  return Math.min(balanceMinor, sumMinor(fundings.map(({ leftMinor }) => leftMinor)));
}

/** Call inside a transaction. */
export async function requestWithdrawal(
  trx: Db,
  { customerId, currency, id, amountMinor, actor, now }: NewWithdrawal,
): Promise<
  | { readonly kind: 'requested'; readonly withdrawal: Withdrawal }
  | { readonly kind: 'refused'; readonly refusal: Refusal }
> {
  const wallet = { customerId, currency };
  await lockWallet(trx, wallet);
  const most = await withdrawableMinor(trx, wallet);
  const parts =
    amountMinor > most ? undefined : partsOf(amountMinor, await fundingsOf(trx, wallet));
  if (!parts) {
    const reason = `${most} minor units can go back to the payments that filled the wallet`;
    return { kind: 'refused', refusal: { code: 'withdrawal_too_large', reason } };
  }
  const withdrawal = await trx
    .insertInto('withdrawals')
    .values({
      id,
      customer_id: customerId,
      currency,
      amount_minor: amountMinor,
      status: 'sending',
      requested_by: JSON.stringify(actor),
      created_at: now,
      finished_at: null,
    })
    .returningAll()
    .executeTakeFirstOrThrow();
  const rows = parts.map((part, index) => ({
    withdrawal_id: id,
    n: index + 1,
    top_up_id: part.topUpId,
    provider: part.provider,
    provider_ref: part.providerRef,
    amount_minor: part.amountMinor,
    status: 'sending' as const,
    refund_ref: null,
    code: null,
    first_sent_at: now,
  }));
  await trx.insertInto('withdrawal_parts').values(rows).execute();
  const posting = withdrawalPosting({ withdrawalId: id, customerId }, parts);
  await postOnce(trx, { posting, orderId: undefined, currency, at: now });
  return { kind: 'requested', withdrawal };
}

export const findWithdrawal = (db: Db, id: string): Promise<Withdrawal | undefined> =>
  selectWithdrawals(db).where('id', '=', id).executeTakeFirst();

/** Newest first. */
export const withdrawalsOf = (
  db: Db,
  customerId: string,
  limit: number,
): Promise<readonly Withdrawal[]> =>
  selectWithdrawals(db)
    .where('customer_id', '=', customerId)
    .orderBy('id', 'desc')
    .limit(limit)
    .execute();

/** Those that are under way. */
export const openPartsOf = (db: Db, withdrawalId: string): Promise<readonly Part[]> =>
  selectParts(db)
    .where('withdrawal_id', '=', withdrawalId)
    .where('status', 'in', ['sending', 'pending'])
    .orderBy('n')
    .execute();

/** Withdrawals that are not over: their workflow must run. */
export async function openWithdrawals(db: Db): Promise<readonly string[]> {
  const rows = await db
    .selectFrom('withdrawals')
    .select('id')
    .where('finished_at', 'is', null)
    // Should there be more than one look can take, none of them is always left out.
    .orderBy(sql`random()`)
    .limit(200)
    .execute();
  return rows.map(({ id }) => id);
}

/** The provider's news name the payment that is refunded; mobile money's, which pays it out, the withdrawal. */
const isBehind = (ref: string) => sql<boolean>`(provider_ref = ${ref} OR withdrawal_id = ${ref})`;

/** What is still under way of a payment's withdrawals, or of one withdrawal. */
export async function withdrawalsBehind(db: Db, ref: string): Promise<readonly string[]> {
  const rows = await db
    .selectFrom('withdrawal_parts')
    .select('withdrawal_id')
    .distinct()
    .where(isBehind(ref))
    .where('status', 'in', ['sending', 'pending'])
    .execute();
  return rows.map((row) => row.withdrawal_id);
}

type Behind = { readonly ref: string; readonly now: Date };

/**
 * What was refunded may come back: it is looked at once more, and what a look that is under way has read counts no more.
 * False when some of it is still being sent.
 */
export const reopenWithdrawals = (db: Db, { ref, now }: Behind): Promise<boolean> =>
  db.transaction().execute(async (trx) => {
    const behind = trx.selectFrom('withdrawal_parts').select('withdrawal_id').where(isBehind(ref));
    if (await behind.where('status', '=', 'sending').executeTakeFirst()) return false;
    // First the withdrawals, then their parts, as who records an answer does.
    await selectWithdrawals(trx).where('id', 'in', behind).orderBy('id').forUpdate().execute();
    const reopened = await trx
      .updateTable('withdrawal_parts')
      .set((eb) => ({ status: 'pending', news: eb('news', '+', 1) }))
      .where(isBehind(ref))
      .where('status', 'in', ['pending', 'refunded'])
      .returning('withdrawal_id')
      .execute();
    if (reopened.length === 0) return true;
    const ids = reopened.map((part) => part.withdrawal_id);
    await trx
      .updateTable('withdrawals')
      .set({ status: 'sending', reopened_at: now, finished_at: null })
      .where('id', 'in', ids)
      .execute();
    return true;
  });

export type PartNews =
  | { readonly kind: 'refunded' | 'pending'; readonly refundRef: string }
  | { readonly kind: 'failed'; readonly code: string }
  /** Nothing happened under this attempt and nothing ever will. */
  | { readonly kind: 'not_executed' };

type Answered = {
  readonly withdrawal: Withdrawal;
  readonly part: Part;
  readonly news: PartNews;
  readonly now: Date;
};

/** A definitive answer to the attempt that `part` is in. Repeated or outdated, it changes nothing. */
export async function recordPartNews(
  db: Db,
  { withdrawal, part, news, now }: Answered,
): Promise<void> {
  await db.transaction().execute(async (trx) => {
    const { id, customer_id: customerId, currency } = withdrawal;
    // One part after the other, so that the last one sees the others' ends.
    await selectWithdrawals(trx).where('id', '=', id).forUpdate().execute();
    const changed = await trx
      .updateTable('withdrawal_parts')
      .set(changeOf(part, news, now))
      .where('withdrawal_id', '=', id)
      .where('n', '=', part.n)
      .where('status', 'in', ['sending', 'pending'])
      .where('attempt', '=', part.attempt)
      .where('news', '=', part.news)
      .returning('refunded_at')
      .executeTakeFirst();
    if (!changed || (news.kind !== 'refunded' && news.kind !== 'failed')) return;
    const { n, provider, amount_minor: amountMinor } = part;
    const end = news.kind === 'failed' && changed.refunded_at ? 'returned' : news.kind;
    const posting = withdrawalEndPosting(
      { withdrawalId: id, customerId },
      { n, provider, amountMinor, end },
    );
    await postOnce(trx, { posting, orderId: undefined, currency, at: now });
    if (end === 'returned') await reportReturned(trx, { withdrawalId: id, part, now });
    const statuses = (await selectParts(trx).where('withdrawal_id', '=', id).execute()).map(
      ({ status }) => status,
    );
    if (statuses.some((status) => status === 'sending' || status === 'pending')) return;
    await trx
      .updateTable('withdrawals')
      .set({ status: endOf(statuses), finished_at: now })
      .where('id', '=', id)
      .execute();
  });
}

type Returned = { readonly withdrawalId: string; readonly part: Part; readonly now: Date };

/** The customer was told that it had arrived. Once per part. */
async function reportReturned(trx: Db, { withdrawalId, part, now }: Returned): Promise<void> {
  const { n, amount_minor } = part;
  await trx
    .insertInto('incidents')
    .values({
      key: `${withdrawalId}:withdrawal_returned:${n}`,
      order_id: null,
      kind: 'withdrawal_returned',
      detail: JSON.stringify({ withdrawal_id: withdrawalId, n, amount_minor }),
      at: now,
      resolved_at: null,
    })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}

function changeOf(part: Part, news: PartNews, now: Date) {
  switch (news.kind) {
    case 'refunded': {
      const refunded_at = part.refunded_at ?? now;
      return { status: 'refunded', refund_ref: news.refundRef, refunded_at } as const;
    }
    case 'pending':
      return { status: 'pending', refund_ref: news.refundRef } as const;
    case 'failed':
      return { status: 'failed', code: news.code } as const;
    case 'not_executed':
      return { status: 'sending', attempt: part.attempt + 1, first_sent_at: now } as const;
  }
}
