// Our side of a dispute, by support, on a real database and against the fake Stripe: what is previewed is what is sent,
// once, and the audit has it, sealed.

import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { CardGateway } from '../../adapters/card-gateway.ts';
import { stripePort } from '../../adapters/payment-port.ts';
import { createStripeGateway } from '../../adapters/stripe.ts';
import { recordDispute } from '../../db/disputes.ts';
import { newId } from '../../db/new-id.ts';
import type { DriverId } from '../../domain/ids.ts';
import { startStripeSandbox, type StripeSandbox } from '../../sandbox/stripe/server.ts';
import { holdTotal } from '../support/paid-order.ts';
import { createWorld, type Reply, type World } from './world.ts';

let world: World;
let stripe: StripeSandbox;
let gateway: CardGateway;
beforeAll(async () => {
  stripe = await startStripeSandbox({ searchLagMs: 0 });
  const options = { secretKey: 'sk_test_x', apiBase: stripe.url, webhookSecret: 'whsec_test' };
  gateway = createStripeGateway({ ...options, timeoutMs: 500 });
  world = await createWorld({ ports: { stripe: stripePort(gateway) } });
});
afterAll(async () => {
  await world.close();
  await stripe.close();
});

let orderId: string;
let disputeRef: string;
beforeEach(async () => {
  orderId = await delivered();
  disputeRef = await disputed();
});

const say = (what: string, body: object = {}, secret = world.shop.owner) =>
  world.call('POST', `/v1/orders/${orderId}/${what}`, { secret, body });

async function delivered(): Promise<string> {
  orderId = (await world.shop.place()).body.id;
  await say('accept');
  const driverId = world.shop.driver.id as DriverId;
  const assigned = { offerId: newId('offer'), driverId, pickupEtaAt: Date.now() };
  await world.engine.happens(orderId, { kind: 'assign', ...assigned });
  await say('pick-up', {}, world.shop.driverKey);
  expect((await say('deliver', {}, world.shop.driverKey)).status).toBe(200);
  return orderId;
}

/** The order is paid at Stripe, and its payer's bank takes it back. */
async function disputed(): Promise<string> {
  const providerRef = await holdTotal(gateway, orderId);
  await gateway.capture({ orderId, providerRef, amountMinor: 2_350, key: `${orderId}:capture:1` });
  const row = { provider_ref: providerRef };
  await world.db.updateTable('orders').set(row).where('id', '=', orderId).execute();
  const ref = stripe.control.dispute(providerRef) ?? '';
  await heard(providerRef);
  return ref;
}

/** As the housekeeping does. */
async function heard(providerRef: string): Promise<void> {
  for (const dispute of await gateway.disputes({ providerRef }))
    await recordDispute(world.db, { provider: 'stripe', dispute, now: new Date() });
}

const body = { explanation: 'Brought to the door and handed over' };
const submit = (change: object = {}, key?: string): Promise<Reply> =>
  world.call('POST', `/v1/support/disputes/${disputeRef}/evidence`, {
    secret: world.support,
    body: { ...body, ...change },
    ...(key === undefined ? {} : { key }),
  });
const preview = (change: object = {}): Promise<Reply> =>
  world.call('POST', `/v1/support/disputes/${disputeRef}/evidence/preview`, {
    secret: world.support,
    body: { ...body, ...change },
  });
const atStripe = () => stripe.control.books().disputes.find(({ id }) => id === disputeRef);
const attempts = () =>
  world.db
    .selectFrom('support_attempts')
    .select(['action', 'outcome', 'code', 'params', 'note_id'])
    .where('order_id', '=', orderId)
    .execute();
const listed = async (): Promise<object | undefined> => {
  const path = `/v1/support/orders/${orderId}/disputes`;
  const reply = await world.call('GET', path, { secret: world.support });
  return (reply.body['data'] as object[])[0];
};

async function proof(): Promise<string> {
  const id = newId('proof');
  const at = new Date('2026-11-05T12:30:00Z');
  const given = {
    id,
    order_id: orderId,
    kind: 'age',
    content_type: null,
    byte_count: null,
  } as const;
  await world.db
    .insertInto('proofs')
    .values({ ...given, key_id: 'key_1', at })
    .execute();
  return id;
}

