// Payouts: asked for by a run of the market or by somebody, carried on by their workflow. Every step is one transaction
// with its postings, guarded by the state that it starts from, so that a step that is repeated changes nothing. What a
// party is paid is decided under its lock: two payouts that decide at once share what is due, and never pay it twice.

import { sql } from 'kysely';
import type { Actor } from '../domain/events.ts';
import type { PayoutId } from '../domain/ids.ts';
import type { Posting } from '../domain/ledger.ts';
import {
  isPayoutOver,
  parsePayoutName,
  payoutEndPosting,
  payoutNameOf,
  payoutSentPosting,
  planPayout,
  planPostings,
  type PartyKind,
  type PayoutFacts,
  type PayoutName,
  type PayoutPlan,
  type PayoutStatus,
} from '../domain/payout.ts';
import type { OurPayout } from '../domain/reconcile.ts';
import type { Db } from './connect.ts';
import { postOnce } from './ledger.ts';
import { pageOf, type Page, type PageOf } from './page.ts';
import { findPayoutAccount } from './payout-accounts.ts';
import { readPayoutBasis } from './payout-basis.ts';
import { lockMoney } from './refunds.ts';

const selectPayouts = (db: Db) => db.selectFrom('payouts').selectAll();
export type Payout = Awaited<
  ReturnType<ReturnType<typeof selectPayouts>['executeTakeFirstOrThrow']>
>;

export type NewPayout = PayoutName & {
  readonly id: PayoutId;
  readonly kind: PartyKind;
  readonly marketId: string;
  readonly currency: string;
  /** What was earned before this is paid. */
  readonly endsAt: Date;
  readonly instant: boolean;
  readonly actor: Actor;
  readonly now: Date;
};

/** Those that were not there before; a period is paid once per party. */
export async function insertPayouts(
  db: Db,
  payouts: readonly NewPayout[],
): Promise<readonly Payout[]> {
  if (payouts.length === 0) return [];
  return db
    .insertInto('payouts')
    .values(
      payouts.map(
        ({ party, period, id, kind, marketId, currency, endsAt, instant, actor, now }) => ({
          party,
          period,
          id,
          kind,
          market_id: marketId,
          currency,
          ends_at: endsAt,
          instant,
          status: 'requested' as const,
          code: null,
          amount_minor: null,
          rail: null,
          destination: null,
          provider_ref: null,
          requested_by: JSON.stringify(actor),
          created_at: now,
          first_sent_at: null,
          paid_at: null,
          finished_at: null,
        }),
      ),
    )
    .onConflict((conflict) => conflict.columns(['party', 'period']).doNothing())
    .returningAll()
    .execute();
}

export const findPayout = (db: Db, { party, period }: PayoutName): Promise<Payout | undefined> =>
  selectPayouts(db).where('party', '=', party).where('period', '=', period).executeTakeFirst();

export const findPayoutById = (db: Db, id: string): Promise<Payout | undefined> =>
  selectPayouts(db).where('id', '=', id).executeTakeFirst();

type Listed = {
  /** Only of one party, one market. */
  readonly party?: string | undefined;
  readonly marketId?: string | undefined;
  readonly page: Page;
};

/** Newest first. */
export async function listPayouts(
  db: Db,
  { party, marketId, page: { after, limit } }: Listed,
): Promise<PageOf<Payout>> {
  const rows = await selectPayouts(db)
    .$if(party !== undefined, (query) => query.where('party', '=', party ?? ''))
    .$if(marketId !== undefined, (query) => query.where('market_id', '=', marketId ?? ''))
    .$if(after !== undefined, (query) => query.where('id', '<', after ?? ''))
    .orderBy('id', 'desc')
    .limit(limit + 1)
    .execute();
  return pageOf(rows, limit);
}

/** Payouts that are not over: their workflow must run. */
export async function openPayouts(db: Db): Promise<readonly PayoutName[]> {
  return (
    db
      .selectFrom('payouts')
      .select(['party', 'period'])
      .where('finished_at', 'is', null)
      // Should there be more than one look can take, none of them is always left out.
      .orderBy(sql`random()`)
      .limit(200)
      .execute()
  );
}

