// The audit on a real database: it reads back what is there, and every bug planted in a copy is seen,
// with nothing of it left behind.

import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connect, type Db } from '../../db/connect.ts';
import { newId } from '../../db/new-id.ts';
import { loadChangedRows } from '../../scripts/audit/load.ts';
import { loadRows } from '../../scripts/audit/load-rows.ts';
import { breachesIn, runChecks } from '../../scripts/audit/checks.ts';
import type { AuditData, AuditedOrder } from '../../scripts/audit/data.ts';
import { seededBugs } from '../../scripts/audit/seeded-bugs.ts';
import { judge } from '../../scripts/audit/self-check.ts';
import { driverId, soundData } from '../scripts/audit-world.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

const data = soundData();
let database: TestDatabase;
let db: Db;

beforeAll(async () => {
  database = await createTestDatabase();
  db = connect({ url: database.url, poolSize: 2 });
  await writeMarket(db);
  for (const order of data.orders) await writeOrder(db, order);
  await writeLedger(db);
  await writeRefunds(db);
  await writeTips(db);
  await writePayouts(db);
  await writeDisputes(db);
  await writeWallets(db);
  await writeOffers(db);
});

afterAll(async () => {
  await db.destroy();
  await database.drop();
});

describe('the audit on rows', () => {
  it('reads back what is there, and finds nothing wrong with it', async () => {
    const rows = { ...(await loadRows(db)), now: data.now };
    expect(rows.orders).toEqual(data.orders);
    expect(rows.driverCapacity).toEqual(data.driverCapacity);
    expect(breachesIn(runChecks({ ...data, ...rows }))).toBe(0);
  });

  it.each(seededBugs.filter((bug) => bug.kind === 'rows'))(
    'sees its planted bug: $name',
    async (bug) => {
      const before = await loadRows(db);
      const planted = await loadChangedRows(db, bug.change);
      expect(planted && judge(bug, { data, planted: { ...data, ...planted, now: data.now } })).toBe(
        'seen',
      );
      expect(await loadRows(db)).toEqual({ ...before, now: expect.any(Number) as number });
    },
  );
});

const at = new Date(data.now);

async function writeMarket(to: Db): Promise<void> {
  const facts = data.orders[0]?.facts;
  if (facts === undefined) throw new Error('no order');
  const { marketId, merchantId, branchId, currency } = facts;
  const people = [
    ...data.driverCapacity.keys(),
    ...data.orders.map((order) => order.facts.customerId),
    ...data.topUps.map((topUp) => topUp.customerId),
  ];
  await to
    .insertInto('markets')
    .values({
      id: marketId,
      name: 'm',
      currency,
      time_zone: 'UTC',
      policy: '{}',
      driver_pay_minor: 1,
      delivery_fee_minor: 1,
    })
    .execute();
  await to
    .insertInto('merchants')
    .values({ id: merchantId, market_id: marketId, name: 'm', commission_bps: 0 })
    .execute();
  await to
    .insertInto('branches')
    .values({
      id: branchId,
      merchant_id: merchantId,
      market_id: marketId,
      name: 'b',
      lat: 0,
      lng: 0,
    })
    .execute();
  await to
    .insertInto('people')
    .values(people.map((id) => ({ id })))
    .execute();
  await to
    .insertInto('drivers')
    .values(
      [...data.driverCapacity].map(([id, capacity]) => ({ id, market_id: marketId, capacity })),
    )
    .execute();
}

async function writeOrder(to: Db, order: AuditedOrder): Promise<void> {
  const { facts } = order;
  await sql`INSERT INTO orders (id, merchant_id, branch_id, market_id, customer_id, number, placed_at, facts, items, currency,
      total_minor, pickup_lat, pickup_lng, dropoff_lat, dropoff_lng, sequence, status, order_status, delivery_status,
      payment_status, end_reason, is_over, deadline_at, updated_at)
    VALUES (${order.id}, ${facts.merchantId}, ${facts.branchId}, ${facts.marketId}, ${facts.customerId}, ${facts.number},
      ${new Date(order.placedAt)}, ${JSON.stringify(facts)}, '[]', ${facts.currency}, ${facts.totalMinor}, 0, 0, 0, 0,
      ${order.sequence}, ${order.status}, ${order.orderStatus}, ${order.deliveryStatus}, ${order.paymentStatus},
      ${order.endReason ?? null}, ${order.isOver}, NULL, ${new Date(order.updatedAt)})`.execute(to);
  for (const { sequence, type, at: happenedAt, actor, commandId, ...body } of order.events) {
    await to
      .insertInto('order_events')
      .values({
        order_id: order.id,
        sequence,
        merchant_id: order.merchantId,
        type,
        body: JSON.stringify(body),
        actor: JSON.stringify(actor),
        command_id: commandId,
        at: new Date(happenedAt),
      })
      .execute();
  }
}

