// Refunds, asked for under a lock per order and decided on. Their workflow carries them on (refund-steps.ts).

import { sql } from 'kysely';
import type { Actor } from '../domain/events.ts';
import type { Refusal } from '../domain/errors.ts';
import type { RefundId } from '../domain/ids.ts';
import type { LedgerEntry } from '../domain/ledger.ts';
import { sumMinor } from '../domain/money.ts';
import {
  goodsTaxIn,
  needsApproval,
  planRefund,
  type OwnRefundReason,
  type RefundFault,
  type RefundReason,
  type RefundStatus,
  type RefundWish,
} from '../domain/refund.ts';
import { bearersOf, cutOff } from '../domain/refund-shares.ts';
import type { Db } from './connect.ts';
import { newId } from './new-id.ts';
import { readRefundBasis, type RefundTarget } from './refund-basis.ts';
import { legsOf } from './refund-legs.ts';

const selectRefunds = (db: Db) => db.selectFrom('refunds').selectAll();
export type Refund = Awaited<
  ReturnType<ReturnType<typeof selectRefunds>['executeTakeFirstOrThrow']>
>;

const approvalMs = 72 * 3_600_000;
const duplicateMs = 10 * 60_000;

export type NewRefund = {
  readonly id: RefundId;
  readonly order: RefundTarget;
  readonly wish: RefundWish;
  readonly fault: RefundFault;
  readonly reason: RefundReason;
  readonly actor: Actor;
  readonly noteId: string | undefined;
  /** The caller knows of an equal refund of the last minutes and means another one. */
  readonly again: boolean;
  readonly now: Date;
};

export type Requested =
  | { readonly kind: 'requested'; readonly refund: Refund }
  | { readonly kind: 'refused'; readonly refusal: Refusal };

/** One at a time per order: two people who ask at once meet each other's refund. Call inside a transaction. */
export async function requestRefund(trx: Db, input: NewRefund): Promise<Requested> {
  const { order, wish, fault, now } = input;
  await lockMoney(trx, order.id);
  const twin = input.again ? undefined : await findTwin(trx, input);
  if (twin) return { kind: 'refused', refusal: duplicateOf(twin) };
  const known = await readRefundBasis(trx, order, wish);
  const { basis, earners, inAll, approvalAboveMinor } = known;
  const plan = planRefund(basis, wish);
  if (plan.kind === 'refused') return plan;
  const { amountMinor, itemsMinor } = plan;
  const goodsTaxMinor = goodsTaxIn(basis, wish, amountMinor);
  const waits =
    input.actor.kind !== 'system' && needsApproval({ ...inAll, amountMinor, approvalAboveMinor });
  const refund = await insertLegs(trx, {
    id: input.id,
    order,
    amountMinor,
    itemsMinor,
    status: waits ? 'awaiting_approval' : 'requested',
    fault,
    reason: input.reason,
    wish,
    bearers: bearersOf(amountMinor, { fault, earners, goodsTaxMinor }),
    actor: input.actor,
    noteId: input.noteId,
    now,
    decideBefore: waits ? new Date(now.getTime() + approvalMs) : undefined,
  });
  return { kind: 'requested', refund };
}

/** One row per payment that gives; the first stands for all of them. */
async function insertLegs(trx: Db, row: Omit<Row, 'partOf'>): Promise<Refund> {
  const legs = await legsOf(trx, row.order, row.amountMinor);
  let bearers = row.bearers;
  const made: Refund[] = [];
  for (const { amountMinor, ...payment } of legs) {
    const [first] = made;
    const [own, rest] = cutOff(bearers, amountMinor);
    bearers = rest;
    made.push(
      await insertRefund(trx, {
        ...row,
        order: { ...row.order, ...payment },
        amountMinor,
        bearers: own,
        // What was asked for stands with the first, so that it counts once.
        ...(first && {
          id: newId('refund', row.now.getTime()),
          wish: { kind: 'amount', amountMinor },
          itemsMinor: 0,
          partOf: first.id,
        }),
      }),
    );
  }
  const [first] = made;
  if (!first) throw new Error(`no payment of ${row.order.id} gives anything back`);
  return first;
}

type Row = Omit<NewRefund, 'again'> & {
  readonly partOf?: string;
  readonly amountMinor: number;
  readonly itemsMinor: number;
  readonly status: RefundStatus;
  readonly bearers: readonly LedgerEntry[];
  readonly decideBefore: Date | undefined;
};

const insertRefund = (trx: Db, row: Row): Promise<Refund> =>
  trx
    .insertInto('refunds')
    .values({
      id: row.id,
      order_id: row.order.id,
      merchant_id: row.order.merchantId,
      customer_id: row.order.customerId,
      currency: row.order.currency,
      amount_minor: row.amountMinor,
      items_minor: row.itemsMinor,
      status: row.status,
      fault: row.fault,
      reason: row.reason,
      wish: JSON.stringify(row.wish),
      bearers: JSON.stringify(row.bearers),
      provider: row.order.provider,
      provider_ref: row.order.providerRef,
      refund_ref: null,
      code: null,
      requested_by: JSON.stringify(row.actor),
      decided_by: null,
      note_id: row.noteId ?? null,
      part_of: row.partOf ?? null,
      created_at: row.now,
      decide_before: row.decideBefore ?? null,
      first_sent_at: null,
      finished_at: null,
    })
    .returningAll()
    .executeTakeFirstOrThrow();

