// Payouts by bank: sealed into one file, once, and paid or sent back as somebody says.

import { createHash } from 'node:crypto';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createBankPayouts } from '../../activities/bank-payouts.ts';
import { createPayoutActivities } from '../../activities/payouts.ts';
import { newId } from '../../db/new-id.ts';
import type { PayoutStep } from '../../activities/contract.ts';
import { earn, movedByPayouts } from '../support/payouts.ts';
import { createWorld, openShop, type Reply, type Shop, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await createWorld();
});
afterAll(() => world.close());

const iban = 'DE89370400440532013000';
const debtor = { name: 'Platform GmbH', iban: 'GB29NWBK60161331926819' };
const post = (path: string, body: object = {}): Promise<Reply> =>
  world.call('POST', `/v1/admin/${path}`, { secret: world.admin, body });
const seal = ({ market }: Shop): Promise<Reply> =>
  post('payout-files', { market_id: market.id, debtor });
const download = (id: string): Promise<Reply> =>
  world.call('GET', `/v1/admin/payout-files/${id}/download`, { secret: world.admin });

async function newShop(): Promise<Shop> {
  const shop = await openShop(world, { payouts: { rails: ['bank'] } });
  const bank = { name: 'Noodles & Söhne', iban };
  const made = await post('payout-accounts', { party: shop.merchant.id, rail: 'bank', bank });
  expect(made).toMatchObject({ status: 201, body: { verified: true } });
  return shop;
}

/** `between`: after the bank's answer was read, before it is recorded. */
async function advance(
  party: string,
  between?: () => Promise<unknown>,
): Promise<PayoutStep['status']> {
  const { period } = await world.db
    .selectFrom('payouts')
    .select('period')
    .where('party', '=', party)
    .orderBy('id', 'desc')
    .executeTakeFirstOrThrow();
  const { advancePayout } = createPayoutActivities({
    payoutPortOf: () => createBankPayouts(world.db),
    db: world.db,
    crashPoint: async (point) => {
      if (point === 'payout:after-effect') await between?.();
    },
  });
  return (await advancePayout({ party, period })).status;
}

async function payOut({ merchant, owner }: Shop, amountMinor = 1_234): Promise<string> {
  await earn(world.db, merchant.id, { amountMinor, at: new Date(Date.now() - 1_000) });
  const asked = await world.call('POST', `/v1/merchants/${merchant.id}/payouts`, { secret: owner });
  expect(await advance(merchant.id)).toBe('in_transit');
  return asked.body.id;
}

describe('a payout by bank', () => {
  it('is sealed into one file, arrives when somebody says so, and may still come back', async () => {
    const shop = await newShop();
    const party = shop.merchant.id;
    const id = await payOut(shop);
    const file = await seal(shop);
    expect(file).toMatchObject({ status: 201, body: { payment_count: 1, total_minor: 1_234 } });
    expect((await seal(shop)).body['code']).toBe('no_effect');
    const text = String((await download(file.body.id)).body['text']);
    expect(text).toContain(`<Nm>Noodles &amp; Söhne</Nm></Cdtr><CdtrAcct><Id><IBAN>${iban}</IBAN>`);
    expect(text).toContain('<InstdAmt Ccy="EUR">12.34</InstdAmt>');
    expect(createHash('sha256').update(text).digest('hex')).toBe(file.body['sha256']);
    expect(await advance(party)).toBe('in_transit');

    expect(await post(`payout-files/${file.body.id}/paid`)).toMatchObject({ status: 200 });
    expect(await advance(party)).toBe('paid');
    expect(await movedByPayouts(world.db, party)).toEqual({
      merchant: 1_234,
      provider_clearing: -1_234,
    });
    expect(await post(`payouts/${id}/returned`)).toMatchObject({ status: 200 });
    expect(await advance(party)).toBe('failed');
    expect(await movedByPayouts(world.db, party)).toEqual({});
    expect((await post(`payouts/${id}/returned`)).body['code']).toBe('no_effect');
    expect(String((await download(file.body.id)).body['text'])).toBe(text);
  });

  it('that was sent back is not paid by saying that its file was', async () => {
    const shop = await newShop();
    const id = await payOut(shop);
    const file = await seal(shop);
    await post(`payouts/${id}/returned`);
    await post(`payout-files/${file.body.id}/paid`);
    expect(await advance(shop.merchant.id)).toBe('failed');
  });

  it('that comes back while it is recorded as paid has failed', async () => {
    const shop = await newShop();
    const party = shop.merchant.id;
    const id = await payOut(shop);
    const file = await seal(shop);
    await post(`payout-files/${file.body.id}/paid`);
    const returned = () => post(`payouts/${id}/returned`);
    expect(await advance(party, returned)).toBe('failed');
    expect(await movedByPayouts(world.db, party)).toEqual({});
  });

  it('is in one file though two seal at once', async () => {
    const shop = await newShop();
    await payOut(shop);
    const sealed = await Promise.all([seal(shop), seal(shop), seal(shop)]);
    expect(sealed.filter(({ status }) => status === 201)).toHaveLength(1);
    expect(sealed.filter(({ status }) => status === 409)).toHaveLength(2);
  });

  it('cannot be changed once it is sealed, not even in the database', async () => {
    const shop = await newShop();
    await payOut(shop);
    await seal(shop);
    const party = shop.merchant.id;
    const codes = await Promise.all(
      [
        sql`UPDATE bank_payments SET amount_minor = 1 WHERE party = ${party}`,
        sql`UPDATE bank_payments SET file_id = NULL, status = 'queued' WHERE party = ${party}`,
        sql`UPDATE payout_files SET total_minor = 1 WHERE market_id = ${shop.market.id}`,
        sql`DELETE FROM payout_files WHERE market_id = ${shop.market.id}`,
      ].map((statement) =>
        statement.execute(world.db).then(
          () => 'done',
          (error: unknown) => (error as { readonly code: string }).code,
        ),
      ),
    );
    expect(codes).toEqual(['WB003', 'WB003', 'WB003', 'WB003']);
  });
});

describe('what is no account or file', () => {
  it.each([
    ['bank', {}],
    ['bank.iban', { bank: { name: 'N', iban: 'DE88370400440532013000' } }],
    ['bank.iban', { bank: { name: 'N', iban: 'DE8937' } }],
  ])('is refused, naming the field %s', async (field, body) => {
    const { merchant } = await newShop();
    const reply = await post('payout-accounts', { party: merchant.id, rail: 'bank', ...body });
    expect([reply.status, (reply.body['errors'] as { field: string }[])[0]?.field]).toEqual([
      400,
      field,
    ]);
  });

  it('is not found, and nothing of an account is shown or logged', async () => {
    await newShop();
    expect((await download(newId('payoutFile'))).status).toBe(404);
    expect(world.logged.join('')).not.toContain(iban);
    const { rows } =
      await sql`SELECT 1 FROM idempotency_keys WHERE response_body::text LIKE ${`%${iban}%`}`.execute(
        world.db,
      );
    expect(rows).toEqual([]);
  });
});
