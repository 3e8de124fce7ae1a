// Statements over the API: JSON by pages, CSV whole and harmless, and fast on a long book.

import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { csvCell } from '../../api/views/statement.ts';
import { createWorld, type World } from './world.ts';

let world: World;
let path: string;
beforeAll(async () => {
  world = await createWorld();
  const { id } = world.shop.merchant;
  path = `/v1/merchants/${id}/statement`;
  await fill(id, 120);
});
afterAll(() => world.close());

/** `count` settled orders of a merchant, a minute apart, oldest last. */
async function fill(party: string, count: number): Promise<void> {
  const end = new Date(Date.now() - 60_000);
  await world.db.transaction().execute(async (trx) => {
    await sql`INSERT INTO ledger_transactions SELECT ${party} || ':s:' || n, NULL, 'settlement', 'EUR',
      date_trunc('second', ${end}::timestamptz) - n * interval '1 minute' FROM generate_series(1, ${count}) n`.execute(
      trx,
    );
    await sql`INSERT INTO ledger_entries SELECT ${party} || ':s:' || n, a.account, a.party, a.sign * n, 'EUR',
      date_trunc('second', ${end}::timestamptz) - n * interval '1 minute'
      FROM generate_series(1, ${count}) n, (VALUES ('merchant', ${party}, -1), ('platform', 'platform', 1)) a (account, party, sign)`.execute(
      trx,
    );
  });
}

const read = (query = '', secret = world.shop.owner) =>
  world.call('GET', `${path}${query}`, { secret });

describe('GET /v1/merchants/{id}/statement', () => {
  it('shows what the merchant earned, page by page', async () => {
    const first = await read('?limit=100');
    const second = await read(`?limit=100&cursor=${String(first.body['next_cursor'])}`);
    expect(
      [first, second].map(({ status, body }) => [status, (body['data'] as object[]).length]),
    ).toEqual([
      [200, 100],
      [200, 20],
    ]);
    expect(second.body['next_cursor']).toBeNull();
    const last = (second.body['data'] as Record<string, unknown>[]).at(-1);
    expect(first.body).toMatchObject({ currency: 'EUR', opening_balance_minor: 0 });
    expect(first.body['closing_balance_minor']).toBe((120 * 121) / 2);
    expect(last).toMatchObject({ amount_minor: 1, balance_minor: (120 * 121) / 2 });
  });

  it.each([
    ['?to=2020-01-01T00:00:00Z&from=2021-01-01T00:00:00Z', 'to'],
    ['?cursor=nonsense', 'cursor'],
    ['?format=pdf', 'format'],
  ])('refuses %s naming the field', async (query, field) => {
    const { status, body } = await read(query);
    expect([status, (body['errors'] as { field: string }[])[0]?.field]).toEqual([400, field]);
  });

  it('is not for a key of one branch', async () => {
    const secret = await world.keyOf({
      role: 'manager',
      merchant_id: world.shop.merchant.id,
      branch_id: world.shop.branch.id,
    });
    expect((await read('', secret)).status).toBe(404);
  });

  it('comes as CSV with every line', async () => {
    const { status, headers, body } = await read('?format=csv');
    const lines = String(body['text']).trimEnd().split('\r\n');
    expect([status, headers['content-type']]).toEqual([200, 'text/csv; charset=utf-8']);
    expect(lines).toHaveLength(121);
    expect(lines[0]).toBe(
      'at,account,kind,transaction,order_id,amount_minor,balance_minor,currency',
    );
    expect(lines.at(-1)).toMatch(/,merchant,settlement,\w+:s:1,,1,7260,EUR$/);
  });

  it('over 100,000 entries is answered in less than 200 ms', async () => {
    const { id } = await world.make('merchants', {
      market_id: world.shop.market.id,
      name: 'Long',
      commission_bps: 1_000,
    });
    await fill(id, 100_000);
    await sql`VACUUM ANALYZE ledger_entries`.execute(world.db);
    const times: number[] = [];
    for (let n = 0; n < 5; n++) {
      const start = performance.now();
      const reply = await world.call('GET', `/v1/merchants/${id}/statement?limit=100`, {
        secret: world.admin,
      });
      times.push(performance.now() - start);
      expect(reply.body['closing_balance_minor']).toBe(5_000_050_000);
    }
    const middle = times.toSorted((a, b) => a - b)[2] ?? Infinity;
    console.log(`a statement over 100,000 entries: ${middle.toFixed(0)} ms`);
    expect(middle).toBeLessThan(200);
  });
});

describe('a cell of CSV', () => {
  it.each([
    ['=1+1', `'=1+1`],
    ['+1', `'+1`],
    ['-1', `'-1`],
    ['@SUM(A1)', `'@SUM(A1)`],
    ['\t=1', `'\t=1`],
    ['\r=1', `"'\r=1"`],
    ['a,b', '"a,b"'],
    ['say "x"', '"say ""x"""'],
    ['=cmd|"/c calc"!A1', `"'=cmd|""/c calc""!A1"`],
    [-5, '-5'],
    ['plain', 'plain'],
  ])('%j becomes %j', (value, cell) => {
    expect(csvCell(value)).toBe(cell);
  });
});
