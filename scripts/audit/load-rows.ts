// Reads our own rows for the audit, all in the caller's transaction, so that they belong together.

import { sql, type Kysely } from 'kysely';
import { engineId } from '../../activities/engine-id.ts';
import { eventOf } from '../../db/record.ts';
import { readRounds } from '../../db/rounds.ts';
import type { Database } from '../../db/schema.ts';
import type { OrderEvent } from '../../domain/events.ts';
import {
  groupBy,
  type AuditData,
  type AuditedDispute,
  type AuditedOffer,
  type AuditedOrder,
  type AuditedPayout,
  type AuditedRefund,
  type AuditedTip,
  type AuditedTopUp,
  type LedgerTransaction,
} from './data.ts';

export type Rows = Pick<
  AuditData,
  | 'now'
  | 'orders'
  | 'ledger'
  | 'refunds'
  | 'tips'
  | 'payouts'
  | 'disputes'
  | 'topUps'
  | 'offers'
  | 'driverCapacity'
  | 'rounds'
>;

/** Each is planned again. */
const mostRounds = 300;

/** `db` is a transaction of isolation level repeatable read. */
export async function loadRows(db: Kysely<Database>): Promise<Rows> {
  const now = Date.now();
  const orders = await loadOrders(db);
  const ledger = await loadLedger(db);
  const refunds = await loadRefunds(db);
  const tips = await loadTips(db);
  const payouts = await loadPayouts(db);
  const disputes = await loadDisputes(db);
  const topUps = await loadTopUps(db);
  const offers = await loadOffers(db);
  const drivers = await db.selectFrom('drivers').select(['id', 'capacity']).execute();
  return {
    now,
    orders,
    ledger,
    refunds,
    tips,
    payouts,
    disputes,
    topUps,
    offers,
    rounds: await readRounds(db, { engine: engineId, limit: mostRounds }),
    driverCapacity: new Map(drivers.map(({ id, capacity }) => [id, capacity])),
  };
}

async function loadOrders(db: Kysely<Database>): Promise<readonly AuditedOrder[]> {
  const rows = await db
    .selectFrom('orders')
    .select([
      'id',
      'merchant_id',
      'facts',
      'sequence',
      'status',
      'order_status',
      'delivery_status',
      'payment_status',
      'end_reason',
      'is_over',
      'deadline_at',
      'placed_at',
      'updated_at',
    ])
    .orderBy('id')
    .execute();
  const events = await loadEvents(db);
  return rows.map((row) => ({
    id: row.id,
    merchantId: row.merchant_id,
    facts: row.facts,
    events: events.get(row.id) ?? [],
    sequence: row.sequence,
    status: row.status,
    orderStatus: row.order_status,
    deliveryStatus: row.delivery_status,
    paymentStatus: row.payment_status,
    endReason: row.end_reason ?? undefined,
    isOver: row.is_over,
    deadlineAt: row.deadline_at?.getTime(),
    placedAt: row.placed_at.getTime(),
    updatedAt: row.updated_at.getTime(),
  }));
}

async function loadEvents(
  db: Kysely<Database>,
): Promise<ReadonlyMap<string, readonly OrderEvent[]>> {
  const rows = await db
    .selectFrom('order_events')
    .select(['order_id', 'sequence', 'type', 'body', 'actor', 'command_id', 'at'])
    .orderBy('order_id')
    .orderBy('sequence')
    .execute();
  const grouped = groupBy(rows, (row) => row.order_id);
  return new Map([...grouped].map(([orderId, list]) => [orderId, list.map(eventOf)]));
}

