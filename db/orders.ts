// Orders as people read them: one row of the read model with what belongs to it, always within a scope.
// Only `record` and `storeDraft` write the table.

import { sql, type RawBuilder } from 'kysely';
import type { DeliveryTerms, OrderFacts } from '../domain/order.ts';
import { defaultPolicy } from '../domain/policy.ts';
import type { Db } from './connect.ts';
import { carried } from './carried.ts';
import { isOverdue } from './overdue.ts';
import { pageOf, type Page, type PageOf } from './page.ts';
import { listedIn, ordersIn, type Scope } from './scope.ts';
import type { Vault } from './vault.ts';

const selectOrders = (db: Db, visible: RawBuilder<boolean>) =>
  db
    .selectFrom('orders as o')
    .leftJoin('people', 'people.id', 'o.customer_id')
    .leftJoin('notes', 'notes.id', 'o.note_id')
    .leftJoin('payment_actions', (join) =>
      join
        .onRef('payment_actions.order_id', '=', 'o.id')
        .onRef('payment_actions.provider_ref', '=', 'o.provider_ref'),
    )
    .where(visible)
    .select([
      'o.id',
      'o.merchant_id',
      'o.branch_id',
      'o.market_id',
      'o.customer_id',
      'o.external_id',
      'o.number',
    ])
    .select([
      'o.placed_at',
      'o.items',
      'o.currency',
      'o.total_minor',
      'o.sequence',
      'o.status',
      'o.order_status',
    ])
    .select([
      'o.delivery_status',
      'o.payment_status',
      'o.end_reason',
      'o.driver_id',
      'o.owner',
      'o.deadlines',
    ])
    .select([
      'o.ready_estimate_at',
      'o.ready_at',
      'o.pickup_eta_at',
      'o.dropoff_eta_at',
      'o.updated_at',
      'o.is_over',
    ])
    .select([
      'o.pickup_lat',
      'o.pickup_lng',
      'o.dropoff_lat',
      'o.dropoff_lng',
      'o.dropoff_address_enc',
      'o.note_id',
    ])
    .select([
      'people.wrapped_key',
      'people.name_enc',
      'people.phone_enc',
      'notes.body_enc',
      'payment_actions.client_secret',
    ])
    .select([
      'o.fulfilment',
      'o.promised_at',
      'o.goods_minor',
      'o.delivery_fee_minor',
      'o.tip_minor',
      sql<OrderTerms>`jsonb_build_object('method', o.facts->'method', 'goods_kind', o.facts->'goodsKind',
        'age_check', o.facts->'ageCheck', 'prescription', o.facts->'prescription',
        'substitution', o.facts->'substitution', 'undeliverable', o.facts->'undeliverable',
         'payment_token', o.facts->'paymentMethod', 'pricing', jsonb_build_object(
           'goodsMinor', coalesce(o.facts->'goodsMinor', '0'), 'merchantDiscountMinor', coalesce(o.facts->'merchantDiscountMinor', '0'),
           'taxes', coalesce(o.facts->'taxes', '{"goodsBps": 0, "feeVatBps": 0}')),
         'proofs', o.facts->'proofs', 'delivery', o.facts->'deliveryTerms', 'max_pin_attempts',
        coalesce((o.facts->'policy'->'maxPinAttempts')::int, ${defaultPolicy.maxPinAttempts}::int))`.as(
        'terms',
      ),
      // An open offer shows in the row of the offer alone.
      sql<boolean>`(o.delivery_status = 'searching' AND EXISTS (
        SELECT FROM offer_orders WHERE offer_orders.order_id = o.id AND offer_orders.status IN ('open', 'accepted')))`.as(
        'is_offered',
      ),
    ]);

/** What was agreed on when the order was placed. */
export type OrderTerms = {
  readonly method: string;
  readonly goods_kind: string;
  readonly age_check: boolean;
  readonly prescription: boolean;
  readonly substitution: string;
  readonly undeliverable: string;
  /** Says who takes the money and in which steps; nobody outside sees it. */
  readonly payment_token: string;
  readonly pricing: Pick<OrderFacts, 'goodsMinor' | 'merchantDiscountMinor' | 'taxes'>;
  readonly proofs: readonly string[];
  /** null: whoever comes can bring it. */
  readonly delivery: DeliveryTerms | null;
  readonly max_pin_attempts: number;
};

export type OrderView = Awaited<
  ReturnType<ReturnType<typeof selectOrders>['executeTakeFirstOrThrow']>
>;

