// Cash that is brought after it counted as missing: off what its driver owes, whatever that has become, and never twice.

import { beforeEach, describe, expect, it } from 'vitest';
import { readCash } from '../../db/dispatch-snapshot.ts';
import { postOnce } from '../../db/ledger.ts';
import type { DriverId } from '../../domain/ids.ts';
import { planPostings } from '../../domain/payout.ts';
import { balancesOf } from '../support/paid-order.ts';
import { setUpDesk } from '../support/desk.ts';
import type { Reply } from './world.ts';

const set = setUpDesk();
let orderId: string;
let driverId: DriverId;

/** 23.50 were collected, 20.00 handed in. */
beforeEach(async () => {
  const { world, desk, shop } = set;
  orderId = await desk.withDriver(shop, { payment: { method: 'cash' } });
  driverId = shop.driver.id as DriverId;
  const say = (what: string, secret: string, body: object = {}) =>
    world.call('POST', `/v1/orders/${orderId}/${what}`, { secret, body });
  await say('pick-up', shop.driverKey);
  await say('deliver', shop.driverKey, { collected_minor: 2_350 });
  await say('remittance', world.support, { amount_minor: 2_000 });
});

const bring = (amount_minor: number, key?: string): Promise<Reply> =>
  set.world.call('POST', `/v1/support/orders/${orderId}/late-cash`, {
    secret: set.world.support,
    body: { reason: 'driver_unreachable', amount_minor },
    ...(key === undefined ? {} : { key }),
  });
const missing = (): Promise<Reply> => set.desk.get(`orders/${orderId}/late-cash`);
const balances = () => balancesOf(set.world.db, orderId);
const pocket = async () =>
  (await readCash(set.world.db, { driverIds: [driverId], now: Date.now() })).get(driverId);

/** What payouts make of a debt. */
const moves = async (given: object): Promise<void> => {
  const none = { nettedMinor: 0, repaidMinor: 0, receivableMinor: 0, writtenOffMinor: 0 };
  const name = { party: driverId, period: Object.keys(given).join(), kind: 'driver' } as const;
  for (const posting of planPostings(name, { ...none, ...given }))
    await postOnce(set.world.db, { posting, orderId: undefined, currency: 'EUR', at: new Date() });
};
const held = async (account: string): Promise<number> => {
  const { rows } = await set.world.db
    .selectFrom('ledger_entries')
    .select((eb) => eb.fn.sum<string | null>('amount_minor').as('minor'))
    .where('account', '=', account)
    .where('party', 'in', [driverId, 'platform'])
    .execute()
    .then((found) => ({ rows: found }));
  return Number(rows[0]?.minor ?? 0);
};

describe('cash that comes late', () => {
  it('goes into the desk and is the driver’s again, part by part, until all is there', async () => {
    expect((await missing()).body).toEqual({
      driver_id: driverId,
      missing_minor: 350,
      currency: 'EUR',
    });
    expect(await pocket()).toBe(350);
    for (let turn = 0; turn < 2; turn++)
      expect(await bring(100, `late-${orderId}`)).toMatchObject({
        status: 200,
        body: { outcome: 'done' },
      });
    // 400 + 150 − 350, and 100 of them are there.
    expect(await balances()).toMatchObject({ cash_desk: 2_100, driver: -300 });
    expect(await pocket()).toBe(250);
    const open = set.world.db
      .selectFrom('incidents')
      .select('kind')
      .where('order_id', '=', orderId);
    expect(await open.where('resolved_at', 'is', null).execute()).toEqual([{ kind: 'cash_short' }]);
    expect((await bring(250)).status).toBe(200);
    expect(await balances()).toMatchObject({ cash_desk: 2_350, driver: -550 });
    expect(await open.where('resolved_at', 'is', null).execute()).toEqual([]);
    const statement = await set.world.call('GET', `/v1/drivers/${driverId}/statement`, {
      secret: set.shop.driverKey,
    });
    const lines = statement.body['data'] as { kind: string; amount_minor: number }[];
    expect(lines.filter(({ kind }) => kind === 'late_cash')).toMatchObject([
      { amount_minor: 100 },
      { amount_minor: 250 },
    ]);
  });

  it('is refused beyond what is missing, and when none is', async () => {
    expect(await bring(351)).toMatchObject({
      status: 400,
      body: { errors: [{ field: 'amount_minor', limit: 350 }] },
    });
    const both = await Promise.all([bring(350), bring(350)]);
    expect(both.map(({ status }) => status)).toEqual(expect.arrayContaining([200, 409]));
    expect(await missing()).toMatchObject({ status: 409, body: { code: 'wrong_state' } });
    orderId = await set.desk.placed(set.shop);
    expect(await bring(1)).toMatchObject({ status: 409, body: { code: 'wrong_state' } });
    expect(await balances()).toEqual({});
  });

  it('pays what it has become: first the debt, then what of it was written off', async () => {
    const before = await held('bad_debt');
    await moves({ receivableMinor: 350 });
    await moves({ writtenOffMinor: 200 });
    await bring(100);
    expect([await held('receivable'), (await held('bad_debt')) - before]).toEqual([50, 200]);
    await bring(200);
    expect([await held('receivable'), (await held('bad_debt')) - before]).toEqual([0, 50]);
    await bring(50);
    expect(await held('bad_debt')).toBe(before);
    expect(await balances()).toMatchObject({ driver: -200, cash_desk: 2_350 });
  });

  it('was repaid out of earnings: it is the driver’s', async () => {
    await moves({ receivableMinor: 350 });
    await moves({ repaidMinor: 350 });
    await bring(350);
    expect(await held('receivable')).toBe(0);
    expect(await balances()).toMatchObject({ driver: -550 });
  });
});
