// The partner fleet over HTTP against its fake: whatever happens on the way, one delivery per key, its right price, and
// an answer that can be believed.

import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { DeliveryPartner } from '../../adapters/delivery-partner.ts';
import { isOutage } from '../../adapters/outage.ts';
import { createUberDirect } from '../../adapters/uber-direct.ts';
import { newId } from '../../db/new-id.ts';
import { startPartnerFleet } from '../../sandbox/partner-fleet/server.ts';
import { POST_FAULTS } from '../../sandbox/provider/faults.ts';

let fake: Awaited<ReturnType<typeof startPartnerFleet>>;
let partner: DeliveryPartner;
let key = '';
const account = {
  customerId: 'cus_1',
  clientId: 'id',
  clientSecret: 'secret',
  webhookKey: 'whk',
  contactPhone: '+4930000000',
} as const;
beforeAll(async () => {
  fake = await startPartnerFleet({ webhookSecret: 'whk' });
  partner = createUberDirect({ ...account, baseUrl: fake.url, timeoutMs: 300, now: fake.now });
});
afterAll(() => fake.close());
beforeEach(() => {
  key = `${newId('order')}:partner:1`;
  fake.fleet.set({ feeHundredths: 790, mood: 'stays' });
});

const request = {
  currency: 'EUR',
  pickup: { name: 'Noodles', address: 'Noodle Square 1', place: { lat: 52.5, lng: 13.4 } },
  dropoff: {
    name: 'Carla',
    phone: '+4915100000002',
    address: 'Canary Row 7',
    place: { lat: 52.51, lng: 13.41 },
    note: undefined,
  },
  goodsMinor: 1_900,
  itemCount: 2,
  leaveAtDoor: false,
} as const;

async function quoted(): Promise<string> {
  const estimate = await partner.estimate(request);
  if (estimate.status !== 'quoted') throw new Error(estimate.code);
  return estimate.quoteRef;
}

/** As the engine does it: the same again while there is no answer. */
async function insist<T>(ask: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await ask();
    } catch (error) {
      if (!isOutage(error) || tries === 5) throw error;
    }
  }
}

async function created(tipMinor = 150) {
  const quoteRef = await quoted();
  return insist(() => partner.create({ ...request, key, quoteRef, tipMinor }));
}

const madeUnderKey = () => fake.fleet.all().filter((each) => each.external_id === key);

describe('an estimate', () => {
  it('is the price of it, in our minor units', async () => {
    expect(await partner.estimate(request)).toMatchObject({ status: 'quoted', priceMinor: 790 });
  });

  it('is refused where the fleet does not go, and in another currency', async () => {
    const dropoff = { ...request.dropoff, address: 'Nowhere 1' };
    expect(await partner.estimate({ ...request, dropoff })).toEqual({
      status: 'refused',
      code: 'address_undeliverable',
    });
    expect(await partner.estimate({ ...request, currency: 'USD' })).toEqual({
      status: 'refused',
      code: 'other_currency',
    });
  });
});

const sentIn = async (currency: string, feeHundredths: number, tipMinor: number) => {
  const foreign = await startPartnerFleet({ currency, feeHundredths });
  try {
    const there = createUberDirect({ ...account, baseUrl: foreign.url });
    const estimate = await there.estimate({ ...request, currency });
    if (estimate.status !== 'quoted') throw new Error(estimate.code);
    const { quoteRef, priceMinor } = estimate;
    await there.create({ ...request, currency, key, quoteRef, tipMinor });
    return { priceMinor, tip: foreign.fleet.all()[0]?.tip };
  } finally {
    await foreign.close();
  }
};

describe('an amount', () => {
  it('is whole minor units of any currency, and a tip hundredths of it, rounded down', async () => {
    expect(await sentIn('JPY', 79_000, 150)).toEqual({ priceMinor: 790, tip: 15_000 });
    expect(await sentIn('KWD', 79, 158)).toEqual({ priceMinor: 790, tip: 15 });
    expect(await sentIn('EUR', 790, 158)).toEqual({ priceMinor: 790, tip: 158 });
  });

  it('with a part of a minor unit is none that we know', async () => {
    await expect(sentIn('EUR', 790.5, 0)).rejects.toMatchObject({ code: 'server_error' });
    await expect(sentIn('JPY', 79_050, 0)).rejects.toMatchObject({ code: 'server_error' });
  });
});

