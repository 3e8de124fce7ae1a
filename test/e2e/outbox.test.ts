// The two crashes that break a naive outbox, on services of their own: this test kills the Temporal server too.

import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { startServices, type Services } from '../../scripts/local/services.ts';
import { openShop, type Shop } from '../support/shop.ts';
import { startStack, type Stack } from '../support/stack.ts';
import { carry, expectAgreement, insist } from '../support/truth.ts';

let services: Services;
let stack: Stack;
let shop: Shop;
beforeAll(async () => {
  services = await startServices({ profile: 'test', log: () => undefined });
  stack = await startStack({ temporalAddress: services.temporalAddress });
  shop = await openShop(stack, { policy: { dispatchTickMs: 300, dispatchIdleMs: 500 } });
  await shop.goOnline();
}, 120_000);
afterAll(async () => {
  await stack.close();
  await services.stop();
});

test(
  'worker killed after it recorded an expiry, then a cancel arrives: the expiry stands',
  { timeout: 90_000 },
  async () => {
    const hasty = await openShop(stack, { policy: { remindMerchantMs: 500, expireMs: 1_500 } });
    await stack.kill('worker');
    await stack.start('worker', { CRASH_AT: 'record:after-commit#order.expired' });
    const { id } = (await hasty.place()).body;
    await stack.ended('worker');
    expect(await hasty.order(id)).toMatchObject({ order_status: 'expired' });
    const cancel = () => hasty.merchantSays(id, 'cancel', {}, `cancel-${id}`);
    const early = cancel();
    await stack.start('worker');
    await early;
    await expect
      .poll(cancel, { timeout: 30_000 })
      .toMatchObject({ status: 409, body: { code: 'already_cancelled' } });
    expect(await expectAgreement(stack, id)).toMatchObject({
      status: 'expired',
      payment: 'voided',
    });
  },
);

test(
  'worker and server killed after an accept is recorded and its caller gave up: the accept stands',
  { timeout: 120_000 },
  async () => {
    const { id } = (await shop.place()).body;
    await shop.until(id, { order_status: 'pending' });
    await stack.kill('worker');
    await stack.start('worker', { CRASH_AT: 'record:after-commit#order.accepted' });
    let ended = false;
    const accept = async (): Promise<boolean> => {
      const accepts = shop.merchantSays(id, 'accept', { prep_seconds: 1 }, `accept-${id}`);
      await accepts.catch(() => undefined);
      return ended;
    };
    await Promise.all([
      stack.ended('worker').then(() => (ended = true)),
      // A worker that is slow to come up hears only the second or third try.
      vi.waitUntil(accept, { timeout: 60_000, interval: 200 }),
    ]);
    await services.kill('temporal', 'SIGKILL');
    await stack.kill('api');
    await services.restart('temporal');
    await Promise.all([stack.start('api'), stack.start('worker')]);
    await stack.apiAnswers();
    expect(await shop.order(id)).toMatchObject({ order_status: 'preparing' });
    await insist(() => shop.merchantSays(id, 'ready', {}, `ready-${id}`));
    await carry(shop, id);
    expect(await expectAgreement(stack, id)).toMatchObject({
      status: 'completed',
      payment: 'captured',
    });
  },
);
