// What becomes of a refund once it may be sent. Every step is one transaction with its postings, guarded by the state
// that it starts from, so that a step that is repeated changes nothing; and by the news of it, so that an answer that is
// older than they are changes nothing either.

import { sql } from 'kysely';
import {
  isPaidByHand,
  refundEndPosting,
  refundPostings,
  type RefundFacts,
  type RefundStatus,
} from '../domain/refund.ts';
import { settlementOf, type Settlement } from '../domain/refund-settlement.ts';
import type { Db } from './connect.ts';
import { postOnce } from './ledger.ts';
import { isDisputedSince } from './refund-basis.ts';
import { lockMoney, type Refund } from './refunds.ts';
import { closeAttempt } from './support-attempts.ts';

/** The provider's news name the payment; mobile money's, which pays refunds out, the refund. */
const isBehind = (ref: string) => sql<boolean>`(provider_ref = ${ref} OR id = ${ref})`;

/** Of a payment's refunds, or of one refund: what is still under way. */
export async function refundsBehind(db: Db, ref: string): Promise<readonly string[]> {
  const rows = await db
    .selectFrom('refunds')
    .select('id')
    .where(isBehind(ref))
    .where('finished_at', 'is', null)
    .execute();
  return rows.map((row) => row.id);
}

type Behind = { readonly ref: string; readonly now: Date };

/**
 * What was refunded may come back: it is looked at once more, and what a look that is under way has read counts no more.
 * False when some of it is still being sent; what is in doubt waits for people, and keeps no other's news.
 */
export async function reopenRefunds(db: Db, { ref, now }: Behind): Promise<boolean> {
  const behind = db.selectFrom('refunds').select('id').where(isBehind(ref));
  const sent = behind.where('status', '=', 'sending').where('doubt', 'is', null);
  if (await sent.executeTakeFirst()) return false;
  await db
    .updateTable('refunds')
    .set((eb) => ({
      status: sql<RefundStatus>`CASE status WHEN 'sending' THEN status ELSE 'pending' END`,
      news: eb('news', '+', 1),
      reopened_at: now,
      finished_at: null,
    }))
    .where(isBehind(ref))
    .where(
      sql<boolean>`(status IN ('pending', 'refunded') OR status = 'sending' AND doubt IS NOT NULL)`,
    )
    .execute();
  return true;
}

export const factsOf = (row: Refund): RefundFacts => ({
  refundId: row.id,
  orderId: row.order_id,
  customerId: row.customer_id,
  provider: row.provider,
  amountMinor: row.amount_minor,
  bearers: row.bearers,
});

/** Intent before effect: from here on the provider may have been asked under attempt `n`, or a person has to pay. */
export async function intendRefund(db: Db, row: Refund, now: Date): Promise<void> {
  await db.transaction().execute(async (trx) => {
    await lockMoney(trx, row.order_id);
    // It may have been disputed since somebody asked for it: the payer’s bank gives it back.
    const payment = { id: row.order_id, providerRef: row.provider_ref };
    const disputed = await isDisputedSince(trx, payment, row.created_at);
    const status = isPaidByHand(row.provider) ? 'payable' : 'sending';
    const { numUpdatedRows } = await trx
      .updateTable('refunds')
      .set(
        disputed
          ? { status: 'failed', code: 'disputed', finished_at: now }
          : { status, attempt: 1, first_sent_at: now },
      )
      .where('id', '=', row.id)
      .where('status', '=', 'requested')
      .executeTakeFirst();
    if (numUpdatedRows !== 1n) return;
    if (disputed) return openIncident(trx, { row, kind: 'refund_failed', code: 'disputed', now });
    for (const posting of refundPostings(factsOf(row)))
      await postOnce(trx, { posting, orderId: row.order_id, currency: row.currency, at: now });
  });
}

export type RefundNews =
  | { readonly kind: 'refunded'; readonly refundRef: string }
  | { readonly kind: 'pending'; readonly refundRef: string }
  | { readonly kind: 'failed'; readonly code: string }
  /** Nothing happened under this attempt and nothing ever will. */
  | { readonly kind: 'not_executed' };

type Answered = { readonly row: Refund; readonly news: RefundNews; readonly now: Date };

/** A definitive answer to the attempt that `row` is in. Repeated or outdated, it changes nothing. */
export async function recordRefundNews(db: Db, { row, news, now }: Answered): Promise<void> {
  await db.transaction().execute((trx) => applyRefundNews(trx, { row, news, now }));
}

