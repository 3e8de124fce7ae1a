// Dispatch rounds as stored: what the engine saw and what it decided, one row each, packed. Written by the round itself
// together with its offers, read to explain an order and to plan the round again.

import { promisify } from 'node:util';
import { deflateRaw, inflateRaw } from 'node:zlib';
import { sql, type Transaction } from 'kysely';
import type { MarketId, OfferId, OrderId, RoundId } from '../domain/ids.ts';
import type { Db } from './connect.ts';
import { pageOf, type Page, type PageOf } from './page.ts';
import type { Database, OfferOrderStatus } from './schema.ts';

/** A round ready to be written. `at`: epoch milliseconds. */
export type NewRound = {
  readonly roundId: RoundId;
  readonly marketId: MarketId;
  readonly at: number;
  readonly engine: string;
  readonly policyVersion: string;
  readonly inputHash: string;
  readonly orderIds: readonly OrderId[];
  readonly drivers: number;
  readonly input: Buffer;
  readonly plan: Buffer;
};

const deflate = promisify(deflateRaw);
const inflate = promisify(inflateRaw);

/** Plain data as JSON, deflated lightly: a round must not wait for it. */
export const pack = (data: object): Promise<Buffer> => deflate(JSON.stringify(data), { level: 1 });
const unpack = async (packed: Buffer): Promise<string> => (await inflate(packed)).toString();

const uuidOf = (orderId: string): string => orderId.slice(orderId.indexOf('_') + 1);

export async function insertRound(db: Db | Transaction<Database>, round: NewRound): Promise<void> {
  await sql`
    INSERT INTO dispatch_rounds (id, market_id, at, engine, policy_version, input_hash, order_ids, driver_count, input, plan)
    VALUES (${round.roundId}, ${round.marketId}, ${new Date(round.at)}, ${round.engine}, ${round.policyVersion},
      ${round.inputHash}, ${round.orderIds.map(uuidOf)}::uuid[], ${round.drivers}, ${round.input}, ${round.plan})`.execute(
    db,
  );
}

export type StoredRound = {
  readonly roundId: string;
  readonly marketId: string;
  readonly at: Date;
  readonly engine: string;
  readonly inputHash: string;
  /** JSON texts. */
  readonly input: string;
  readonly plan: string;
};

type Wanted = {
  readonly roundId?: string | undefined;
  readonly marketId?: string | undefined;
  /** Only what this code has planned. */
  readonly engine?: string | undefined;
  readonly limit: number;
};

/** The newest first. */
export async function readRounds(
  db: Db,
  { roundId, marketId, engine, limit }: Wanted,
): Promise<readonly StoredRound[]> {
  const rows = await db
    .selectFrom('dispatch_rounds')
    .select(['id', 'market_id', 'at', 'engine', 'input_hash', 'input', 'plan'])
    .$if(roundId !== undefined, (query) => query.where('id', '=', roundId ?? ''))
    .$if(marketId !== undefined, (query) => query.where('market_id', '=', marketId ?? ''))
    .$if(engine !== undefined, (query) => query.where('engine', '=', engine ?? ''))
    .orderBy('at', 'desc')
    .orderBy('id', 'desc')
    .limit(limit)
    .execute();
  return Promise.all(
    rows.map(async (row) => ({
      roundId: row.id,
      marketId: row.market_id,
      at: row.at,
      engine: row.engine,
      inputHash: row.input_hash,
      input: await unpack(row.input),
      plan: await unpack(row.plan),
    })),
  );
}

type RoundRef = { readonly id: RoundId; readonly at: Date };

type Asked = Page & {
  readonly orderId: string;
  readonly marketId: string;
  readonly until: Date;
};

