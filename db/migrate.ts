// Brings a database to the newest schema: the SQL files of `migrations/` in the order of their names, each once. A file
// is one transaction, unless its first line says `-- concurrently`: such a one only makes and drops indexes, each
// statement by itself, while the table is written to; killed half-way, it is run again from its start.

import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { Client } from 'pg';

const ownFolder = new URL('migrations/', import.meta.url);
const lockKey = 7_283_001;
/** Whoever comes after a statement that waits for a lock waits behind it. */
const lockTimeout = '2s';
const mostAttempts = 6;
const pauseMs = 1_000;

/** Idempotent; safe when several processes start at once (advisory lock). Returns the names it applied. */
export async function migrate(databaseUrl: string, folder = ownFolder): Promise<readonly string[]> {
  const client = new Client({ connectionString: databaseUrl });
  // A lost connection fails the query that is under way.
  client.on('error', () => undefined);
  await client.connect();
  try {
    await takeLock(client);
    await client.query(
      'CREATE TABLE IF NOT EXISTS schema_migrations (name text PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now())',
    );
    const { rows } = await client.query<{ name: string }>('SELECT name FROM schema_migrations');
    const done = new Set(rows.map((row) => row.name));
    const pending = (await readdir(folder)).filter(
      (name) => name.endsWith('.sql') && !done.has(name),
    );
    for (const name of pending.toSorted()) {
      const sql = await readFile(new URL(name, folder), 'utf8');
      await (sql.startsWith('-- concurrently\n') ? applyIndexes : apply)(client, { name, sql });
    }
    return pending;
  } finally {
    await client.end();
  }
}

/** Asks again and again: a statement that waits would be waited for by an index that is made concurrently. */
async function takeLock(client: Client): Promise<void> {
  for (;;) {
    const { rows } = await client.query<{ taken: boolean }>(
      'SELECT pg_try_advisory_lock($1) AS taken',
      [lockKey],
    );
    if (rows[0]?.taken) return;
    await delay(pauseMs / 10);
  }
}

type Migration = { readonly name: string; readonly sql: string };

const markDone = (client: Client, name: string): Promise<unknown> =>
  client.query('INSERT INTO schema_migrations (name) VALUES ($1)', [name]);

async function apply(client: Client, { name, sql }: Migration): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    await client.query('BEGIN');
    try {
      await client.query(`SET LOCAL lock_timeout = '${lockTimeout}'`);
      await client.query(sql);
      await markDone(client, name);
      await client.query('COMMIT');
      return;
    } catch (error) {
      await client.query('ROLLBACK');
      if (!isLocked(error) || attempt === mostAttempts)
        throw new Error(`migration ${name} failed`, { cause: error });
    }
    await delay(pauseMs);
  }
}

const isLocked = (error: unknown): boolean =>
  (error as { readonly code?: string }).code === '55P03';

const makesIndex = /^CREATE (?:UNIQUE )?INDEX CONCURRENTLY IF NOT EXISTS (\w+) ON /;
const dropsIndex = /^DROP INDEX CONCURRENTLY IF EXISTS \w+$/;

async function applyIndexes(client: Client, { name, sql }: Migration): Promise<void> {
  const statements = sql
    .replace(/^--.*$/gm, '')
    .split(';')
    .map((text) => text.trim())
    .filter((text) => text !== '');
  const odd = statements.find((text) => !makesIndex.test(text) && !dropsIndex.test(text));
  if (odd !== undefined)
    throw new Error(
      `migration ${name}: "${odd}" is neither CREATE INDEX CONCURRENTLY IF NOT EXISTS nor DROP INDEX CONCURRENTLY IF EXISTS`,
    );
  try {
    for (const statement of statements) {
      const index = makesIndex.exec(statement)?.[1];
      if (index !== undefined) await dropHalfMade(client, index);
      await client.query(statement);
    }
    await markDone(client, name);
  } catch (error) {
    throw new Error(`migration ${name} failed`, { cause: error });
  }
}

/** A build that was killed, or met a duplicate, leaves an index that is kept up to date and never used. */
async function dropHalfMade(client: Client, index: string): Promise<void> {
  const { rowCount } = await client.query(
    'SELECT FROM pg_index WHERE indexrelid = to_regclass($1) AND NOT indisvalid',
    [index],
  );
  if (rowCount) await client.query(`DROP INDEX CONCURRENTLY IF EXISTS ${index}`);
}
