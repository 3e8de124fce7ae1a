// What a driver needs to know of the orders in an offer, beyond what dispatch knows: where, how much, when.

import { sql } from 'kysely';
import type { OrderId } from '../domain/ids.ts';
import type { Db } from './connect.ts';

export type OfferDetails = {
  readonly orderId: string;
  readonly branchName: string;
  readonly payMinor: number;
  readonly currency: string;
  readonly readyEstimateAt: Date | undefined;
};

const driverPay = sql<number>`(facts->>'driverPayMinor')::bigint`.as('driver_pay_minor');

/** By order id: the delivery pay alone. */
export async function driverPayOf(
  db: Db,
  orderIds: readonly OrderId[],
): Promise<ReadonlyMap<OrderId, number>> {
  if (orderIds.length === 0) return new Map();
  const rows = await db
    .selectFrom('orders')
    .select(['id', driverPay])
    .where('id', 'in', orderIds)
    .execute();
  return new Map(rows.map((row) => [row.id as OrderId, row.driver_pay_minor]));
}

/** By order id. The pay is the delivery pay and the tip, without what the offer adds. */
export async function offerDetails(
  db: Db,
  orderIds: readonly string[],
): Promise<ReadonlyMap<string, OfferDetails>> {
  if (orderIds.length === 0) return new Map();
  const rows = await db
    .selectFrom('orders')
    .innerJoin('branches', 'branches.id', 'orders.branch_id')
    .select(['orders.id', 'name', 'currency', 'ready_estimate_at', 'ready_at'])
    .select([driverPay, sql<number>`(facts->>'tipMinor')::bigint`.as('tip_minor')])
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
