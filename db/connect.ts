// One pool per process. Statement and idle-transaction time-outs keep one bad query from holding the event feed's
// cursor back for all.

import type { Socket } from 'node:net';
import { Kysely, PostgresDialect } from 'kysely';
import { Pool, types, type PoolClient } from 'pg';
import type { Database } from './schema.ts';

export type Db = Kysely<Database>;

const pools = new WeakMap<Db, Pool>();

const bigintOid = 20;
types.setTypeParser(bigintOid, (text) => {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new RangeError(`${text} is more than a number can hold`);
  return value;
});

/** `url` is a postgres:// URL, `poolSize` the largest number of connections. Call `destroy()` at the end. */
export function connect({
  url,
  poolSize,
}: {
  readonly url: string;
  readonly poolSize: number;
}): Db {
  const pool = new Pool({
    connectionString: url,
    max: poolSize,
    connectionTimeoutMillis: 5_000,
    statement_timeout: 10_000,
    idle_in_transaction_session_timeout: 10_000,
    application_name: 'waybill',
    keepAlive: true,
  });
  pool.on('connect', endWhenSilent);
  // A connection that breaks while idle is replaced by the pool; without a listener it would end the process.
  pool.on('error', () => undefined);
  const db = new Kysely<Database>({ dialect: new PostgresDialect({ pool }) });
  pools.set(db, pool);
  return db;
}

/** Longer than the server lets a statement run, and than the pool keeps an idle connection. */
const silenceMs = 20_000;

/** A server that vanished without a word would hold a query, and its place in the pool, for many minutes. */
function endWhenSilent(client: PoolClient): void {
  const { stream } = (client as PoolClient & { readonly connection: { readonly stream: Socket } })
    .connection;
  stream.setTimeout(silenceMs, () => stream.destroy(new Error('PostgreSQL is silent')));
}

/** Connections of the pool behind `db`, for metrics. */
export function poolSizesOf(db: Db): {
  readonly total: number;
  readonly idle: number;
  readonly waiting: number;
} {
  const pool = pools.get(db);
  return {
    total: pool?.totalCount ?? 0,
    idle: pool?.idleCount ?? 0,
    waiting: pool?.waitingCount ?? 0,
  };
}
