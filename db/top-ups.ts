// Top-ups of wallets: asked for under the wallet's lock, carried on by their workflow. Every step is one transaction with
// its postings, guarded by the state that it starts from, so that a step that is repeated changes nothing.

import { sql } from 'kysely';
import type { Actor } from '../domain/events.ts';
import type { Refusal } from '../domain/errors.ts';
import type { TopUpId } from '../domain/ids.ts';
import { providerOf } from '../domain/payment-methods.ts';
import type { SideNews } from '../domain/side-payment.ts';
import { isTopUpOver, maxOpenTopUps, topUpPosting, type TopUpMove } from '../domain/top-up.ts';
import type { Wallet } from '../domain/wallet.ts';
import type { Db } from './connect.ts';
import { postOnce } from './ledger.ts';
import { changeBy } from './side-payments.ts';
import { lockWallet } from './wallet.ts';

const selectTopUps = (db: Db) => db.selectFrom('top_ups').selectAll();
export type TopUp = Awaited<ReturnType<ReturnType<typeof selectTopUps>['executeTakeFirstOrThrow']>>;

export type NewTopUp = Wallet & {
  readonly id: TopUpId;
  readonly amountMinor: number;
  /** The provider’s token. */
  readonly paymentMethod: string;
  readonly actor: Actor;
  readonly now: Date;
};

/** Call inside a transaction. */
export async function requestTopUp(
  trx: Db,
  { customerId, currency, ...input }: NewTopUp,
): Promise<
  | { readonly kind: 'requested'; readonly topUp: TopUp }
  | { readonly kind: 'refused'; readonly refusal: Refusal }
> {
  await lockWallet(trx, { customerId, currency });
  const open = await selectTopUps(trx)
    .where('customer_id', '=', customerId)
    .where('currency', '=', currency)
    .where('finished_at', 'is', null)
    .execute();
  if (open.length >= maxOpenTopUps) {
    const reason = `${maxOpenTopUps} top-ups of this wallet are under way`;
    return { kind: 'refused', refusal: { code: 'limit_reached', reason } };
  }
  const topUp = await trx
    .insertInto('top_ups')
    .values({
      id: input.id,
      customer_id: customerId,
      currency,
      amount_minor: input.amountMinor,
      status: 'requested',
      provider: providerOf(input.paymentMethod),
      payment_method: input.paymentMethod,
      provider_ref: null,
      client_secret: null,
      code: null,
      requested_by: JSON.stringify(input.actor),
      created_at: input.now,
      first_sent_at: null,
      finished_at: null,
    })
    .returningAll()
    .executeTakeFirstOrThrow();
  return { kind: 'requested', topUp };
}

export const findTopUp = (db: Db, id: string): Promise<TopUp | undefined> =>
  selectTopUps(db).where('id', '=', id).executeTakeFirst();

/** Newest first. */
export const topUpsOf = (db: Db, customerId: string, limit: number): Promise<readonly TopUp[]> =>
  selectTopUps(db)
    .where('customer_id', '=', customerId)
    .orderBy('id', 'desc')
    .limit(limit)
    .execute();

/** Those that are not over: their workflow must run. */
export async function openTopUps(db: Db): Promise<readonly string[]> {
  const rows = await db
    .selectFrom('top_ups')
    .select('id')
    .where('finished_at', 'is', null)
    // Should there be more than one look can take, none of them is always left out.
    .orderBy(sql`random()`)
    .limit(200)
    .execute();
  return rows.map(({ id }) => id);
}

/** Open ones that the provider calls so. */
export async function topUpsBehind(
  db: Db,
  { providerRef }: { readonly providerRef: string },
): Promise<readonly string[]> {
  const rows = await db
    .selectFrom('top_ups')
    .select('id')
    .where('provider_ref', '=', providerRef)
    .where('finished_at', 'is', null)
    .execute();
  return rows.map(({ id }) => id);
}

export type TopUpNews =
  | SideNews
  /** What came too late was given back; or it cannot be, and stays in the wallet. */
  | { readonly kind: 'returned' }
  | { readonly kind: 'kept'; readonly code: string };

type Answered = { readonly row: TopUp; readonly news: TopUpNews; readonly now: Date };

/** Of the state and attempt that `row` is in. Repeated or outdated, it changes nothing. */
export async function recordTopUpNews(db: Db, { row, news, now }: Answered): Promise<void> {
  await db.transaction().execute(async (trx) => {
    const change = changeOf(row, news, now);
    const { numUpdatedRows } = await trx
      .updateTable('top_ups')
      .set({ attempt: 1, client_secret: null, ...change })
      .set(isTopUpOver(change.status) ? { finished_at: now } : {})
      .where('id', '=', row.id)
      .where('status', '=', row.status)
      .where('attempt', '=', row.attempt)
      .executeTakeFirst();
    const move = moveOf(row, news);
    if (numUpdatedRows !== 1n || move === undefined) return;
    const amountMinor = 'amountMinor' in news ? news.amountMinor : row.amount_minor;
    const { customer_id: customerId, provider, currency } = row;
    const facts = { topUpId: row.id, customerId, provider, amountMinor };
    const posting = topUpPosting(facts, move);
    await postOnce(trx, { posting, orderId: undefined, currency, at: now });
  });
}

type Late = Pick<SideNews & { readonly kind: 'paid' }, 'providerRef' | 'amountMinor'> & {
  readonly id: TopUpId;
  readonly now: Date;
};

/** It was declined here and taken there: its workflow gives it back. False for one that is in any other state. */
export async function returnLateTopUp(db: Db, { id, providerRef, now, ...late }: Late) {
  return db.transaction().execute(async (trx) => {
    const row = await trx
      .updateTable('top_ups')
      .set({ status: 'returning', provider_ref: providerRef, amount_minor: late.amountMinor })
      .set({ attempt: 1, first_sent_at: now, finished_at: null })
      .where('id', '=', id)
      .where('status', '=', 'declined')
      .returning(['customer_id', 'provider', 'currency'])
      .executeTakeFirst();
    if (!row) return false;
    const facts = { topUpId: id, customerId: row.customer_id, provider: row.provider, ...late };
    const posting = topUpPosting(facts, 'top_up_late');
    await postOnce(trx, { posting, orderId: undefined, currency: row.currency, at: now });
    return true;
  });
}

/** It was taken although we had given it up. */
const isLate = ({ status }: TopUp, { kind }: TopUpNews): boolean =>
  status === 'releasing' && kind === 'paid';

function changeOf(row: TopUp, news: TopUpNews, now: Date) {
  if (news.kind === 'returned') return { status: 'returned' } as const;
  if (news.kind === 'kept') return { status: 'paid', code: news.code } as const;
  const change = changeBy(row, news, now);
  return isLate(row, news)
    ? ({ ...change, status: 'returning', first_sent_at: now } as const)
    : change;
}

function moveOf(row: TopUp, news: TopUpNews): TopUpMove | undefined {
  if (news.kind === 'returned') return 'top_up_returned';
  if (news.kind === 'kept') return 'kept';
  if (news.kind !== 'paid') return undefined;
  return isLate(row, news) ? 'top_up_late' : 'top_up';
}
