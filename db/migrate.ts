// Brings a database to the newest schema: the SQL files of `migrations/` in the order of their names, each once.

import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { Client } from 'pg';

const folder = new URL('migrations/', import.meta.url);
const lockKey = 7_283_001;
/** Whoever comes after a statement that waits for a lock waits behind it. */
const lockTimeout = '2s';
const mostAttempts = 6;
const pauseMs = 1_000;

/** Idempotent; safe when several processes start at once (advisory lock). Returns the names it applied. */
export async function migrate(databaseUrl: string): Promise<readonly string[]> {
  const client = new Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    await client.query('SELECT pg_advisory_lock($1)', [lockKey]);
    await client.query(
      'CREATE TABLE IF NOT EXISTS schema_migrations (name text PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now())',
    );
    const { rows } = await client.query<{ name: string }>('SELECT name FROM schema_migrations');
    const done = new Set(rows.map((row) => row.name));
    const pending = (await readdir(folder)).filter(
      (name) => name.endsWith('.sql') && !done.has(name),
    );
    for (const name of pending.toSorted()) await apply(client, name);
    return pending;
  } finally {
    await client.end();
  }
}

async function apply(client: Client, name: string): Promise<void> {
  const sql = await readFile(new URL(name, folder), 'utf8');
  for (let attempt = 1; ; attempt += 1) {
    await client.query('BEGIN');
    try {
      await client.query(`SET LOCAL lock_timeout = '${lockTimeout}'`);
      await client.query(sql);
      await client.query('INSERT INTO schema_migrations (name) VALUES ($1)', [name]);
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
