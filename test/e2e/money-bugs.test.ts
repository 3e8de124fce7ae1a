// Is the audit any good? The worker's code is broken on purpose, one bug at a time, on the real stack; what the same deeds
// leave behind must be seen by the check that is meant to see it, and without a bug by none. A part of `npm run proof`.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { auditOf } from '../support/audit.ts';
import { figure } from '../support/figure.ts';
import { moneyBugs, type Deed } from '../support/money-bugs.ts';
import { copyCode } from '../support/other-code.ts';
import { openShop, type Shop } from '../support/shop.ts';
import { startStack, type Stack } from '../support/stack.ts';

const isProof = process.env['PROOF'] === '1';
const soon = { timeout: 60_000, interval: 250 };
const looks = { timeout: 60_000, interval: 1_500 };

let folder: string;
let stack: Stack;
let shop: Shop;
const seen: string[] = [];
beforeAll(async () => {
  if (!isProof) return;
  folder = await mkdtemp(join(tmpdir(), 'waybill-'));
  stack = await startStack({ logFile: join(folder, 'stack.log') });
  shop = await openShop(stack, { currency: 'KWD', delivery_fee_minor: 500, driver_pay_minor: 700 });
  const destination = stack.stripe.control.openAccount();
  const body = { party: shop.ids.merchant, rail: 'stripe', destination };
  await shop.post({ secret: stack.adminKey, path: '/v1/admin/payout-accounts', body });
}, 120_000);
afterAll(async () => {
  if (!isProof) return;
  await stack.close();
  await rm(folder, { recursive: true });
  figure(`${seen.length} of ${moneyBugs.length} bugs of money are seen: ${seen.join('; ')}`);
});

/** 2.346 dinars and a tip of 150: a card takes 2.500, so that rounding gives 4. */
const odd = {
  type: 'pickup',
  dropoff: undefined,
  currency: 'KWD',
  items: [{ name: 'Noodles', quantity: 1, unit_price_minor: 2_346 }],
  tip_minor: 150,
};

async function placed(): Promise<string> {
  const { body } = await shop.place(odd);
  await shop.until(body.id, { order_status: 'pending' });
  return body.id;
}

const isOver = async (id: string): Promise<boolean> =>
  (
    await stack.db
      .selectFrom('orders')
      .select('is_over')
      .where('id', '=', id)
      .executeTakeFirstOrThrow()
  ).is_over;

/** The name under which the audit speaks of what was done. */
const deeds: Readonly<Record<Deed, () => Promise<string>>> = {
  collect: async () => {
    const id = await placed();
    await shop.merchantSays(id, 'accept');
    await shop.merchantSays(id, 'ready');
    await shop.merchantSays(id, 'hand-over');
    await expect.poll(() => isOver(id), soon).toBe(true);
    return id;
  },
  cancel: async () => {
    const id = await placed();
    await shop.merchantSays(id, 'cancel');
    await expect.poll(() => isOver(id), soon).toBe(true);
    return id;
  },
  'pay out': async () => {
    await deeds.collect();
    const path = `/v1/merchants/${shop.ids.merchant}/payouts`;
    const ask = async () => {
      const { status, body } = await shop.post({ secret: shop.merchantKey, path });
      return status === 201 ? String(body['period']) : undefined;
    };
    let period: string | undefined;
    await expect
      .poll(
        stack.lookFirst(async () => (period ??= await ask()) !== undefined),
        looks,
      )
      .toBe(true);
    const last = async () =>
      (await shop.get({ secret: shop.merchantKey, path })).body['data'] as { status: string }[];
    await expect.poll(async () => (await last())[0]?.status, soon).toBe('paid');
    return `${shop.ids.merchant}:${period}`;
  },
};

/** Which checks speak of it. */
async function speaking(name: string): Promise<readonly string[]> {
  const { verdicts } = await auditOf(stack);
  return verdicts.flatMap(({ check, finding }) =>
    finding.breaches.some(({ order }) => order === name) ? [check.id] : [],
  );
}

describe.runIf(isProof)('the audit', () => {
  test.each(['collect', 'cancel', 'pay out'] as const)(
    'has nothing to say about sound code › %s',
    async (deed) => {
      expect(await speaking(await deeds[deed]())).toEqual([]);
    },
    180_000,
  );

  test.each(moneyBugs.map((bug, index) => ({ ...bug, index })))(
    'sees that $name',
    async ({ name, patches, deed, fault, seenBy, index }) => {
      const code = await copyCode(join(folder, `bug-${index}`), patches);
      await stack.stop('worker');
      const env = { WAYBILL_BUILD_ID: `bug-${index}`, WAYBILL_PROMOTE: 'always' };
      await stack.start('worker', env, code);
      if (fault) stack.stripe.control.addFault(fault);
      const told = await speaking(await deeds[deed]());
      expect(told).toEqual(expect.arrayContaining([...seenBy]));
      seen.push(`${name} (${told.join(', ')})`);
    },
    180_000,
  );
});