describe('a delivery', () => {
  it('is made once, its price with the tip', async () => {
    const first = await created();
    expect(first).toMatchObject({
      status: 'confirmed',
      delivery: { progress: 'pending', priceMinor: 940, externalId: key },
    });
    expect(await created()).toEqual(first);
    expect(madeUnderKey()).toHaveLength(1);
  });

  it.each(POST_FAULTS)('is made once in spite of %s', async (kind) => {
    const quoteRef = await quoted();
    fake.addFault({ kind, match: { method: 'POST', path: '/deliveries' } });
    const made = await insist(() => partner.create({ ...request, key, quoteRef, tipMinor: 0 }));
    expect(made).toMatchObject({ status: 'confirmed', delivery: { externalId: key } });
    expect(madeUnderKey()).toHaveLength(1);
  });

  it('that was made and not answered is found when the partner calls the key used', async () => {
    const quoteRef = await quoted();
    fake.addFault({ kind: 'execute_then_timeout', match: { path: '/deliveries', method: 'POST' } });
    fake.addFault({ kind: '409', match: { path: '/deliveries', method: 'POST' } });
    const made = await insist(() => partner.create({ ...request, key, quoteRef, tipMinor: 0 }));
    expect(made).toMatchObject({ status: 'confirmed', delivery: { externalId: key } });
  });

  it('is refused for good when its quote has expired', async () => {
    const quoteRef = await quoted();
    fake.moveClock(16 * 60_000);
    expect(await partner.create({ ...request, key, quoteRef, tipMinor: 0 })).toEqual({
      status: 'refused',
      code: 'expired_quote',
    });
  });

  it.each([
    ['pickup', 'pending'],
    ['pickup_complete', 'picked_up'],
    ['dropoff', 'picked_up'],
    ['delivered', 'delivered'],
    ['returned', 'returned'],
    ['canceled', 'cancelled'],
  ] as const)('%s is %s', async (status, progress) => {
    await created();
    const partnerRef = madeUnderKey()[0]?.id ?? '';
    fake.fleet.step(partnerRef, status, 'customer_unavailable');
    expect(await partner.track({ partnerRef })).toMatchObject({ progress, customerFault: true });
  });

  it('that does not exist is none', async () => {
    expect(await partner.track({ partnerRef: 'del_none' })).toBeUndefined();
  });

  it('drives by itself', async () => {
    fake.fleet.set({ mood: 'delivers', stepMs: 5 });
    await created();
    await expect.poll(() => madeUnderKey()[0]?.status).toBe('delivered');
  });
});

const cancel = (partnerRef: string | undefined, lastSentAt = fake.now()) =>
  insist(() => partner.cancel({ partnerRef, createKey: key, lastSentAt }));

describe('a cancellation', () => {
  it('before the pickup costs nothing, whatever happens on the way', async () => {
    for (const kind of POST_FAULTS) {
      key = `${newId('order')}:partner:1`;
      await created();
      fake.addFault({ kind, match: { path: '/cancel' } });
      expect(await cancel(madeUnderKey()[0]?.id)).toEqual({ status: 'cancelled', chargedMinor: 0 });
    }
  });

  it('after the pickup is too late', async () => {
    await created();
    const partnerRef = madeUnderKey()[0]?.id ?? '';
    fake.fleet.step(partnerRef, 'pickup_complete');
    expect(await cancel(partnerRef)).toMatchObject({
      status: 'too_late',
      delivery: { progress: 'picked_up', priceMinor: 940 },
    });
  });

  it('finds what was made without an answer', async () => {
    await created();
    expect(await cancel(undefined)).toEqual({ status: 'cancelled', chargedMinor: 0 });
    expect(madeUnderKey().map(({ status }) => status)).toEqual(['canceled']);
  });

  it('of what may still arrive waits, and then there is nothing', async () => {
    await expect(cancel(undefined)).rejects.toMatchObject({ code: 'not_settled' });
    expect(await cancel(undefined, fake.now() - 60_000)).toEqual({ status: 'nothing_to_cancel' });
  });
});

describe('the books', () => {
  it('list every delivery, beyond a page', async () => {
    const before = fake.fleet.all().length;
    for (let n = before; n < 101; n += 1) {
      key = `${newId('order')}:partner:1`;
      await created();
    }
    const refs: string[] = [];
    for await (const { partnerRef } of partner.list()) refs.push(partnerRef);
    expect(refs).toEqual(fake.fleet.all().map(({ id }) => id));
    expect(refs.length).toBeGreaterThan(100);
  });
});

describe('a webhook', () => {
  it('names the delivery and its order when it is signed, and is refused otherwise', async () => {
    await created();
    const [{ body: rawBody, headers } = { body: '', headers: {} }] = fake.notices
      .waiting()
      .slice(-1);
    const [orderId] = key.split(':');
    const partnerRef = madeUnderKey()[0]?.id;
    expect(partner.readWebhook({ rawBody, headers })).toMatchObject({
      kind: 'delivery_changed',
      type: 'partner.pending',
      partnerRef,
      orderId,
    });
    const refused = { kind: 'refused', code: 'invalid_signature' };
    expect(partner.readWebhook({ rawBody: `${rawBody} `, headers })).toEqual(refused);
    expect(partner.readWebhook({ rawBody, headers: {} })).toEqual(refused);
  });
});
