// A card number is refused wherever somebody writes one, and nothing of it is left: not in the log, not in the database,
// not in an answer.

import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cardNumbers } from '../../scripts/audit/canaries.ts';
import { createWorld, type Reply, type World } from './world.ts';

let world: World;
let orderId: string;
beforeAll(async () => {
  world = await createWorld();
  orderId = (await world.shop.place()).body.id;
});
afterAll(() => world.close());

const [number = ''] = cardNumbers;
const texts: readonly (readonly [string, string, object])[] = [
  ['a refund’s note', 'orders/ID/refunds', { reason: 'quality', fault: 'merchant', note: number }],
  ['a deny note', 'orders/ID/deny', { code: 'other', note: number }],
  ['support’s note', 'support/orders/ID/notes', { text: `paid by ${number}` }],
  ['a reason', 'support/orders/ID/actions/cancel', { reason: number }],
  ['a receipt', 'refunds/rfd_1/pay-out', { reference: number }],
  ['a name', 'admin/drivers', { name: number, phone: '+4915100000001' }],
  ['a phone', 'admin/customers', { name: 'Carla', phone: number }],
  ['a bank account', 'admin/payout-accounts', { bank: { name: 'Carla', iban: number } }],
  ['a field that does not exist', 'orders', { card: number }],
  ['an amount', 'orders/ID/tips', { amount_minor: Number(number) }],
];

/** Every text of every table, where it holds one of them. */
async function found(): Promise<readonly string[]> {
  const { rows: tables } = await sql<{ name: string }>`
    SELECT format('%I', relname) AS name FROM pg_class
    WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace AND NOT relispartition`.execute(
    world.db,
  );
  const hits: string[] = [];
  for (const { name } of tables) {
    const { rows } = await sql<{ text: string }>`
      SELECT t::text AS text FROM ${sql.raw(name)} t`.execute(world.db);
    for (const { text } of rows)
      if (cardNumbers.some((each) => text.includes(each))) hits.push(`${name}: ${text}`);
  }
  return hits;
}

describe('a card number', () => {
  it.each(texts)('as %s is refused, and nothing repeats it', async (_what, path, body) => {
    const secret = world.admin;
    const url = `/v1/${path.replace('ID', orderId)}`;
    const reply: Reply = await world.call('POST', url, { secret, body });
    expect(reply.status).toBeGreaterThanOrEqual(400);
    expect(reply.status).toBeLessThan(500);
    expect(JSON.stringify(reply)).not.toContain(number);
  });

  it.each(cardNumbers)('like %s is one, however it is written', async (each) => {
    const groups = each.replace(/(\d{4})(?=\d)/g, '$1 ');
    for (const note of [each, groups, groups.replaceAll(' ', '-'), `card:${each}.`]) {
      const reply = await world.shop.place({ note });
      expect(reply).toMatchObject({ status: 422, body: { code: 'card_number_refused' } });
    }
  });

  it('in an address or a query is not logged', async () => {
    const secret = world.admin;
    for (const url of [`orders/${number}`, `support/orders?q=${number}`, `orders?cursor=${number}`])
      expect((await world.call('GET', `/v1/${url}`, { secret })).status).toBeGreaterThan(399);
  });

  it('is nowhere afterwards', async () => {
    expect(world.logged.filter((line) => cardNumbers.some((each) => line.includes(each)))).toEqual(
      [],
    );
    expect(await found()).toEqual([]);
  });
});