type GiveBack = {
  readonly order: RefundTarget;
  readonly amountMinor: number;
  readonly reason: OwnRefundReason;
  /** Whose account the money lies in. */
  readonly from: Omit<LedgerEntry, 'amountMinor'>;
  readonly now: Date;
};

/**
 * What no settlement asks for goes back, unless it is on its way already; its workflow is started by the housekeeping.
 * Call inside a transaction.
 */
export async function giveBack(trx: Db, { order, reason, from, now, ...due }: GiveBack) {
  await lockMoney(trx, order.id);
  const amountMinor = due.amountMinor - (await underWay(trx, order));
  if (amountMinor <= 0) return;
  await insertLegs(trx, {
    id: newId('refund', now.getTime()),
    order,
    amountMinor,
    itemsMinor: 0,
    status: 'requested',
    fault: 'platform',
    reason,
    wish: { kind: 'amount', amountMinor },
    bearers: [{ ...from, amountMinor }],
    actor: { kind: 'system' },
    noteId: undefined,
    now,
    decideBefore: undefined,
  });
}

/** What refunds of this payment give back or gave. */
async function underWay(trx: Db, { id, provider, providerRef }: RefundTarget): Promise<number> {
  const alive = await selectRefunds(trx)
    .where('order_id', '=', id)
    .$if(provider !== 'split', (query) => query.where('provider_ref', '=', providerRef))
    .where('status', 'not in', ['failed', 'rejected'])
    .execute();
  return sumMinor(alive.map((refund) => refund.amount_minor));
}

/** Whoever changes what an order's money is, waits here for the one before. Ends with the transaction. */
export async function lockMoney(trx: Db, orderId: string): Promise<void> {
  await sql`SELECT pg_advisory_xact_lock(hashtextextended(${`money:${orderId}`}, 0))`.execute(trx);
}

const findTwin = (trx: Db, { order, wish, fault, reason, now }: NewRefund) =>
  selectRefunds(trx)
    .where('order_id', '=', order.id)
    .where('status', 'not in', ['failed', 'rejected'])
    .where('fault', '=', fault)
    .where('reason', '=', reason)
    .where('part_of', 'is', null)
    .where(sql<boolean>`wish = ${JSON.stringify(wish)}::jsonb`)
    .where('created_at', '>', new Date(now.getTime() - duplicateMs))
    .executeTakeFirst();

const duplicateOf = ({ id, created_at: createdAt }: Refund): Refusal => ({
  code: 'refund_duplicate',
  reason: `${id} is the same; send "again": true when another one is meant`,
  at: createdAt.getTime(),
});

export const findRefund = (db: Db, id: string): Promise<Refund | undefined> =>
  selectRefunds(db).where('id', '=', id).executeTakeFirst();

export const refundsOfOrder = (db: Db, orderId: string): Promise<readonly Refund[]> =>
  selectRefunds(db).where('order_id', '=', orderId).orderBy('created_at').execute();

/** Refunds that are not over: their workflow must run. */
export async function openRefunds(db: Db): Promise<readonly string[]> {
  const rows = await db
    .selectFrom('refunds')
    .select('id')
    .where('finished_at', 'is', null)
    // Should there be more than one look can take, none of them is always left out.
    .orderBy(sql`random()`)
    .limit(200)
    .execute();
  return rows.map((row) => row.id);
}

export type Verdict = {
  readonly id: string;
  readonly approve: boolean;
  readonly by: Actor;
  readonly now: Date;
};

/** With its other half; which ones were decided: none when it does not wait for a decision any more. */
export async function decideRefund(db: Db, verdict: Verdict): Promise<readonly string[]> {
  const { id, approve, by, now } = verdict;
  const decided = await db
    .updateTable('refunds')
    .set({
      decided_by: JSON.stringify(by),
      ...(approve ? { status: 'requested' } : { status: 'rejected', finished_at: now }),
    })
    .where(isHalfOf(id))
    .where('status', '=', 'awaiting_approval')
    .returning('id')
    .execute();
  return decided.map((half) => half.id);
}

/** It, and the other half of what it gives back. */
export async function halvesOf(db: Db, id: string): Promise<readonly string[]> {
  const rows = await db.selectFrom('refunds').select('id').where(isHalfOf(id)).execute();
  return rows.map((half) => half.id);
}

const isHalfOf = (id: string) =>
  sql<boolean>`coalesce(part_of, id) = (SELECT coalesce(part_of, id) FROM refunds WHERE id = ${id})`;