/** Money is due that may not go yet: so long it waits, then it is left to the next period. */
const heldForMs = 7 * 86_400_000;

/** Decides what is paid. Intent before effect: from a payout on that is `sending`, the provider may have been asked. */
export async function decidePayout(db: Db, row: Payout, now: Date): Promise<void> {
  await db.transaction().execute(async (trx) => {
    await lockMoney(trx, row.party);
    const account = await findPayoutAccount(trx, row.party);
    const { rail = null, destination = null } = account ?? {};
    const plan = planPayout(await readPayoutBasis(trx, { row, account, now }));
    const waits = plan.kind === 'hold' && now.getTime() - row.created_at.getTime() < heldForMs;
    const { numUpdatedRows } = await trx
      .updateTable('payouts')
      .set(waits ? { status: 'held', code: plan.code } : decisionOf(plan, now))
      .set(plan.kind === 'pay' ? { rail, destination } : {})
      .where('party', '=', row.party)
      .where('period', '=', row.period)
      .where('status', 'in', ['requested', 'held'])
      .executeTakeFirst();
    if (numUpdatedRows !== 1n || waits) return;
    for (const posting of planPostings(row, plan)) await post(trx, { row, posting, now });
    if (plan.kind !== 'pay' || rail === null) return;
    const facts = { ...row, rail, amountMinor: plan.amountMinor };
    await post(trx, { row, posting: payoutSentPosting(facts), now });
  });
}

function decisionOf(plan: PayoutPlan, now: Date) {
  if (plan.kind !== 'pay') return { status: 'skipped', code: plan.code, finished_at: now } as const;
  const { amountMinor: amount_minor } = plan;
  return { status: 'sending', code: null, amount_minor, attempt: 1, first_sent_at: now } as const;
}

type Posted = { readonly row: Payout; readonly posting: Posting; readonly now: Date };

const post = (trx: Db, { row: { currency }, posting, now }: Posted) =>
  postOnce(trx, { posting, orderId: undefined, currency, at: now });

export type PayoutNews =
  | { readonly kind: 'paid' | 'in_transit'; readonly payoutRef: string }
  | { readonly kind: 'failed'; readonly code: string }
  /** Nothing happened under this attempt and nothing ever will. */
  | { readonly kind: 'not_executed' };

type Answered = { readonly row: Payout; readonly news: PayoutNews; readonly now: Date };

/** A definitive answer to the attempt that `row` is in. Repeated or outdated, it changes nothing. */
export async function recordPayoutNews(db: Db, { row, news, now }: Answered): Promise<void> {
  await db.transaction().execute(async (trx) => {
    const change = changeOf(row, news, now);
    const { numUpdatedRows } = await trx
      .updateTable('payouts')
      .set(change)
      .set(isPayoutOver(change.status) ? { finished_at: now } : {})
      .where('party', '=', row.party)
      .where('period', '=', row.period)
      .where('status', 'in', ['sending', 'in_transit'])
      .where('attempt', '=', row.attempt)
      .where('news', '=', row.news)
      .executeTakeFirst();
    if (numUpdatedRows !== 1n || (news.kind !== 'paid' && news.kind !== 'failed')) return;
    const wasPaid = row.paid_at !== null;
    const posting = payoutEndPosting(factsOf(row), { kind: news.kind, wasPaid });
    await post(trx, { row, posting, now });
    if (news.kind === 'failed')
      await tellPeople(trx, { row, kind: 'payout_failed', code: news.code, now });
  });
}

function changeOf(row: Payout, news: PayoutNews, now: Date) {
  switch (news.kind) {
    case 'paid':
      return { status: 'paid', provider_ref: news.payoutRef, paid_at: row.paid_at ?? now } as const;
    case 'in_transit':
      return { status: 'in_transit', provider_ref: news.payoutRef } as const;
    case 'failed':
      return { status: 'failed', code: news.code } as const;
    case 'not_executed':
      return { status: 'sending', attempt: row.attempt + 1, first_sent_at: now } as const;
  }
}