async function writeWallets(to: Db): Promise<void> {
  for (const { withdrawn, ...topUp } of data.topUps) {
    const { id, customerId, currency, amountMinor, status, providerRef } = topUp;
    const money = { customer_id: customerId, currency, amount_minor: amountMinor };
    const asked = { requested_by: JSON.stringify({ kind: 'system' }), created_at: at };
    const card = { provider: 'stripe', payment_method: 'pm_card_visa' };
    await to
      .insertInto('top_ups')
      .values({
        ...money,
        ...asked,
        ...card,
        id,
        status,
        provider_ref: providerRef,
        finished_at: at,
      })
      .execute();
    const [first] = withdrawn;
    if (!first) continue;
    await to
      .insertInto('withdrawals')
      .values({
        ...money,
        ...asked,
        id: first.withdrawalId,
        status: 'partly_paid',
        finished_at: at,
      })
      .execute();
    await to
      .insertInto('withdrawal_parts')
      .values(
        withdrawn.map(({ withdrawalId, n, amountMinor: minor, status: ended }) => ({
          withdrawal_id: withdrawalId,
          n,
          top_up_id: id,
          provider: 'stripe',
          provider_ref: providerRef ?? '',
          amount_minor: minor,
          status: ended,
          first_sent_at: at,
        })),
      )
      .execute();
  }
}

async function writeLedger(to: Db): Promise<void> {
  for (const { key, orderId, kind, currency, entries } of data.ledger) {
    await to
      .insertInto('ledger_transactions')
      .values({ key, order_id: orderId, kind, currency, at })
      .execute();
    const values = entries.map(({ account, party, amountMinor }) => ({
      transaction_key: key,
      account,
      party,
      amount_minor: amountMinor,
      currency,
      at,
    }));
    await to.insertInto('ledger_entries').values(values).execute();
  }
}

async function writePayouts(to: Db): Promise<void> {
  const marketId = data.orders[0]?.facts.marketId ?? '';
  for (const { amountMinor, wasPaid, ...payout } of data.payouts) {
    await to
      .insertInto('payouts')
      .values({
        ...payout,
        id: newId('payout'),
        market_id: marketId,
        ends_at: at,
        instant: false,
        code: null,
        amount_minor: amountMinor,
        destination: 'acct_1',
        provider_ref: null,
        requested_by: '{"kind":"system"}',
        created_at: at,
        first_sent_at: at,
        paid_at: wasPaid ? at : null,
        finished_at: at,
      })
      .execute();
  }
}

async function writeDisputes(to: Db): Promise<void> {
  for (const dispute of data.disputes) {
    const { provider, disputeRef, orderId, currency, status } = dispute;
    await to
      .insertInto('disputes')
      .values({
        provider,
        dispute_ref: disputeRef,
        order_id: orderId,
        provider_ref: 'pi_disputed',
        amount_minor: dispute.amountMinor,
        lost_minor: dispute.lostMinor,
        fee_minor: dispute.feeMinor,
        currency,
        status,
        reason: 'fraudulent',
        evidence_due_at: null,
        evidence_sent_at: null,
        opened_at: at,
        closed_at: null,
      })
      .execute();
  }
}

async function writeTips(to: Db): Promise<void> {
  for (const { orderId, n, driverId: driver, providerRef, amountMinor, status } of data.tips) {
    const facts = data.orders.find((each) => each.id === orderId)?.facts;
    if (facts === undefined) throw new Error('a tip of no order');
    await to
      .insertInto('tips')
      .values({
        order_id: orderId,
        n,
        customer_id: facts.customerId,
        driver_id: driver,
        currency: facts.currency,
        amount_minor: amountMinor,
        status,
        provider: 'stripe',
        payment_method: 'pm_card_visa',
        provider_ref: providerRef,
        client_secret: null,
        code: null,
        requested_by: '{}',
        created_at: at,
        first_sent_at: at,
        finished_at: at,
      })
      .execute();
  }
}

async function writeRefunds(to: Db): Promise<void> {
  for (const { id, orderId, providerRef, amountMinor, status } of data.refunds) {
    const order = data.orders.find((each) => each.id === orderId);
    if (order === undefined) throw new Error('a refund of no order');
    await to
      .insertInto('refunds')
      .values({
        id,
        order_id: orderId,
        merchant_id: order.merchantId,
        customer_id: order.facts.customerId,
        currency: order.facts.currency,
        amount_minor: amountMinor,
        status,
        fault: 'merchant',
        reason: 'quality',
        wish: '{}',
        bearers: '[]',
        provider: 'stripe',
        provider_ref: providerRef,
        refund_ref: 're_1',
        code: null,
        requested_by: '{}',
        decided_by: null,
        note_id: null,
        created_at: at,
        decide_before: null,
        first_sent_at: at,
        finished_at: at,
      })
      .execute();
  }
}

async function writeOffers(to: Db): Promise<void> {
  const marketId: AuditData['orders'][number]['facts']['marketId'] | undefined =
    data.orders[0]?.facts.marketId;
  for (const { offerId, orderId, search, madeAt, offerStatus, status, bonusMinor } of data.offers) {
    await to
      .insertInto('offers')
      .values({
        id: offerId,
        market_id: marketId ?? '',
        driver_id: driverId,
        status: offerStatus,
        made_at: madeAt,
        expires_at: at,
        answered_at: at,
        pickup_eta_at: at,
        decision: '{}',
      })
      .execute();
    await to
      .insertInto('offer_orders')
      .values({ offer_id: offerId, order_id: orderId, search, status, bonus_minor: bonusMinor })
      .execute();
  }
}
