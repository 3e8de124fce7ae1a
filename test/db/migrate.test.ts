// Migrations that make indexes while a table is in use: outside of a transaction, and again after a crash.

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Client } from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { migrate } from '../../db/migrate.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

let database: TestDatabase;
let client: Client;
let folder: URL;
beforeEach(async () => {
  database = await createTestDatabase();
  client = await connected();
  await client.query('CREATE TABLE things (name text); INSERT INTO things VALUES (1), (1)');
  folder = pathToFileURL(`${await mkdtemp(join(tmpdir(), 'waybill-migrations-'))}/`);
});
afterEach(async () => {
  await client.end();
  await database.drop();
  await rm(folder, { recursive: true });
});

async function connected(): Promise<Client> {
  const made = new Client({ connectionString: database.url });
  await made.connect();
  return made;
}

const write = (text: string): Promise<void> => writeFile(new URL('9000_things.sql', folder), text);
const run = (): Promise<readonly string[]> => migrate(database.url, folder);
const index = 'CREATE INDEX CONCURRENTLY IF NOT EXISTS things_name ON things (name);';

async function validity(): Promise<boolean | undefined> {
  const { rows } = await client.query<{ indisvalid: boolean }>(
    `SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass('things_name')`,
  );
  return rows[0]?.indisvalid;
}

const atLock = () =>
  client.query<{ pid: number }>(
    `SELECT pid FROM pg_stat_activity WHERE datname = current_database()
      AND query LIKE 'CREATE INDEX%' AND wait_event_type = 'Lock'`,
  );

/** The backend that makes the index and waits for a transaction to end. */
async function waiting(): Promise<number> {
  await expect.poll(async () => (await atLock()).rowCount, { timeout: 5_000 }).toBe(1);
  return (await atLock()).rows[0]?.pid ?? 0;
}

describe('a migration that says -- concurrently', () => {
  it('makes its index while others write, whoever else migrates', async () => {
    await write(`-- concurrently\n${index}`);
    const other = await connected();
    await other.query('BEGIN; INSERT INTO things VALUES (2)');
    const migrated = Promise.all([run(), run()]);
    await waiting();
    await client.query('INSERT INTO things VALUES (3)');
    await other.query('COMMIT');
    await other.end();
    expect((await migrated).flat()).toEqual(['9000_things.sql']);
    expect(await validity()).toBe(true);
    expect(await run()).toEqual([]);
  });

  it('is run again after a crash, which leaves no index that nobody uses', async () => {
    await write(`-- concurrently\n${index}`);
    const other = await connected();
    await other.query('BEGIN; INSERT INTO things VALUES (2)');
    const killed = Promise.allSettled([run()]);
    await client.query('SELECT pg_terminate_backend($1)', [await waiting()]);
    expect(await killed).toMatchObject([{ status: 'rejected' }]);
    await other.query('COMMIT');
    await other.end();
    expect(await validity()).toBe(false);
    expect(await run()).toEqual(['9000_things.sql']);
    expect(await validity()).toBe(true);
  });

  it('is not done while its index cannot be made', async () => {
    await write(`-- concurrently\n${index.replace('INDEX', 'UNIQUE INDEX')}`);
    await expect(run()).rejects.toThrow('9000_things.sql failed');
    await client.query('TRUNCATE things');
    expect(await run()).toEqual(['9000_things.sql']);
    expect(await validity()).toBe(true);
  });

  it('holds nothing that could be done half', async () => {
    await write(`-- concurrently\n${index}\nALTER TABLE things ADD COLUMN size int;`);
    await expect(run()).rejects.toThrow('"ALTER TABLE things ADD COLUMN size int" is neither');
    expect(await validity()).toBeUndefined();
  });
});
