// A provider that names another currency than what was asked for: its answer is refused, nothing is booked, and somebody is
// told. Over every provider with a network, on a real database.

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createPaymentActivities } from '../../activities/payments.ts';
import { advancePayment } from '../../activities/side-payment.ts';
import { newId } from '../../db/new-id.ts';
import type { OrderId } from '../../domain/ids.ts';
import type { PaymentCall } from '../../domain/payment-call.ts';
import { methodTraits } from '../../domain/payment-methods.ts';
import { createMarket, type Market } from '../db/market.ts';
import { rigs, type Rig } from '../support/payment-rigs.ts';

let market: Market;
beforeAll(async () => {
  market = await createMarket();
});
afterAll(() => market.close());

describe.each(rigs.filter(([name]) => methodTraits[name].remote))('%s', (provider, start) => {
  let rig: Rig;
  let orderId: OrderId;
  let providerRef: string;
  const amountMinor = 2_350;
  const [other, attempt, firstSentAt] = ['USD', 1, Date.now()];
  beforeEach(async () => {
    const clock = { now: Date.now() };
    rig = await start({ db: market.db, clock, webhookUrl: 'http://127.0.0.1:9/' });
    orderId = newId('order');
    const { currency, method: paymentMethod } = rig;
    const key = `${orderId}:authorize:1`;
    const wish = { orderId, attempt, key, amountMinor, currency, paymentMethod };
    const asked = await rig.port.authorize(wish);
    providerRef = 'providerRef' in asked ? (asked.providerRef ?? '') : '';
    rig.confirm(providerRef);
  });
  afterEach(() => rig.close());

  const call = (asked: object) => {
    const whole = { attempt, providerRef, firstSentAt, giveUpAt: firstSentAt + 60_000, ...asked };
    return createPaymentActivities({
      portOf: () => rig.port,
      db: market.db,
      crashPoint: () => undefined,
    }).callProvider({ orderId, currency: other, provider, call: whole as PaymentCall });
  };
  const incidents = () =>
    market.db
      .selectFrom('incidents')
      .select(['kind', 'detail'])
      .where('order_id', '=', orderId)
      .execute();
  const refused = { type: 'currency_mismatch' };
  const told = [{ kind: 'payment_currency_mismatch', detail: { currency: other, provider } }];

  it('is not believed by an order, whatever it asks', async () => {
    const key = `${orderId}:authorize:1`;
    await expect(call({ step: 'check', key })).rejects.toMatchObject(refused);
    const capture = { step: 'capture', key: `${orderId}:capture:1`, amountMinor };
    await expect(call(capture)).rejects.toMatchObject(refused);
    const release = { step: 'void', key: `${orderId}:void:1`, authorizeAttempt: 1 };
    await expect(call(release)).rejects.toMatchObject(refused);
    expect(await incidents()).toEqual(told);
  });

  it.runIf(provider !== 'stripe')('is not believed of what was made before', async () => {
    await rig.port.retrieve({ providerRef });
    const key = `${orderId}:authorize:1`;
    const again = { step: 'authorize', key, amountMinor, paymentMethod: rig.method };
    await expect(call(again)).rejects.toMatchObject(refused);
    expect(await incidents()).toEqual(told);
  });

  it('is not believed by a payment beside an order', async () => {
    const payment = {
      name: { ownerId: orderId, step: 'tip', n: 1 },
      status: 'requires_action',
      attempt,
      amountMinor,
      currency: other,
      paymentMethod: rig.method,
      providerRef,
      code: undefined,
      createdAt: Date.now(),
      firstSentAt,
    } as const;
    const advance = (currency: string) =>
      advancePayment({ ...payment, currency }, { port: rig.port, now: Date.now() });
    await expect(advance(other)).rejects.toMatchObject({ code: 'currency_mismatch' });
    expect(['authorized', 'paid']).toContain((await advance(rig.currency))?.kind);
  });
});
