// What a driver needs to know of the orders in an offer, beyond what dispatch knows: where, how much, when.

import { sql } from 'kysely';
import type { Db } from './connect.ts';

export type OfferDetails = {
  readonly orderId: string;
  readonly branchName: string;
  readonly payMinor: number;
  readonly currency: string;
  readonly readyEstimateAt: Date | undefined;
};

/** By order id. The pay is the delivery pay and the tip. */
export async function offerDetails(
  db: Db,
  orderIds: readonly string[],
): Promise<ReadonlyMap<string, OfferDetails>> {
  if (orderIds.length === 0) return new Map();
  const rows = await db
    .selectFrom('orders')
    .innerJoin('branches', 'branches.id', 'orders.branch_id')
    .select(['orders.id', 'name', 'currency', 'ready_estimate_at', 'ready_at'])
    .select([
      sql<number>`(facts->>'driverPayMinor')::bigint`.as('driver_pay_minor'),
      sql<number>`(facts->>'tipMinor')::bigint`.as('tip_minor'),
    ])
    .where('orders.id', 'in', orderIds)
    .execute();
  return new Map(
    rows.map((row) => [
      row.id,
      {
        orderId: row.id,
        branchName: row.name,
        payMinor: row.driver_pay_minor + row.tip_minor,
        currency: row.currency,
        readyEstimateAt: row.ready_estimate_at ?? row.ready_at ?? undefined,
      },
    ]),
  );
}
