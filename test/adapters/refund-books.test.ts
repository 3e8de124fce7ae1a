// What a provider's books say of a refund that they do not show: nothing, as long as it may still be there.

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { newId } from '../../db/new-id.ts';
import { createMarket, type Market } from '../db/market.ts';
import { rigs, type Clock, type Rig } from '../support/payment-rigs.ts';

let market: Market;
beforeAll(async () => {
  market = await createMarket();
});
afterAll(() => market.close());

describe.each(rigs.filter(([name]) => ['paypal', 'campay', 'noupay'].includes(name)))(
  '%s',
  (name, start) => {
    const clock: Clock = { now: 0 };
    let rig: Rig;
    beforeEach(async () => {
      clock.now = Date.now();
      rig = await start({ db: market.db, clock, webhookUrl: 'http://127.0.0.1:9/' });
    });
    afterEach(() => rig.close());

    it.runIf(name === 'paypal')('says nothing of a payment that it cannot find', async () => {
      const key = `${newId('order')}:refund:a:1`;
      const shown = rig.port.findRefund?.({ providerRef: 'unknown', key });
      await expect(shown).rejects.toMatchObject({ code: 'not_settled' });
    });

    it.runIf(name !== 'paypal')('shows none only once none can arrive', async () => {
      const orderId = newId('order');
      const order = { orderId, amountMinor: 2_350, currency: rig.currency };
      const payment = { attempt: 1, key: `${orderId}:authorize:1`, paymentMethod: rig.method };
      const answer = await rig.port.authorize({ ...order, ...payment });
      const providerRef = 'providerRef' in answer ? (answer.providerRef ?? '') : '';
      rig.confirm(providerRef);
      rig.addFault({ kind: 'timeout', match: { method: 'POST', path: rig.paths.refund } });
      const named = { providerRef, key: `${orderId}:refund:a:1` };
      const sent = rig.port.refund({ ...named, orderId, amountMinor: 500 });
      await expect(sent).rejects.toMatchObject({ code: 'timeout' });
      const early = rig.port.findRefund?.(named);
      await expect(early).rejects.toMatchObject({ code: 'not_settled' });
      clock.now += 6 * 60_000;
      expect(await rig.port.findRefund?.(named)).toBeUndefined();
      expect((await rig.books()).givenBack).toEqual([]);
    });
  },
);
