// What a partner fleet says, over its signed webhooks.

import { createHmac } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createPartnerActivities } from '../../activities/partner.ts';
import { createUberDirect } from '../../adapters/uber-direct.ts';
import { createVault } from '../../db/vault.ts';
import type { OrderId } from '../../domain/ids.ts';
import { branchAt, createWorld, openShop, type Reply, type World } from './world.ts';

const webhookKey = 'whk_fleet';
let world: World;
let without: World;
const partner = createUberDirect({
  baseUrl: 'http://127.0.0.1:9',
  customerId: 'cus_1',
  clientId: 'id',
  clientSecret: 'secret',
  contactPhone: '+4930000000',
  webhookKey,
});
beforeAll(async () => {
  [world, without] = await Promise.all([createWorld({ partner }), createWorld()]);
});
afterAll(() => Promise.all([world.close(), without.close()]));

type Said = { readonly eventId: string; readonly status?: string; readonly secret?: string };

function say(orderId: string, { eventId, status = 'pickup', secret = webhookKey }: Said) {
  const body = JSON.stringify({
    id: eventId,
    kind: 'event.delivery_status',
    delivery_id: `del_${eventId}`,
    status,
    data: { external_id: `${orderId}:partner:1` },
  });
  const signature = createHmac('sha256', secret).update(body).digest('hex');
  return { body, headers: { 'x-uber-signature': signature } };
}
const post = (to: World, sent: object): Promise<Reply> =>
  to.call('POST', '/v1/webhooks/partner-fleet', sent);

describe('an order that a partner fleet has', () => {
  it('says so in words, and its price to the platform alone', async () => {
    const shop = await openShop(world, { policy: { partnerCapMinor: 1_000 } });
    const { body } = await shop.place();
    const { id: orderId } = body;
    const partnerTruth = {
      partnerRef: 'del_1',
      priceMinor: 940,
      pickupEtaAt: Date.now(),
      dropoffEtaAt: Date.now(),
      customerFault: false,
    };
    for (const command of [
      { kind: 'accept', prepMs: 0 },
      { kind: 'exhaustSearch', search: 1 },
      { kind: 'partnerQuoted', quoteRef: 'dqt_1', priceMinor: 790 },
      { kind: 'partnerConfirmed', ...partnerTruth },
    ] as const)
      expect(await world.engine.happens(orderId, command)).toMatchObject({ kind: 'done' });
    const explained = async (secret: string): Promise<string> => {
      const reply = await world.call('GET', `/v1/orders/${orderId}/explain`, { secret });
      return JSON.stringify(reply.body['partner']);
    };
    expect(await explained(world.support)).toContain(
      'a partner fleet takes the delivery (9.40 EUR)',
    );
    expect(await explained(shop.owner)).toContain('a partner fleet takes the delivery; at the');
    const read = await world.call('GET', `/v1/orders/${orderId}`, { secret: shop.owner });
    expect(read.body).toMatchObject({ delivery_status: 'confirmed', driver_id: null });
  });
});

const quoteOf = async (branch: object) => {
  const shop = await openShop(world, { policy: { partnerCapMinor: 1_000 } });
  const { id: branch_id } = await world.make('branches', {
    merchant_id: shop.merchant.id,
    name: 'Nord',
    location: branchAt,
    ...branch,
  });
  const { body } = await shop.place({ branch_id });
  const call = { step: 'quote', key: 'key', giveUpAt: 0 } as const;
  const asked = createPartnerActivities({
    partner,
    db: world.db,
    vault: createVault(Buffer.from(world.deps.masterKey, 'base64')),
    crashPoint: () => undefined,
  }).askPartner({ orderId: body.id as OrderId, call });
  return { orderId: body.id, asked };
};

describe('a partner fleet', () => {
  it('is asked to fetch at the address of the branch', async () => {
    const { asked } = await quoteOf({ address: 'Noodle Square 1' });
    await expect(asked).rejects.toMatchObject({ type: 'connection' });
  });

  it('is not asked when the branch has none, and the timeline says so', async () => {
    const { asked, orderId } = await quoteOf({});
    const answer = await asked;
    expect(answer).toEqual({ kind: 'partnerRefused', code: 'no_pickup_address' });
    for (const command of [
      { kind: 'accept', prepMs: 0 },
      { kind: 'exhaustSearch', search: 1 },
      answer,
    ] as const)
      await world.engine.happens(orderId, command);
    const { body } = await world.call('GET', `/v1/orders/${orderId}/timeline`, {
      secret: world.support,
    });
    expect(JSON.stringify(body['data'])).toContain('the branch has no address');
  });
});

describe('a partner fleet’s webhook', () => {
  it('is told to its order once, however often it comes', async () => {
    const { body } = await world.shop.place();
    const said = say(body.id, { eventId: 'evt_a' });
    expect(await post(world, said)).toMatchObject({ status: 200, body: { received: true } });
    expect(await post(world, said)).toMatchObject({ status: 200 });
    expect(world.engine.changed).toEqual(['del_evt_a']);
  });

  it('shows in the order’s timeline in words', async () => {
    const { body } = await world.shop.place();
    await post(world, say(body.id, { eventId: 'evt_b', status: 'pickup_complete' }));
    const timeline = await world.call('GET', `/v1/orders/${body.id}/timeline`, {
      secret: world.support,
    });
    expect(timeline.body['data']).toContainEqual(
      expect.objectContaining({ text: 'the partner fleet reports pickup_complete' }),
    );
  });

  it('with a wrong signature, a changed body or none is refused and not kept', async () => {
    const { body } = await world.shop.place();
    const refused = { status: 400, body: { code: 'invalid_signature' } };
    expect(await post(world, say(body.id, { eventId: 'evt_c', secret: 'other' }))).toMatchObject(
      refused,
    );
    const { headers } = say(body.id, { eventId: 'evt_d' });
    expect(await post(world, { headers, body: '{}' })).toMatchObject(refused);
    expect(await post(world, { body: '{}' })).toMatchObject(refused);
    const kept = await world.db
      .selectFrom('provider_webhooks')
      .select('event_id')
      .where('event_id', 'in', ['evt_c', 'evt_d'])
      .execute();
    expect(kept).toEqual([]);
  });

  it('is not found where there is no partner fleet', async () => {
    expect(await post(without, say('ord', { eventId: 'evt_e' }))).toMatchObject({ status: 404 });
  });
});
