// Money back of an order that was paid in cash: through the API and the steps of the refund's workflow on a real
// database; a person pays it out and says so.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createRefundActivities } from '../../activities/refunds.ts';
import type { RefundStep } from '../../activities/contract.ts';
import { newId } from '../../db/new-id.ts';
import { parseId, type DriverId } from '../../domain/ids.ts';
import { balancesOf } from '../support/paid-order.ts';
import { createWorld, type Reply, type World } from './world.ts';

let world: World;
let second: string;
beforeAll(async () => {
  world = await createWorld();
  second = await world.keyOf({ role: 'support' });
});
afterAll(() => world.close());

const say = (orderId: string, what: string, body: object = {}, secret = world.shop.owner) =>
  world.call('POST', `/v1/orders/${orderId}/${what}`, { secret, body });

/** Delivered, and 23.50 EUR are in the driver's pocket. */
async function paidInCash(): Promise<string> {
  const { id } = (await world.shop.place({ payment: { method: 'cash' } })).body;
  await say(id, 'accept');
  const driverId = world.shop.driver.id as DriverId;
  const assigned = { offerId: newId('offer'), driverId, pickupEtaAt: Date.now() };
  await world.engine.happens(id, { kind: 'assign', ...assigned });
  await say(id, 'pick-up', {}, world.shop.driverKey);
  const paid = await say(id, 'deliver', { collected_minor: 2_350 }, world.shop.driverKey);
  expect(paid.body).toMatchObject({ payment_status: 'collected' });
  return id;
}

const some = { reason: 'quality', fault: 'merchant', amount_minor: 500 };
const ask = (orderId: string, body: object = some): Promise<Reply> =>
  say(orderId, 'refunds', body, world.support);

/** As its workflow does; no provider is asked. */
const steps = (now = Date.now) =>
  createRefundActivities({
    db: world.db,
    now,
    crashPoint: () => undefined,
    portOf: () => {
      throw new Error('cash has no provider');
    },
  });
async function carryOut(id: string, now = Date.now): Promise<RefundStep> {
  const refundId = parseId('refund', id);
  if (!refundId) throw new Error(`no refund: ${id}`);
  return steps(now).advanceRefund({ refundId });
}

/** Asked for and ready to be paid out. */
async function owed(body: object = some): Promise<{ orderId: string; id: string }> {
  const orderId = await paidInCash();
  const { id } = (await ask(orderId, body)).body;
  expect(await carryOut(id)).toMatchObject({ status: 'payable', isOver: false });
  return { orderId, id };
}

const payOut = (id: string, body: object, secret = second): Promise<Reply> =>
  world.call('POST', `/v1/refunds/${id}/pay-out`, { secret, body });
const verdict = (id: string, word: string): Promise<Reply> =>
  world.call('POST', `/v1/refunds/${id}/${word}`, { secret: world.admin });

const openIncidents = async (orderId: string): Promise<readonly string[]> => {
  const rows = await world.db
    .selectFrom('incidents')
    .select('kind')
    .where('order_id', '=', orderId)
    .where('resolved_at', 'is', null)
    .execute();
  return rows.map(({ kind }) => kind);
};

const delivered = { cash_in_hand: 2_350, merchant: -1_520, driver: -550, platform: -280 };

