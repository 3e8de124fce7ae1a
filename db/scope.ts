// Who asks, as every repository needs to know: what lies outside a scope does not exist for it.

import { sql, type RawBuilder } from 'kysely';
import { carriedStatuses } from './carried.ts';

export type Scope =
  | { readonly kind: 'platform' }
  /** One merchant; with `branchId` only that branch of it. */
  | { readonly kind: 'merchant'; readonly merchantId: string; readonly branchId?: string }
  | { readonly kind: 'driver'; readonly driverId: string }
  | { readonly kind: 'customer'; readonly customerId: string };

/** SQL condition on `orders` under the alias `o`: what may be read. A driver keeps sight of what was theirs. */
export function ordersIn(scope: Scope): RawBuilder<boolean> {
  switch (scope.kind) {
    case 'platform':
      return sql<boolean>`true`;
    case 'merchant':
      return scope.branchId === undefined
        ? sql<boolean>`o.merchant_id = ${scope.merchantId}`
        : sql<boolean>`(o.merchant_id = ${scope.merchantId} AND o.branch_id = ${scope.branchId})`;
    case 'driver':
      return sql<boolean>`(o.driver_id = ${scope.driverId} OR EXISTS (
        SELECT FROM offer_orders line JOIN offers ON offers.id = line.offer_id
        WHERE line.order_id = o.id AND line.status IN ('accepted', 'assigned')
          AND offers.driver_id = ${scope.driverId}))`;
    case 'customer':
      return sql<boolean>`o.customer_id = ${scope.customerId}`;
  }
}

/** What a scope's lists hold: for a driver the deliveries in their hands (an index of its own), else all it may read. */
export const listedIn = (scope: Scope): RawBuilder<boolean> =>
  scope.kind === 'driver'
    ? sql<boolean>`(o.driver_id = ${scope.driverId}
        AND o.delivery_status IN (${carriedStatuses}))`
    : ordersIn(scope);
