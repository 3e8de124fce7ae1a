// A refund in doubt, settled by two persons: one asks for an end, a second agrees, and both have seen the provider's books.
// The row guards every step: what was read of it before the last one changes nothing.

import { sql } from 'kysely';
import type { Actor } from '../domain/events.ts';
import {
  settledPosting,
  settlementOf,
  type Booked,
  type Settlement,
} from '../domain/refund-settlement.ts';
import type { Db } from './connect.ts';
import { postOnce } from './ledger.ts';
import { applyRefundNews, factsOf, updateMoving, type RefundNews } from './refund-steps.ts';
import { lockMoney, type Refund } from './refunds.ts';
import { closeAttempt } from './support-attempts.ts';

/** As long as for any other decision on a refund. */
const decideWithinMs = 72 * 3_600_000;

/** From here on nothing more is sent, until it is decided or has lapsed. False: the row has moved on. */
export async function proposeSettlement(
  db: Db,
  row: Refund,
  settlement: Settlement,
): Promise<boolean> {
  const { numUpdatedRows } = await updateMoving(db, row)
    .set({
      settlement: JSON.stringify(settlement),
      decide_before: new Date(settlement.at + decideWithinMs),
    })
    .where('doubt', 'is not', null)
    .where(sql<boolean>`(settlement IS NULL OR settlement->'approvedBy' IS NOT NULL)`)
    .executeTakeFirst();
  return numUpdatedRows > 0n;
}

type Dropped = { readonly row: Refund; readonly by: Actor; readonly now: Date };

/** A second person says no, or nobody anything: the provider is asked again. False: the row has moved on. */
export const dropSettlement = (db: Db, { row, by, now }: Dropped): Promise<boolean> =>
  db.transaction().execute(async (trx) => {
    const asked = settlementOf(row);
    if (asked === undefined) return false;
    const { commandId } = asked;
    const { numUpdatedRows } = await updateMoving(trx, row)
      .set({ settlement: null })
      .where(sql<boolean>`settlement->>'commandId' = ${commandId}`)
      .executeTakeFirst();
    if (numUpdatedRows === 0n) return false;
    const code = by.kind === 'system' ? 'approval_expired' : 'approval_rejected';
    await closeAttempt(trx, { commandId, outcome: 'refused', code, ...approver(by), now });
    return true;
  });

type Approved = Dropped & { readonly booked: Booked | null };

/** As the books show it now: the rest of what was posted is taken back, and then it ends or waits for the bank. */
export const settleRefund = (db: Db, { row, booked, by, now }: Approved): Promise<boolean> =>
  db.transaction().execute(async (trx) => {
    await lockMoney(trx, row.order_id);
    const asked = settlementOf(row);
    if (asked === undefined) return false;
    const { commandId } = asked;
    const amended = amendmentOf(row, booked);
    const changed = await updateMoving(trx, row)
      .set({
        ...amended?.change,
        settlement: JSON.stringify({ ...asked, booked, approvedBy: by }),
        news: row.news + 1,
      })
      .where('doubt', 'is not', null)
      .where(sql<boolean>`settlement->>'commandId' = ${commandId}`)
      .returningAll()
      .executeTakeFirst();
    if (!changed) return false;
    const { order_id: orderId, currency } = row;
    if (amended) await postOnce(trx, { posting: amended.posting, orderId, currency, at: now });
    await applyRefundNews(trx, { row: changed, news: newsOf(booked), now });
    await closeAttempt(trx, { commandId, outcome: 'done', ...approver(by), now });
    return true;
  });

/** Undefined: the amount stays. */
function amendmentOf(row: Refund, booked: Booked | null) {
  if (booked === null || booked.amountMinor === row.amount_minor) return undefined;
  const { amountMinor } = booked;
  const settled = { facts: factsOf(row), wasRefunded: row.refunded_at !== null, n: row.news };
  const { bearers, posting } = settledPosting(settled, amountMinor);
  return {
    posting,
    change: {
      amount_minor: amountMinor,
      bearers: JSON.stringify(bearers),
      asked_minor: row.asked_minor ?? row.amount_minor,
    },
  };
}

function newsOf(booked: Booked | null): RefundNews {
  if (booked === null) return { kind: 'failed', code: 'not_in_books' };
  const { refundRef, status } = booked;
  return { kind: status === 'refunded' ? 'refunded' : 'pending', refundRef };
}

const approver = (by: Actor): { readonly approvedBy?: string } =>
  'id' in by ? { approvedBy: by.id } : {};
