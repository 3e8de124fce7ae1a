// Payouts over the API: accounts, what is due at once, what keeps it back, and whose eyes see it.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newId } from '../../db/new-id.ts';
import { earn, setAccount } from '../support/payouts.ts';
import { createWorld, openShop, type Reply, type Shop, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await createWorld();
});
afterAll(() => world.close());

const rules = { payouts: { every: 'week', minimum_minor: 1_000, rails: ['stripe', 'campay'] } };
const newShop = (): Promise<Shop> => openShop(world, rules);
const pathOf = ({ merchant }: Shop, rest = ''): string =>
  `/v1/merchants/${merchant.id}/payouts${rest}`;
const ask = (shop: Shop, secret = shop.owner, key?: string): Promise<Reply> =>
  world.call('POST', pathOf(shop), { secret, ...(key === undefined ? {} : { key }) });
const account = (body: object): Promise<Reply> =>
  world.call('POST', '/v1/admin/payout-accounts', { secret: world.admin, body });
const earned = ({ merchant }: Shop, amountMinor: number): Promise<void> =>
  earn(world.db, merchant.id, { amountMinor, at: new Date(Date.now() - 1_000) });
const holdOf = (id: string, verb = 'hold'): Promise<Reply> =>
  world.call('POST', `/v1/merchants/${id}/payouts/${verb}`, { secret: world.support });
const codeOf = ({ status, body }: Reply): readonly unknown[] => [status, body['code']];

describe('a market', () => {
  it('says how it pays out; by itself only when told to', async () => {
    const { market } = await newShop();
    expect(market['payouts']).toEqual(rules.payouts);
    expect(world.shop.market['payouts']).toEqual({
      every: 'never',
      minimum_minor: 0,
      rails: ['stripe'],
    });
  });
});

describe('an account to pay out to', () => {
  it('is set by an admin, shown without what it is, and replaced', async () => {
    const { merchant } = await newShop();
    const first = await account({ party: merchant.id, rail: 'stripe', destination: 'acct_1' });
    expect(first).toMatchObject({ status: 201, body: { verified: false, held: false } });
    const phone = '+237670000000';
    const second = await account({ party: merchant.id, rail: 'campay', phone });
    expect(second).toMatchObject({ status: 201, body: { rail: 'campay', verified: true } });
    expect(JSON.stringify([first, second])).not.toMatch(/acct_|\+237/);
    const { destination } = await world.db
      .selectFrom('payout_accounts')
      .select('destination')
      .where('party', '=', merchant.id)
      .executeTakeFirstOrThrow();
    expect(destination).toMatch(/^campay:note_[0-9a-f]{32}$/);
  });

  it.each([
    ['party', (shop: Shop) => ({ party: shop.branch.id, rail: 'stripe', destination: 'acct_1' })],
    ['party', () => ({ party: newId('merchant'), rail: 'stripe', destination: 'acct_1' })],
    ['rail', (shop: Shop) => ({ party: shop.driver.id, rail: 'noupay', phone: '+237670000000' })],
    ['rail', (shop: Shop) => ({ party: shop.driver.id, rail: 'gold', destination: 'acct_1' })],
    ['destination', (shop: Shop) => ({ party: shop.driver.id, rail: 'stripe' })],
    [
      'destination',
      (shop: Shop) => ({ party: shop.driver.id, rail: 'stripe', destination: 'DE1' }),
    ],
    ['phone', (shop: Shop) => ({ party: shop.driver.id, rail: 'campay', destination: 'acct_1' })],
  ])('is refused, naming the field %s', async (field, body) => {
    const reply = await account(body(await newShop()));
    expect([reply.status, (reply.body['errors'] as { field: string }[])[0]?.field]).toEqual([
      400,
      field,
    ]);
  });
});