/** Within a transaction. */
export async function applyRefundNews(trx: Db, { row, news, now }: Answered): Promise<void> {
  // What `row` says of doubts may be outdated: they are no news of the refund.
  const before = await trx
    .selectFrom('refunds')
    .select(['doubt', 'settlement', 'refunded_at'])
    .where('id', '=', row.id)
    .forUpdate()
    .executeTakeFirstOrThrow();
  const asked = settlementOf(before);
  const { numUpdatedRows } = await updateMoving(trx, row)
    .set({ ...changeOf(row, news, now), doubt: null, ...(asked && { settlement: null }) })
    .executeTakeFirst();
  if (numUpdatedRows === 0n) return;
  if (before.doubt !== null) await endDoubt(trx, { row, asked, now });
  if (news.kind !== 'refunded' && news.kind !== 'failed') return;
  const wasRefunded = before.refunded_at !== null;
  // Confirmed once: what it is now differs from that by what was settled.
  if (news.kind === 'refunded' && wasRefunded) return;
  const end = wasRefunded ? 'returned' : news.kind;
  await postRefundEnd(trx, { row, end, now });
  // The customer was told that what came back had arrived.
  const kind = end === 'returned' ? 'refund_returned' : 'refund_failed';
  if (news.kind === 'failed') await openIncident(trx, { row, kind, code: news.code, now });
}

/** As long as the provider works on it and `row` is not outdated. */
export const updateMoving = (trx: Db, { id, attempt, news }: Refund) =>
  trx
    .updateTable('refunds')
    .where('id', '=', id)
    .where('status', 'in', ['sending', 'pending'])
    .where('attempt', '=', attempt)
    .where('news', '=', news);

type Doubted = { readonly row: Refund; readonly code: string; readonly now: Date };
const doubtKind = 'refund_answer_differs';

/** The provider said what cannot be true: somebody must look, again at each new doubt. */
export async function doubtRefund(db: Db, { row, code, now }: Doubted): Promise<void> {
  await db.transaction().execute(async (trx) => {
    const { numUpdatedRows } = await updateMoving(trx, row)
      .set({ doubt: code })
      .where(sql<boolean>`doubt IS DISTINCT FROM ${code}`)
      .executeTakeFirst();
    if (numUpdatedRows === 0n) return;
    await openIncident(trx, { row, kind: doubtKind, code, now });
    await setIncident(trx, row, null);
  });
}

type Believed = {
  readonly row: Refund;
  readonly asked: Settlement | undefined;
  readonly now: Date;
};

/** Nobody has to look any more, nor to answer who asked for another end of it. */
async function endDoubt(trx: Db, { row, asked, now }: Believed): Promise<void> {
  await setIncident(trx, row, now);
  if (asked === undefined) return;
  const { commandId } = asked;
  await closeAttempt(trx, { commandId, outcome: 'refused', code: 'refund_not_in_doubt', now });
}

const setIncident = (trx: Db, { id }: Refund, at: Date | null) =>
  trx
    .updateTable('incidents')
    .set({ resolved_at: at })
    .where('key', '=', `${id}:${doubtKind}`)
    .execute();

type Ended = {
  readonly row: Refund;
  readonly end: 'refunded' | 'failed' | 'returned';
  readonly now: Date;
};

export async function postRefundEnd(trx: Db, { row, end, now }: Ended): Promise<void> {
  const posting = refundEndPosting(factsOf(row), end);
  await postOnce(trx, { posting, orderId: row.order_id, currency: row.currency, at: now });
}

function changeOf(row: Refund, news: RefundNews, now: Date) {
  switch (news.kind) {
    case 'refunded': {
      const at = row.refunded_at ?? now;
      const ended = { refunded_at: at, finished_at: at };
      return { status: 'refunded', refund_ref: news.refundRef, ...ended } as const;
    }
    case 'pending':
      return { status: 'pending', refund_ref: news.refundRef } as const;
    case 'failed':
      return { status: 'failed', code: news.code, finished_at: now } as const;
    case 'not_executed':
      return { status: 'sending', attempt: row.attempt + 1, first_sent_at: now } as const;
  }
}

type Incident = {
  readonly row: Refund;
  readonly kind: string;
  readonly code: string;
  readonly now: Date;
};

/** Once per refund and kind. */
export async function openIncident(db: Db, { row, kind, code, now }: Incident): Promise<void> {
  await db
    .insertInto('incidents')
    .values({
      key: `${row.id}:${kind}`,
      order_id: row.order_id,
      kind,
      detail: JSON.stringify({ refund_id: row.id, amount_minor: row.amount_minor, code }),
      at: now,
      resolved_at: null,
    })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}