describe('a refund of an order that was paid in cash', () => {
  it('is owed, then paid out once by somebody else, under a reference of its own', async () => {
    const { orderId, id } = await owed();
    const inTransit = { ...delivered, merchant: -1_020, refunds_in_transit: -500 };
    expect(await balancesOf(world.db, orderId)).toEqual(inTransit);
    expect(await openIncidents(orderId)).toEqual(['refund_to_pay_out']);

    const self = await payOut(id, { reference: `R-${id}` }, world.support);
    expect(self).toMatchObject({ status: 403, body: { code: 'forbidden' } });
    const odd = await payOut(id, { reference: 'to Carla' });
    expect(odd).toMatchObject({ status: 400, body: { errors: [{ field: 'reference' }] } });

    const done = { status: 200, body: { status: 'refunded', reference: `R-${id}` } };
    expect(await payOut(id, { reference: `R-${id}` })).toMatchObject(done);
    expect(await payOut(id, { reference: `R-${id}` })).toMatchObject(done);
    const twice = await payOut(id, { reference: `S-${id}` });
    expect(twice).toMatchObject({ status: 409, body: { code: 'refund_not_payable' } });
    expect(await carryOut(id)).toMatchObject({ status: 'refunded', isOver: true });
    const paidOut = { ...delivered, merchant: -1_020, cash_desk: -500 };
    expect(await balancesOf(world.db, orderId)).toEqual(paidOut);
    expect(await openIncidents(orderId)).toEqual([]);

    const other = await owed();
    const taken = await payOut(other.id, { reference: `R-${id}` });
    expect(taken).toMatchObject({ status: 409, body: { code: 'reference_taken' } });
    expect(await carryOut(other.id)).toMatchObject({ status: 'payable' });
  });

  it('is paid out once when two people say so at once', async () => {
    const { orderId, id } = await owed();
    const said = await Promise.all(['A', 'B', 'C'].map((n) => payOut(id, { reference: n + id })));
    expect(said.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 409, 409]);
    expect(await balancesOf(world.db, orderId)).toMatchObject({ cash_desk: -500 });
  });

  it('that nobody comes for is given up, and who bore it has it again', async () => {
    const { orderId, id } = await owed();
    const given = { status: 200, body: { status: 'failed', code: 'not_paid_out' } };
    expect(await verdict(id, 'reject')).toMatchObject(given);
    expect(await balancesOf(world.db, orderId)).toEqual(delivered);
    expect(await openIncidents(orderId)).toEqual([]);
    const late = await payOut(id, { reference: `R-${id}` });
    expect(late).toMatchObject({ status: 409, body: { code: 'refund_not_payable' } });
  });

  it('stays in somebody’s queue until it is paid out', async () => {
    const { orderId, id } = await owed();
    const body = { reason: 'other' };
    const desk = `/v1/support/orders/${orderId}/incidents/resolve`;
    const resolved = await world.call('POST', desk, { secret: world.support, body });
    expect([resolved.status, await openIncidents(orderId)]).toEqual([200, []]);
    const { waitMs } = await carryOut(id);
    expect(waitMs).toBe(24 * 3_600_000);
    expect(await openIncidents(orderId)).toEqual(['refund_to_pay_out']);
  });

  it('has the limits of any other: the amount, the twin, the second person', async () => {
    const orderId = await paidInCash();
    const code = async (body: object): Promise<unknown> => (await ask(orderId, body)).body['code'];
    expect(await code({ ...some, amount_minor: 2_351 })).toBe('refund_too_large');
    const first = await ask(orderId);
    expect(first).toMatchObject({ status: 201, body: { status: 'requested' } });
    expect(await code(some)).toBe('refund_duplicate');
    const rest = await ask(orderId, { reason: 'late', fault: 'platform' });
    expect(rest.body).toMatchObject({ status: 'awaiting_approval', amount_minor: 1_850 });
    const early = await payOut(rest.body.id, { reference: 'R-early' });
    expect(early).toMatchObject({ status: 409, body: { code: 'refund_not_payable' } });
    expect(await verdict(rest.body.id, 'approve')).toMatchObject({ status: 200 });
    expect(await carryOut(rest.body.id)).toMatchObject({ status: 'payable' });
  });

  it('is refused while nothing was paid, and for what was paid elsewhere', async () => {
    const { id } = (await world.shop.place({ payment: { method: 'cash' } })).body;
    expect((await ask(id)).body['code']).toBe('refund_not_captured');
    const pickup = { type: 'pickup', dropoff: undefined, payment: { method: 'external' } };
    const elsewhere = (await world.shop.place(pickup)).body.id;
    for (const what of ['accept', 'ready', 'hand-over']) await say(elsewhere, what);
    expect((await ask(elsewhere)).body['code']).toBe('refund_not_captured');
  });
});