/** The rounds that looked at an order, the newest first. */
export async function roundsAbout(
  db: Db,
  { orderId, marketId, until, after, limit }: Asked,
): Promise<PageOf<RoundRef>> {
  const { rows } = await sql<RoundRef>`
    SELECT id, at FROM dispatch_rounds
    WHERE market_id = ${marketId} AND ${uuidOf(orderId)}::uuid = ANY(order_ids) AND at <= ${until}
      AND at >= (SELECT min(at) FROM order_events
        WHERE order_id = ${orderId} AND type IN ('delivery.created', 'delivery.released'))
      AND (${after ?? null}::text IS NULL OR id < ${after ?? null})
    ORDER BY at DESC, id DESC LIMIT ${limit + 1}`.execute(db);
  return pageOf(rows, limit);
}

/** What a whole market's round saw or decided: hold one at a time. Undefined once the round is no longer kept. */
export async function readPart(
  db: Db,
  { id, at }: RoundRef,
  part: 'input' | 'plan',
): Promise<unknown> {
  const row = await db
    .selectFrom('dispatch_rounds')
    .select(part)
    .where('id', '=', id)
    .where('at', '=', at)
    .executeTakeFirst();
  return row && JSON.parse(await unpack(row[part]));
}

/** What became of an order's offers; the decisions of all orders of each. */
export type OfferMade = {
  readonly offerId: OfferId;
  readonly roundId: string | null;
  readonly driverId: string;
  readonly madeAt: Date;
  readonly expiresAt: Date;
  readonly answeredAt: Date | null;
  readonly status: OfferOrderStatus;
  /** Beyond the delivery's pay, minor units. */
  readonly bonusMinor: number;
  readonly decision: object;
};

/** The newest first. */
export async function offersOfOrder(db: Db, orderId: string): Promise<readonly OfferMade[]> {
  const rows = await db
    .selectFrom('offer_orders')
    .innerJoin('offers', 'offers.id', 'offer_id')
    .select([
      'offer_id',
      'round_id',
      'driver_id',
      'made_at',
      'expires_at',
      'answered_at',
      'offer_orders.status',
      'bonus_minor',
      'decision',
    ])
    .where('order_id', '=', orderId)
    .orderBy('made_at', 'desc')
    .orderBy('offer_id', 'desc')
    .limit(200)
    .execute();
  return rows.map((row) => ({
    offerId: row.offer_id as OfferId,
    roundId: row.round_id,
    driverId: row.driver_id,
    madeAt: row.made_at,
    expiresAt: row.expires_at,
    answeredAt: row.answered_at,
    status: row.status,
    bonusMinor: row.bonus_minor,
    decision: row.decision,
  }));
}

/** Number and merchant of orders that are named in a decision. */
export async function orderNames(
  db: Db,
  orderIds: readonly string[],
): Promise<
  ReadonlyMap<
    string,
    { readonly number: string; readonly merchantId: string; readonly branchId: string }
  >
> {
  if (orderIds.length === 0) return new Map();
  const rows = await db
    .selectFrom('orders')
    .select(['id', 'number', 'merchant_id', 'branch_id'])
    .where('id', 'in', orderIds)
    .execute();
  return new Map(
    rows.map(({ id, number, merchant_id: merchantId, branch_id: branchId }) => [
      id,
      { number, merchantId, branchId },
    ]),
  );
}

export async function timeZoneOf(db: Db, marketId: string): Promise<string> {
  const { time_zone: zone } = await db
    .selectFrom('markets')
    .select('time_zone')
    .where('id', '=', marketId)
    .executeTakeFirstOrThrow();
  return zone;
}

/** How long a round is kept; an offer's own decision stays with the offer. */
export const roundsKeptDays = 7;

/** Drops the days whose rounds are too old; returns the names of what was dropped. */
export async function dropOldRounds(db: Db, now: Date): Promise<readonly string[]> {
  const before = new Date(now.getTime() - roundsKeptDays * 86_400_000);
  return db.transaction().execute(async (trx) => {
    await sql`SET LOCAL lock_timeout = '2s'`.execute(trx);
    const { rows } = await sql<{ name: string }>`
      SELECT drop_partitions_before('dispatch_rounds', ${before}) AS name`.execute(trx);
    return rows.map(({ name }) => name);
  });
}