describe('evidence for a dispute', () => {
  it('is shown before it is sent, and sent as it was shown: what support says, goods, day and proofs', async () => {
    const proofId = await proof();
    const said = { proof_ids: [proofId], refund_refusal: 'Nothing was missing' };
    const shown = await preview(said);
    const line = `Proof of delivery ${proofId}: age, given 2026-11-05T12:30:00.000Z`;
    expect(shown.body).toMatchObject({
      allowed: true,
      refusal: null,
      dispute: {
        dispute_id: disputeRef,
        order_id: orderId,
        status: 'open',
        evidence_sent_at: null,
      },
    });
    expect(shown.body['sends']).toEqual(
      expect.arrayContaining([
        { field: 'product_description', text: '2 × Soup' },
        { field: 'service_date', text: new Date().toISOString().slice(0, 10) },
        { field: 'refund_refusal', text: 'Nothing was missing' },
        { field: 'explanation', text: `${body.explanation}\n${line}` },
      ]),
    );
    expect(atStripe()).toMatchObject({ evidence: {}, status: 'needs_response' });
    expect(await submit(said)).toMatchObject({ status: 200, body: { outcome: 'done' } });
    expect(atStripe()).toMatchObject({
      status: 'under_review',
      evidence: {
        uncategorized_text: `${body.explanation}\n${line}`,
        product_description: '2 × Soup',
        refund_refusal_explanation: 'Nothing was missing',
        service_date: new Date().toISOString().slice(0, 10),
      },
    });
    expect(await listed()).toMatchObject({ evidence_sent_at: expect.any(String) as string });
    const [incident] = await world.db
      .selectFrom('incidents')
      .select('resolved_at')
      .where('key', '=', `${disputeRef}:dispute_open`)
      .execute();
    expect(incident?.resolved_at).not.toBeNull();
  });

  it('is sent once per request, also when the answer is lost, and is in the audit without its words', async () => {
    stripe.control.addFault({ kind: 'execute_then_timeout', match: { path: '/v1/disputes' } });
    expect(await submit({}, `lost-${orderId}`)).toMatchObject({
      status: 503,
      body: { code: 'provider_unavailable' },
    });
    expect(await attempts()).toMatchObject([{ outcome: 'unknown', code: 'provider_unavailable' }]);
    for (let n = 0; n < 2; n++)
      expect(await submit({}, `lost-${orderId}`)).toMatchObject({ status: 200 });
    expect(atStripe()?.evidence_details.submission_count).toBe(1);
    const [attempt, ...more] = await attempts();
    expect(more).toEqual([]);
    expect(attempt).toMatchObject({ action: 'dispute_evidence', outcome: 'done', code: null });
    expect(attempt?.params).toEqual({ dispute_id: disputeRef, proofs: '' });
    const [note] = await world.db
      .selectFrom('notes')
      .select('body_enc')
      .where('id', '=', attempt?.note_id ?? '')
      .execute();
    expect(note?.body_enc.toString('latin1')).not.toContain('door');
  });

  it.each([
    ['winning_evidence', 'won'],
    ['losing_evidence', 'lost'],
  ])('%s decides it, and nothing more is taken', async (explanation, status) => {
    expect(await submit({ explanation })).toMatchObject({ status: 200 });
    expect(atStripe()).toMatchObject({ status });
    // Our row knows only what the provider has told us so far.
    expect(await submit()).toMatchObject({ status: 409, body: { code: 'evidence_given' } });
    await heard(String(atStripe()?.payment_intent));
    expect(await submit()).toMatchObject({ status: 409, body: { code: 'dispute_closed' } });
    expect((await preview()).body).toMatchObject({
      allowed: false,
      refusal: { code: 'dispute_closed', reason: `the dispute is ${status}` },
      dispute: { status },
    });
    expect((await attempts()).map(({ outcome }) => outcome)).toEqual([
      'done',
      'refused',
      'refused',
    ]);
  });

  it('names no proof of another order, and no dispute that there is not', async () => {
    const foreign = newId('proof');
    expect(await submit({ proof_ids: [foreign] })).toMatchObject({
      status: 400,
      body: { errors: [{ field: 'proof_ids' }] },
    });
    expect(await submit({ explanation: ' ' })).toMatchObject({
      status: 400,
      body: { errors: [{ field: 'explanation' }] },
    });
    expect(await submit({ explanation: 'card 4242 4242 4242 4242' })).toMatchObject({
      body: { code: 'card_number_refused' },
    });
    disputeRef = 'dp_unknown';
    expect(await submit()).toMatchObject({ status: 404 });
    expect(await attempts()).toEqual([]);
  });

  it('of a provider that hears it only in its dashboard is refused, and so is another agent’s order', async () => {
    const claimed = `/v1/support/orders/${orderId}/claim`;
    await world.call('POST', claimed, { secret: world.admin, body: {} });
    expect(await submit()).toMatchObject({ status: 409, body: { code: 'claimed_by_other' } });
    await world.db
      .updateTable('disputes')
      .set({ provider: 'paypal' })
      .where('dispute_ref', '=', disputeRef)
      .execute();
    expect((await preview()).body).toMatchObject({
      allowed: false,
      refusal: { code: 'evidence_elsewhere', reason: 'tell paypal in its own dashboard' },
    });
    expect(atStripe()).toMatchObject({ evidence: {} });
  });
});