async function loadLedger(db: Kysely<Database>): Promise<readonly LedgerTransaction[]> {
  const transactions = await db
    .selectFrom('ledger_transactions')
    .select(['key', 'order_id', 'kind', 'currency'])
    .execute();
  const entries = await db
    .selectFrom('ledger_entries')
    .select(['transaction_key', 'account', 'party', 'amount_minor', 'currency'])
    .execute();
  const byKey = groupBy(entries, (entry) => entry.transaction_key);
  const known = new Set(transactions.map(({ key }) => key));
  const orphans = [...byKey.keys()].filter((key) => !known.has(key));
  const of = (key: string): LedgerTransaction['entries'] =>
    (byKey.get(key) ?? []).map(({ account, party, amount_minor: amountMinor, currency }) => ({
      account,
      party,
      amountMinor,
      currency,
    }));
  return [
    ...transactions.map(({ key, order_id: orderId, kind, currency }) => ({
      key,
      orderId: orderId ?? 'none',
      kind,
      currency,
      entries: of(key),
    })),
    // Entries without a transaction belong to no order, which a check says.
    ...orphans.map((key) => ({
      key,
      orderId: 'unknown',
      kind: 'orphan',
      currency: '',
      entries: of(key),
    })),
  ];
}

async function loadRefunds(db: Kysely<Database>): Promise<readonly AuditedRefund[]> {
  return db
    .selectFrom('refunds')
    .select([
      'id',
      'order_id as orderId',
      'provider',
      'provider_ref as providerRef',
      'amount_minor as amountMinor',
      'asked_minor as askedMinor',
      'reason',
      'status',
    ])
    .select(sql<boolean>`first_sent_at IS NOT NULL`.as('wasSent'))
    .select(sql<boolean>`refunded_at IS NOT NULL`.as('wasRefunded'))
    .execute();
}

const loadTips = (db: Kysely<Database>): Promise<readonly AuditedTip[]> =>
  db
    .selectFrom('tips')
    .select([
      'order_id as orderId',
      'n',
      'driver_id as driverId',
      'provider_ref as providerRef',
      'amount_minor as amountMinor',
      'status',
    ])
    .execute();

async function loadPayouts(db: Kysely<Database>): Promise<readonly AuditedPayout[]> {
  const rows = await db
    .selectFrom('payouts')
    .select(['party', 'period', 'kind', 'rail', 'amount_minor', 'currency', 'status', 'paid_at'])
    .execute();
  return rows.map(({ amount_minor: amountMinor, paid_at: paidAt, ...row }) => ({
    ...row,
    amountMinor,
    wasPaid: paidAt !== null,
  }));
}

const loadDisputes = (db: Kysely<Database>): Promise<readonly AuditedDispute[]> =>
  db
    .selectFrom('disputes')
    .select(['provider', 'dispute_ref as disputeRef', 'order_id as orderId', 'currency', 'status'])
    .select(['amount_minor as amountMinor', 'lost_minor as lostMinor', 'fee_minor as feeMinor'])
    .execute();

async function loadTopUps(db: Kysely<Database>): Promise<readonly AuditedTopUp[]> {
  const parts = await db
    .selectFrom('withdrawal_parts')
    .select(['top_up_id', 'withdrawal_id as withdrawalId', 'n', 'amount_minor as amountMinor'])
    .select('status')
    .select(sql<boolean>`refunded_at IS NOT NULL`.as('wasRefunded'))
    .execute();
  const withdrawn = groupBy(parts, (part) => part.top_up_id);
  const rows = await db
    .selectFrom('top_ups')
    .select(['id', 'customer_id as customerId', 'currency', 'amount_minor as amountMinor'])
    .select(['provider_ref as providerRef', 'status'])
    .execute();
  return rows.map((row) => ({ ...row, withdrawn: withdrawn.get(row.id) ?? [] }));
}

async function loadOffers(db: Kysely<Database>): Promise<readonly AuditedOffer[]> {
  return db
    .selectFrom('offer_orders')
    .innerJoin('offers', 'offers.id', 'offer_orders.offer_id')
    .select([
      'offers.id as offerId',
      'offer_orders.order_id as orderId',
      'offer_orders.search as search',
      'offers.driver_id as driverId',
      'offers.made_at as madeAt',
      'offers.status as offerStatus',
      'offer_orders.status as status',
      'offer_orders.bonus_minor as bonusMinor',
    ])
    .execute();
}
