// Disputes as the provider tells them: rows, postings and incidents of one in one transaction, under the order's lock, so
// that a refund is either before the dispute or refused.

import { disputePostings } from '../domain/dispute.ts';
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

/** Repeatable, in any order: a decided dispute never opens again. Returns whether anything was new. */
export async function recordDispute(db: Db, news: News): Promise<boolean> {
  const { provider } = news;
  const { disputeRef, providerRef, feeMinor, lostMinor, currency, status } = news.dispute;
  return db.transaction().execute(async (trx) => {
    const order = await orderOf(trx, providerRef);
    await lockMoney(trx, order?.id ?? disputeRef);
    const known = await trx
      .selectFrom('disputes')
      .select(['status', 'amount_minor'])
      .where('provider', '=', provider)
      .where('dispute_ref', '=', disputeRef)
      .executeTakeFirst();
    const before = known?.status;
    if (before !== undefined && (before === status || before !== 'open')) return false;
    await saveRow(trx, news, order?.id);
    const amountMinor = known?.amount_minor ?? news.dispute.amountMinor;
    const facts = { provider, disputeRef, amountMinor, feeMinor, lostMinor };
    for (const posting of disputePostings(facts, { before, after: status }))
      await postOnce(trx, { posting, orderId: order?.id, currency, at: news.now });
    await tellPeople(trx, news, order?.id);
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

async function saveRow(
  trx: Db,
  { provider, dispute, now }: News,
  orderId: string | undefined,
): Promise<void> {
  const { disputeRef, status, evidenceDueAt } = dispute;
  const closedAt = status === 'open' ? null : now;
  await trx
    .insertInto('disputes')
    .values({
      provider,
      dispute_ref: disputeRef,
      order_id: orderId ?? null,
      provider_ref: dispute.providerRef,
      amount_minor: dispute.amountMinor,
      currency: dispute.currency,
      status,
      reason: dispute.reason,
      evidence_due_at: evidenceDueAt === undefined ? null : new Date(evidenceDueAt),
      evidence_sent_at: null,
      opened_at: new Date(dispute.openedAt),
      closed_at: closedAt,
    })
    .onConflict((conflict) =>
      conflict.columns(['provider', 'dispute_ref']).doUpdateSet({ status, closed_at: closedAt }),
    )
    .execute();
}

/** An open one needs evidence, a lost one somebody who looks why; a won one needs nobody. */
async function tellPeople(
  trx: Db,
  { dispute, now }: News,
  orderId: string | undefined,
): Promise<void> {
  const { disputeRef, status, amountMinor, reason } = dispute;
  if (status !== 'open') await nobodyNeeded(trx, disputeRef, now);
  if (status === 'won') return;
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

/** What was open for a person to do about it is done. */
async function nobodyNeeded(trx: Db, disputeRef: string, now: Date): Promise<void> {
  await trx
    .updateTable('incidents')
    .set({ resolved_at: now })
    .where('key', '=', `${disputeRef}:dispute_open`)
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
  await nobodyNeeded(trx, disputeRef, now);
}

type Sent = { readonly disputeRef: string; readonly now: Date };
