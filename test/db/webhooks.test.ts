// News of money that nobody here waits for: somebody is told, and of nothing else.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newId } from '../../db/new-id.ts';
import { reportUnexpected } from '../../db/webhooks.ts';
import type { OrderId } from '../../domain/ids.ts';
import { createMarket, type Market } from './market.ts';

let market: Market;
beforeAll(async () => {
  market = await createMarket();
});
afterAll(() => market.close());

const incidentOf = (providerRef: string, kind = 'payment_unexpected') =>
  market.db
    .selectFrom('incidents')
    .select(['kind', 'order_id', 'detail'])
    .where('key', '=', `reconcile:${providerRef}:${kind}`)
    .executeTakeFirst();

async function report(orderId: OrderId | undefined, providerRef: string, type: string) {
  const news = { provider: 'campay', type, providerRef, orderId };
  for (let n = 0; n < 2; n++) await reportUnexpected(market.db, news, new Date());
  return incidentOf(providerRef);
}

describe('money', () => {
  it.each([
    ['voided', 'own'],
    ['declined', 'own'],
    ['written_off', 'own'],
    ['captured', 'another'],
    ['requires_action', 'another'],
  ])(
    'that is taken of an order that is %s, under its %s name, is told to somebody',
    async (payment_status, whose) => {
      const ref = newId('note');
      const orderId = await market.addOrder({
        payment_status,
        provider_ref: whose === 'own' ? ref : 'other',
      });
      expect(await report(orderId, ref, 'campay.successful')).toEqual({
        kind: 'reconcile_payment_unexpected',
        order_id: orderId,
        detail: { provider: 'campay', providerRef: ref, orderId },
      });
    },
  );

  it.each([
    ['captured', 'own', 'campay.successful'],
    ['voiding', 'another', 'campay.successful'],
    ['voided', 'own', 'campay.failed'],
    ['voided', 'own', 'PAYMENT.AUTHORIZATION.VOIDED'],
  ])(
    'of an order that is %s, under its %s name, by %s, is no news',
    async (payment_status, whose, type) => {
      const ref = newId('note');
      const orderId = await market.addOrder({
        payment_status,
        provider_ref: whose === 'own' ? ref : 'other',
      });
      expect(await report(orderId, ref, type)).toBeUndefined();
    },
  );

  it.each([
    ['captured', 'PAYMENT.CAPTURE.REVERSED', true],
    ['captured', 'PAYMENT.CAPTURE.DENIED', true],
    ['captured', 'PAYMENT.CAPTURE.PENDING', false],
    ['capturing', 'PAYMENT.CAPTURE.DENIED', false],
  ])(
    'of an order that is %s, and gone by %s, is told: %s',
    async (payment_status, type, isTold) => {
      const ref = newId('note');
      const orderId = await market.addOrder({ payment_status, provider_ref: ref });
      expect(await report(orderId, ref, type)).toBeUndefined();
      expect(await incidentOf(ref, 'payment_reversed')).toEqual(
        isTold
          ? {
              kind: 'reconcile_payment_reversed',
              order_id: orderId,
              detail: { provider: 'campay', providerRef: ref, orderId },
            }
          : undefined,
      );
    },
  );

  it.each([
    ['authorized', 'payment_intent.canceled', true],
    ['authorized', 'PAYMENT.AUTHORIZATION.VOIDED', true],
    ['authorized', 'payment_intent.amount_capturable_updated', false],
    ['voiding', 'payment_intent.canceled', false],
    ['voided', 'payment_intent.canceled', false],
  ])('that is held for an order, %s, and is let go by %s, is told: %s', async (...told) => {
    const [payment_status, type, isTold] = told;
    const ref = newId('note');
    const orderId = await market.addOrder({ payment_status, provider_ref: ref });
    await report(orderId, ref, type);
    expect((await incidentOf(ref, 'hold_released'))?.order_id).toBe(isTold ? orderId : undefined);
  });

  it('of no order of ours is told with the name that there is', async () => {
    const ref = newId('note');
    expect(await report(undefined, ref, 'PAYMENT.CAPTURE.COMPLETED')).toMatchObject({
      order_id: null,
      detail: { providerRef: ref },
    });
  });
});
