// Wallets over the API: who may see and move what, and what is refused by which field.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fillWallet } from '../support/wallet.ts';
import { quietMoney } from '../support/quiet-money.ts';
import { createWorld, openShop, type Reply, type Shop, type World } from './world.ts';

let world: World;
let shop: Shop;
const started: string[] = [];
const tell = async (id: string): Promise<void> => void started.push(id);
beforeAll(async () => {
  world = await createWorld({
    money: {
      ...quietMoney,
      startRefund: tell,
      refundChanged: tell,
      startTopUp: tell,
      startWithdrawal: tell,
    },
  });
  shop = await openShop(world, { payment_providers: ['stripe', 'wallet', 'cash'] });
});
afterAll(() => world.close());

const path = (rest: string): string => `/v1/customers/${shop.customer.id}/wallet${rest}`;
const post = (rest: string, body: object, key?: string): Promise<Reply> =>
  world.call('POST', path(rest), {
    secret: shop.customerKey,
    body,
    ...(key === undefined ? {} : { key }),
  });
const get = (rest: string, secret = shop.customerKey): Promise<Reply> =>
  world.call('GET', path(rest), { secret });
const topUp = { amount_minor: 2_000, currency: 'EUR', token: 'pm_card_visa' };

describe('a wallet', () => {
  it('shows its balance, what is set aside, and what can go back', async () => {
    expect((await get('')).body['data']).toEqual([]);
    await fillWallet(world.db, { customerId: shop.customer.id, currency: 'EUR', amountMinor: 900 });
    const expected = [
      { currency: 'EUR', balance_minor: 900, held_minor: 0, withdrawable_minor: 0 },
    ];
    expect((await get('')).body['data']).toEqual(expected);
    expect((await get('', world.support)).body['data']).toEqual(expected);
  });

  it('has a statement', async () => {
    const url = `/v1/customers/${shop.customer.id}/statement?currency=EUR`;
    const { body } = await world.call('GET', url, { secret: shop.customerKey });
    expect(body).toMatchObject({ closing_balance_minor: 900, data: [{ account: 'wallet' }] });
  });
});

describe('a top-up', () => {
  it('is asked for once per key, and its workflow is started', async () => {
    const first = await post('/top-ups', topUp, 'top-1');
    expect(first).toMatchObject({ status: 201, body: { status: 'pending', amount_minor: 2_000 } });
    expect((await post('/top-ups', topUp, 'top-1')).body.id).toBe(first.body.id);
    expect(started).toContain(first.body.id);
    expect((await get('/top-ups')).body['data']).toMatchObject([{ id: first.body.id }]);
  });

  it('that waits for its payer shows the secret to the payer', async () => {
    await world.db
      .updateTable('top_ups')
      .set({ status: 'requires_action', client_secret: 'pi_secret' })
      .execute();
    expect((await get('/top-ups')).body['data']).toMatchObject([{ client_secret: 'pi_secret' }]);
  });

  it.each([
    ['amount_minor', { ...topUp, amount_minor: 0 }],
    ['amount_minor', { ...topUp, amount_minor: 1.5 }],
    ['amount_minor', { ...topUp, amount_minor: 49 }],
    ['currency', { ...topUp, currency: 'ZZZ' }],
    ['currency', { ...topUp, currency: 'JPY' }],
    ['token', { ...topUp, token: '4242424242424242' }],
    ['token', { ...topUp, token: 'wallet' }],
  ])('is refused, naming %s: %o', async (field, body) => {
    const reply = await post('/top-ups', body);
    expect([400, 422]).toContain(reply.status);
    expect(JSON.stringify(reply.body)).toContain(field);
  });
});

describe('a withdrawal', () => {
  it('of what no payment had filled is refused', async () => {
    expect(await post('/withdrawals', { amount_minor: 100, currency: 'EUR' })).toMatchObject({
      status: 409,
      body: { code: 'withdrawal_too_large' },
    });
    expect((await get('/withdrawals')).body['data']).toEqual([]);
  });

  it('leaves the wallet at once', async () => {
    await world.db
      .updateTable('top_ups')
      .set({ status: 'paid', provider_ref: 'pi_1', finished_at: new Date() })
      .execute();
    const asked = await post('/withdrawals', { amount_minor: 700, currency: 'EUR' });
    expect(asked).toMatchObject({ status: 201, body: { status: 'sending', amount_minor: 700 } });
    expect(started).toContain(asked.body.id);
    expect((await get('')).body['data']).toMatchObject([{ balance_minor: 200 }]);
    expect((await get('/withdrawals')).body['data']).toMatchObject([{ id: asked.body.id }]);
  });
});

describe('an order', () => {
  it('of a known customer can be paid by their wallet', async () => {
    const { status, body } = await shop.place({ payment: { method: 'wallet' } });
    expect([status, body['payment_method']]).toEqual([201, 'wallet']);
  });

  it('can be paid by wallet and card, of a market that takes both', async () => {
    const payment = { method: 'split', token: 'pm_card_visa' };
    const { status, body } = await shop.place({ payment });
    expect([status, body['payment_method']]).toEqual([201, 'split']);
    expect((await world.shop.place({ payment })).body['code']).toBe('payment_method_unavailable');
    const odd = await shop.place({ payment: { ...payment, wallet_minor: 0 } });
    expect(odd).toMatchObject({ status: 400, body: { code: 'invalid_request' } });
    expect(JSON.stringify(odd.body)).toContain('wallet_minor');
    const { total_minor: all } = body['totals'] as { readonly total_minor: number };
    const little = await shop.place({ payment: { ...payment, wallet_minor: all - 49 } });
    const errors = [{ field: 'payment.wallet_minor', limit: 50 }];
    expect(little).toMatchObject({ status: 400, body: { errors } });
    const enough = await shop.place({ payment: { ...payment, wallet_minor: all - 50 } });
    expect(enough.status).toBe(201);
  });

  it('of a customer of the platform can, if the platform places it', async () => {
    const { id } = await world.make('customers', { name: 'Pia', phone: '+4915100000008' });
    const wish = { payment: { method: 'wallet' }, customer: { id } };
    expect(await shop.place(wish)).toMatchObject({
      status: 422,
      body: { code: 'payment_method_unavailable', errors: [{ field: 'customer.id' }] },
    });
    const body = shop.orderBody(wish);
    const placed = await world.call('POST', '/v1/orders', { secret: world.admin, body });
    expect(placed.status).toBe(201);
  });

  it('of a guest cannot, nor where the market takes no wallets', async () => {
    const guest = { name: 'Gus', phone: '+4915100000009' };
    const asked = { payment: { method: 'wallet' } };
    expect(await shop.place({ ...asked, customer: guest })).toMatchObject({
      status: 400,
      body: { errors: [{ field: 'customer.id' }] },
    });
    expect(await world.shop.place(asked)).toMatchObject({
      status: 422,
      body: { code: 'payment_method_unavailable', errors: [{ field: 'payment.method' }] },
    });
  });
});
