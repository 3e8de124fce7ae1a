// What drivers said to the offers that they got lately. Read by activities/acceptance.ts.

import { sql } from 'kysely';
import { formatId, type DriverId, type MarketId } from '../domain/ids.ts';
import type { Db } from './connect.ts';

export type AnswersRow = {
  readonly driverId: DriverId;
  readonly accepted: number;
  /** Said no, or let lapse. */
  readonly refused: number;
};

/** So many of a driver's newest offers are looked at: a bound. */
const newestOffers = 100;

/** Of who is online, by offers made since `since` (epoch ms): an offer's id begins with its time. Withdrawn ones were not answered. */
export async function readAnswers(
  db: Db,
  { marketId, since }: { readonly marketId: MarketId; readonly since: number },
): Promise<readonly AnswersRow[]> {
  const first = formatId('offer', since, new Uint8Array(10));
  const { rows } = await sql<AnswersRow>`
    SELECT d.id AS "driverId",
      count(*) FILTER (WHERE o.status IN ('accepted', 'voided'))::int AS accepted,
      count(*) FILTER (WHERE o.status IN ('declined', 'expired'))::int AS refused
    FROM drivers d
    CROSS JOIN LATERAL (
      SELECT status FROM offers WHERE driver_id = d.id AND id >= ${first}
      ORDER BY id DESC LIMIT ${newestOffers}) o
    WHERE d.market_id = ${marketId} AND d.online
    GROUP BY d.id ORDER BY d.id`.execute(db);
  return rows;
}
