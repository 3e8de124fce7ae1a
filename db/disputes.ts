// Disputes as the provider tells them: rows, postings and incidents of one in one transaction, under the order's lock, so
// that a refund is either before the dispute or refused.

import { bookDispute, isOutdated, type BookedDispute } from '../domain/dispute.ts';
import type { ProviderName } from '../domain/payment-methods.ts';
import type { ProviderDispute } from '../domain/provider-books.ts';
import type { Db } from './connect.ts';
import { postOnce } from './ledger.ts';
import { lockMoney } from './refunds.ts';

type News = {
  readonly provider: ProviderName;
  readonly dispute: ProviderDispute;
  readonly now: Date;
};

/** Repeatable, in any order: what is older than what is booked changes nothing. Returns whether anything was new. */
export async function recordDispute(db: Db, news: News): Promise<boolean> {
  const { provider } = news;
  const { disputeRef, providerRef, currency, status } = news.dispute;
  return db.transaction().execute(async (trx) => {
    const order = await orderOf(trx, providerRef);
    await lockMoney(trx, order?.id ?? disputeRef);
    const known = await trx
      .selectFrom('disputes')
      .select(['status', 'amount_minor', 'closed_at'])
      .select(['lost_minor as lostMinor', 'fee_minor as feeMinor', 'fee_postings as feePostings'])
      .where('provider', '=', provider)
      .where('dispute_ref', '=', disputeRef)
      .executeTakeFirst();
    if (isOutdated(known, status)) return false;
    const amountMinor = known?.amount_minor ?? news.dispute.amountMinor;
    const { booked, postings } = bookDispute({ ...news.dispute, provider, amountMinor }, known);
    const isChanged = known?.status !== status;
    if (!isChanged && postings.length === 0) return false;
    const decidedAt = status === 'open' ? null : news.now;
    const closedAt = isChanged ? decidedAt : known.closed_at;
    await saveRow(trx, news, { orderId: order?.id, booked, closedAt });
    for (const posting of postings)
      await postOnce(trx, { posting, orderId: order?.id, currency, at: news.now });
    if (isChanged) await tellPeople(trx, news, order?.id);
    return true;
  });
}

/** By its own payment or by that of a later tip. */
const orderOf = (trx: Db, providerRef: string): Promise<{ readonly id: string } | undefined> =>
  trx
    .selectFrom('orders')
    .select('id')
    .where('provider_ref', '=', providerRef)
    .union(trx.selectFrom('tips').select('order_id as id').where('provider_ref', '=', providerRef))
    .executeTakeFirst();

/** An order's, a later tip's or a top-up's. */
export async function isPaymentOfOurs(db: Db, providerRef: string): Promise<boolean> {
  const known =
    (await orderOf(db, providerRef)) ??
    (await db
      .selectFrom('top_ups')
      .select('id')
      .where('provider_ref', '=', providerRef)
      .executeTakeFirst());
  return known !== undefined;
}

type Row = {
  readonly orderId: string | undefined;
  readonly booked: BookedDispute;
  readonly closedAt: Date | null;
};

async function saveRow(
  trx: Db,
  { provider, dispute }: News,
  { orderId, booked, closedAt }: Row,
): Promise<void> {
  const { disputeRef, evidenceDueAt } = dispute;
  const { status, lostMinor: lost_minor, feeMinor: fee_minor, feePostings: fee_postings } = booked;
  const change = { status, closed_at: closedAt, lost_minor, fee_minor, fee_postings };
  await trx
    .insertInto('disputes')
    .values({
      provider,
      dispute_ref: disputeRef,
      order_id: orderId ?? null,
      provider_ref: dispute.providerRef,
      amount_minor: dispute.amountMinor,
      currency: dispute.currency,
      ...change,
      reason: dispute.reason,
      evidence_due_at: evidenceDueAt === undefined ? null : new Date(evidenceDueAt),
      evidence_sent_at: null,
      opened_at: new Date(dispute.openedAt),
    })
    .onConflict((conflict) => conflict.columns(['provider', 'dispute_ref']).doUpdateSet(change))
    .execute();
}

/** An open one needs evidence, a lost one somebody who looks why; a won one needs nobody. */
async function tellPeople(
  trx: Db,
  { dispute, now }: News,
  orderId: string | undefined,
): Promise<void> {
  const { disputeRef, status, amountMinor, reason } = dispute;
  if (status !== 'open') await nobodyNeeded(trx, { disputeRef, status: 'open', now });
  if (status === 'won') return nobodyNeeded(trx, { disputeRef, status: 'lost', now });
  await trx
    .insertInto('incidents')
    .values({
      key: `${disputeRef}:dispute_${status}`,
      order_id: orderId ?? null,
      kind: `dispute_${status}`,
      detail: JSON.stringify({ dispute_ref: disputeRef, amount_minor: amountMinor, reason }),
      at: now,
      resolved_at: null,
    })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}

type Needing = {
  readonly disputeRef: string;
  readonly status: 'open' | 'lost';
  readonly now: Date;
};

/** What there was for a person to do about it is done. */
async function nobodyNeeded(trx: Db, { disputeRef, status, now }: Needing): Promise<void> {
  await trx
    .updateTable('incidents')
    .set({ resolved_at: now })
    .where('key', '=', `${disputeRef}:dispute_${status}`)
    .where('resolved_at', 'is', null)
    .execute();
}

const selectDisputes = (db: Db) => db.selectFrom('disputes').selectAll();
export type DisputeRow = Awaited<
  ReturnType<ReturnType<typeof selectDisputes>['executeTakeFirstOrThrow']>
>;

export const findDispute = (db: Db, disputeRef: string): Promise<DisputeRow | undefined> =>
  selectDisputes(db).where('dispute_ref', '=', disputeRef).executeTakeFirst();

/** Oldest first. */
export const disputesOfOrder = (db: Db, orderId: string): Promise<readonly DisputeRow[]> =>
  selectDisputes(db).where('order_id', '=', orderId).orderBy('opened_at').execute();

/** The provider has heard our side. Call inside a transaction. */
export async function evidenceSent(trx: Db, { disputeRef, now }: Sent): Promise<void> {
  await trx
    .updateTable('disputes')
    .set({ evidence_sent_at: now })
    .where('dispute_ref', '=', disputeRef)
    .execute();
  await nobodyNeeded(trx, { disputeRef, status: 'open', now });
}

type Sent = { readonly disputeRef: string; readonly now: Date };
