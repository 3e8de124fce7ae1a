// What the live tests stand on: databases of their own, and servers that answer.
import { Client } from 'pg';
import { expect, inject, test } from 'vitest';
import { migrate } from '../../db/migrate.ts';
import { pingRedis } from '../../scripts/local/redis.ts';
import { createTestDatabase } from './database.ts';

async function tablesOf(url: string): Promise<readonly string[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  const { rows } = await client.query<{ name: string }>(
    "SELECT table_name AS name FROM information_schema.tables WHERE table_schema = 'public'",
  );
  await client.end();
  return rows.map((row) => row.name);
}

test('two test databases have the tables of the shared one and do not see each other', async () => {
  const [one, two] = [await createTestDatabase(), await createTestDatabase()];
  const client = new Client({ connectionString: one.url });
  await client.connect();
  await client.query('CREATE TABLE only_here (id int)');
  await client.end();
  expect(await tablesOf(one.url)).toContain('only_here');
  expect(await tablesOf(two.url)).toEqual(await tablesOf(inject('databaseUrl')));
  await Promise.all([one.drop(), two.drop()]);
  await expect(tablesOf(one.url)).rejects.toThrow('does not exist');
});

test('a migration that waits for a long transaction holds up nobody, and tries again', async () => {
  const { url, drop } = await createTestDatabase();
  const [long, other] = [url, url].map((connectionString) => new Client({ connectionString }));
  if (!long || !other) throw new Error('two clients');
  await Promise.all([long.connect(), other.connect()]);
  await other.query(`DROP INDEX orders_cash`);
  await other.query(`DELETE FROM schema_migrations WHERE name = '0012_driver_cash.sql'`);
  await long.query('BEGIN; LOCK TABLE orders IN ROW EXCLUSIVE MODE');
  const migrated = migrate(url);
  const waiting = `SELECT FROM pg_locks WHERE relation = 'orders'::regclass AND NOT granted`;
  await expect.poll(async () => (await other.query(waiting)).rowCount).toBe(1);
  await other.query('UPDATE orders SET owner = NULL');
  await long.query('COMMIT');
  expect(await migrated).toEqual(['0012_driver_cash.sql']);
  await Promise.all([long.end(), other.end()]);
  await drop();
});

test('Redis answers', async () => {
  await expect(pingRedis(inject('redisUrl'))).resolves.toBeUndefined();
});

test.runIf(inject('temporalMetricsUrl'))('Temporal counts its billable actions', async () => {
  const answer = await fetch(inject('temporalMetricsUrl') ?? '');
  expect(await answer.text()).toMatch(/^action\{.*operation="StartWorkflowExecution"/m);
});