/** Throws (a bug) before the amount is fixed. */
function factsOf({ rail, amount_minor: amountMinor, ...row }: Payout): PayoutFacts {
  if (rail === null || amountMinor === null) throw new Error('this payout was never decided on');
  return { party: row.party, period: row.period, kind: row.kind, rail, amountMinor };
}

/**
 * What was paid may come back: it is looked at once more, and what a look that is under way has read counts no more.
 * `sending`: the answer that is on its way may be older than this news; `over`: there is nothing to look at.
 */
export async function reopenPayout(
  db: Db,
  { party, period }: PayoutName,
): Promise<'reopened' | 'sending' | 'over'> {
  const { numUpdatedRows } = await db
    .updateTable('payouts')
    .set((eb) => ({ status: 'in_transit', news: eb('news', '+', 1), finished_at: null }))
    .where('party', '=', party)
    .where('period', '=', period)
    .where('status', 'in', ['in_transit', 'paid'])
    .executeTakeFirst();
  if (numUpdatedRows === 1n) return 'reopened';
  const row = await findPayout(db, { party, period });
  return row?.status === 'sending' ? 'sending' : 'over';
}

const ours = (db: Db) =>
  db
    .selectFrom('payouts')
    .select(['party', 'period', 'id', 'status', 'amount_minor', 'currency'])
    .where('rail', '=', 'stripe');

const ourPayout = (row: {
  readonly party: string;
  readonly period: string;
  readonly status: PayoutStatus;
  readonly amount_minor: number | null;
  readonly currency: string;
}): OurPayout => ({
  name: payoutNameOf(row),
  status: row.status,
  amountMinor: row.amount_minor ?? undefined,
  currency: row.currency,
});

/** By name, those of them that are ours. */
export async function payoutsNamed(
  db: Db,
  names: readonly string[],
): Promise<ReadonlyMap<string, OurPayout>> {
  const rows = await ours(db)
    .where(sql<boolean>`party || ':' || period = ANY(${[...names]}::text[])`)
    .where('party', 'in', ['', ...names.flatMap((name) => parsePayoutName(name)?.party ?? [])])
    .execute();
  return new Map(rows.map((row) => [payoutNameOf(row), ourPayout(row)]));
}

/** Where payouts went that were sent since then and count as paid. */
export async function destinationsPaid(
  db: Db,
  { since, after = '' }: { readonly since: Date; readonly after?: string | undefined },
): Promise<readonly string[]> {
  const rows = await db
    .selectFrom('payouts')
    .select('destination')
    .distinct()
    .where('rail', '=', 'stripe')
    .where('status', '=', 'paid')
    .where('first_sent_at', '>=', since)
    .where('destination', '>', after)
    .orderBy('destination')
    .execute();
  return rows.flatMap(({ destination }) => destination ?? []);
}

/** Sent since then, in pages by id. */
export async function payoutsSent(
  db: Db,
  { since, after, limit }: { readonly since: Date; readonly after: string; readonly limit: number },
): Promise<{ readonly payouts: readonly OurPayout[]; readonly next: string | undefined }> {
  const rows = await ours(db)
    .where('first_sent_at', '>=', since)
    .where('id', '>', after)
    .orderBy('id')
    .limit(limit)
    .execute();
  return {
    payouts: rows.map(ourPayout),
    next: rows.length === limit ? rows.at(-1)?.id : undefined,
  };
}

type Incident = {
  readonly row: Payout;
  readonly kind: string;
  readonly code: string;
  readonly now: Date;
};

/** Once per payout and kind. */
export async function tellPeople(db: Db, { row, kind, code, now }: Incident): Promise<void> {
  const { party, period, amount_minor, currency } = row;
  await db
    .insertInto('incidents')
    .values({
      key: `${party}:${period}:${kind}`,
      order_id: null,
      kind,
      detail: JSON.stringify({ party, period, amount_minor, currency, code }),
      at: now,
      resolved_at: null,
    })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}