/** Undefined when there is no such order in the scope. A draft (sequence 0) is found too. */
export const findOrder = (
  db: Db,
  { scope, orderId }: { readonly scope: Scope; readonly orderId: string },
): Promise<OrderView | undefined> =>
  selectOrders(db, ordersIn(scope)).where('o.id', '=', orderId).executeTakeFirst();

export type OrderFilter = Page & {
  readonly scope: Scope;
  readonly status?: string | undefined;
  readonly branchId?: string | undefined;
  readonly externalId?: string | undefined;
  /** Not over yet: something, if only money, still moves. */
  readonly open?: boolean | undefined;
  /** Only orders that were overdue at this time. */
  readonly overdueAt?: Date | undefined;
  /** Any further condition on `orders o`. */
  readonly about?: RawBuilder<boolean> | undefined;
};

/** Newest first; drafts are left out, for a driver all but the deliveries in their hands. */
export async function listOrders(db: Db, filter: OrderFilter): Promise<PageOf<OrderView>> {
  const { scope, after, limit, status, branchId, externalId, open, overdueAt, about } = filter;
  const rows = await selectOrders(db, listedIn(scope))
    .where('o.sequence', '>', 0)
    .$if(about !== undefined, (query) => query.where(about ?? sql<boolean>`true`))
    .$if(after !== undefined, (query) => query.where('o.id', '<', after ?? ''))
    .$if(status !== undefined, (query) => query.where('o.status', '=', status ?? ''))
    .$if(branchId !== undefined, (query) => query.where('o.branch_id', '=', branchId ?? ''))
    .$if(externalId !== undefined, (query) => query.where('o.external_id', '=', externalId ?? ''))
    .$if(open !== undefined, (query) => query.where('o.is_over', '=', open === false))
    .$if(overdueAt !== undefined, (query) => query.where(isOverdue(overdueAt ?? new Date(0))))
    .orderBy('o.id', 'desc')
    .limit(limit + 1)
    .execute();
  return pageOf(rows, limit);
}

/** While these last, the driver needs to know whom they drive to. */
export const isCarriedBy = (row: OrderView, driverId: string): boolean =>
  row.driver_id === driverId && carried.includes(row.delivery_status);

export type People = {
  readonly name: string;
  readonly phone: string;
  readonly address: string;
  readonly note: string | undefined;
};

/** The sealed columns of an order, opened. Undefined when the customer was erased. */
export function openPeople(vault: Vault, row: OrderView): People | undefined {
  const { wrapped_key, name_enc, phone_enc, dropoff_address_enc, body_enc } = row;
  if (!wrapped_key || !name_enc || !phone_enc) return undefined;
  const key = vault.unwrap(row.customer_id, wrapped_key);
  return {
    name: key.open('name', name_enc),
    phone: key.open('phone', phone_enc),
    address: dropoff_address_enc ? key.open(`address:${row.id}`, dropoff_address_enc) : '',
    note: body_enc && row.note_id ? key.open(`note:${row.note_id}`, body_enc) : undefined,
  };
}

export type OpenOrders = {
  readonly order_status: string;
  readonly delivery_status: string;
  readonly count: number;
};

/** Open orders by state, for the status page. */
export const countOpenOrders = (db: Db): Promise<readonly OpenOrders[]> =>
  db
    .selectFrom('orders')
    .select(['order_status', 'delivery_status', (eb) => eb.fn.countAll<number>().as('count')])
    .where('is_over', '=', false)
    .where('sequence', '>', 0)
    .groupBy(['order_status', 'delivery_status'])
    .orderBy('count', 'desc')
    .execute();

/** Incidents that nobody has resolved yet, counted up to 10,000. */
export async function countOpenIncidents(db: Db): Promise<number> {
  const { count } = await db
    .selectFrom((eb) =>
      eb
        .selectFrom('incidents')
        .select('key')
        .where('resolved_at', 'is', null)
        .limit(10_000)
        .as('open'),
    )
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow();
  return count;
}

/** Which of these orders the driver carries now. */
export async function ordersCarriedBy(
  db: Db,
  { driverId, orderIds }: { readonly driverId: string; readonly orderIds: readonly string[] },
): Promise<ReadonlySet<string>> {
  if (orderIds.length === 0) return new Set();
  const rows = await db
    .selectFrom('orders')
    .select('id')
    .where('id', 'in', orderIds)
    .where('driver_id', '=', driverId)
    .where('delivery_status', 'in', carried)
    .execute();
  return new Set(rows.map((row) => row.id));
}