describe('a payout at once', () => {
  it('is asked for once per key, and is in the list of the party and of support', async () => {
    const shop = await newShop();
    await setAccount(world.db, shop.merchant.id, { destination: 'acct_1' });
    await earned(shop, 1_000);
    const first = await ask(shop, shop.owner, 'payout-1');
    expect(first).toMatchObject({
      status: 201,
      body: { status: 'requested', party: shop.merchant.id, currency: 'EUR', instant: true },
    });
    expect((await ask(shop, shop.owner, 'payout-1')).body.id).toBe(first.body.id);
    const list = await world.call('GET', pathOf(shop), { secret: shop.owner });
    expect(list.body['data']).toMatchObject([{ id: first.body.id }]);
    const all = await world.call('GET', `/v1/admin/payouts?market_id=${shop.market.id}`, {
      secret: world.support,
    });
    expect(all.body['data']).toMatchObject([{ id: first.body.id }]);
    const ofOthers = await world.call(
      'GET',
      `/v1/admin/payouts?market_id=${world.shop.market.id}`,
      {
        secret: world.support,
      },
    );
    expect(ofOthers.body['data']).toEqual([]);
  });

  it('is refused while nothing can be paid, with the reason', async () => {
    const shop = await newShop();
    expect(codeOf(await ask(shop))).toEqual([409, 'payout_too_small']);
    await earned(shop, 999);
    expect((await ask(shop)).body['reason']).toContain('below_minimum');
    await earned(shop, 1);
    const missing = await ask(shop);
    expect(codeOf(missing)).toEqual([409, 'payout_held']);
    expect(missing.body['reason']).toContain('account_missing');
    await setAccount(world.db, shop.merchant.id, { destination: 'acct_1', verified: false });
    expect((await ask(shop)).body['reason']).toContain('account_unverified');
    await setAccount(world.db, shop.merchant.id, { destination: 'acct_1' });
    const hold = (verb: string): Promise<Reply> =>
      world.call('POST', pathOf(shop, `/${verb}`), { secret: world.support });
    expect(await hold('hold')).toMatchObject({ status: 200, body: { held: true } });
    expect((await ask(shop)).body['reason']).toContain('held_by_support');
    expect(await hold('release')).toMatchObject({ status: 200, body: { held: false } });
    expect((await ask(shop)).status).toBe(201);
  });

  it('is kept back by support also before there is an account', async () => {
    const shop = await newShop();
    await earned(shop, 1_000);
    const held = { status: 200, body: { held: true, rail: null, verified: false } };
    expect(await holdOf(shop.merchant.id)).toMatchObject(held);
    expect((await ask(shop)).body['reason']).toContain('held_by_support');
    const made = await account({ party: shop.merchant.id, rail: 'campay', phone: '+237670000000' });
    expect(made).toMatchObject({ status: 201, body: { held: true, verified: true } });
    expect((await ask(shop)).body['reason']).toContain('held_by_support');
    await holdOf(shop.merchant.id, 'release');
    expect((await ask(shop)).status).toBe(201);
    expect(codeOf(await holdOf(newId('merchant')))).toEqual([404, 'not_found']);
    const other = await newShop();
    await holdOf(other.merchant.id);
    await holdOf(other.merchant.id, 'release');
    await earned(other, 1_000);
    expect((await ask(other)).body['reason']).toContain('account_missing');
  });

  it('is not for one branch, nor for others', async () => {
    const shop = await newShop();
    expect(codeOf(await ask(shop, shop.staff))).toEqual([403, 'forbidden']);
    expect(codeOf(await ask(shop, world.shop.owner))).toEqual([404, 'not_found']);
    const manager = await world.keyOf({
      role: 'manager',
      merchant_id: shop.merchant.id,
      branch_id: shop.branch.id,
    });
    expect(codeOf(await ask(shop, manager))).toEqual([404, 'not_found']);
  });

  it('of a driver: the cash in hand is taken off', async () => {
    const shop = await newShop();
    const party = shop.driver.id;
    const at = new Date(Date.now() - 1_000);
    await setAccount(world.db, party, { destination: 'acct_1' });
    await earn(world.db, party, { amountMinor: 5_000, at, account: 'driver' });
    await earn(world.db, party, { amountMinor: -4_500, at, account: 'cash_in_hand' });
    const driver = (): Promise<Reply> =>
      world.call('POST', `/v1/drivers/${party}/payouts`, { secret: shop.driverKey });
    expect(codeOf(await driver())).toEqual([409, 'payout_too_small']);
    await earn(world.db, party, { amountMinor: 500, at, account: 'driver' });
    expect((await driver()).status).toBe(201);
  });
});
