// The first transaction of an order: idempotency key, customer, note and draft in ONE statement, so placing costs one
// round trip before the engine is asked. The draft's `facts` are the workflow's start argument: whoever retries or
// finishes it starts the same workflow.

import { sql } from 'kysely';
import type { Place } from '../domain/geo.ts';
import type { NoteId } from '../domain/ids.ts';
import type { OrderFacts } from '../domain/order.ts';
import type { Db } from './connect.ts';
import { leaseEnd, type KeyedRequest } from './idempotency.ts';
import { sealPerson } from './people.ts';
import type { Item } from './schema.ts';
import type { PersonKey, Vault } from './vault.ts';

export type DraftCustomer =
  | { readonly kind: 'known'; readonly wrappedKey: Buffer }
  | { readonly kind: 'guest'; readonly name: string; readonly phone: string };

export type DraftNote = { readonly id: NoteId; readonly text: string };

export type Draft = {
  readonly facts: OrderFacts;
  readonly externalId: string | undefined;
  readonly customer: DraftCustomer;
  readonly pickup: Place;
  readonly dropoff: Place;
  readonly address: string;
  readonly note: DraftNote | undefined;
  /** The phone that mobile money is asked for; the payment method names it. */
  readonly payer: DraftNote | undefined;
  readonly items: readonly Item[];
};

export type DraftAnswer =
  | { readonly kind: 'stored' }
  /** The key was claimed before: nothing was written. */
  | { readonly kind: 'key_known' }
  /** Another order has this external id: nothing was written. */
  | { readonly kind: 'external_id_taken'; readonly orderId: string };

export async function storeDraft(
  db: Db,
  vault: Vault,
  { request, draft }: { readonly request: KeyedRequest; readonly draft: Draft },
): Promise<DraftAnswer> {
  const sealed = seal(vault, draft);
  try {
    const { rows } = await insertion(request, draft, sealed).execute(db);
    return rows.length > 0 ? { kind: 'stored' } : { kind: 'key_known' };
  } catch (error) {
    const orderId = isTakenExternalId(error) ? await orderByExternalId(db, draft) : undefined;
    if (orderId === undefined) throw error;
    return { kind: 'external_id_taken', orderId };
  }
}

function seal(vault: Vault, { facts, customer, address, note, payer }: Draft) {
  const { customerId, merchantId, orderId } = facts;
  const guest =
    customer.kind === 'guest'
      ? sealPerson(vault, { ...customer, id: customerId, merchantId })
      : undefined;
  const key: PersonKey =
    customer.kind === 'known'
      ? vault.unwrap(customerId, customer.wrappedKey)
      : (guest?.key ?? vault.create(customerId));
  const sealed = ({ id, text }: DraftNote) => ({ id, body: key.seal(`note:${id}`, text) });
  return {
    guest: guest?.row,
    address: key.seal(`address:${orderId}`, address),
    notes: [note, payer].flatMap((each) => (each ? [sealed(each)] : [])),
  };
}

type Sealed = ReturnType<typeof seal>;

function insertion(request: KeyedRequest, draft: Draft, { guest, address, notes }: Sealed) {
  const { facts, pickup, dropoff, externalId = null } = draft;
  const { load = 1, direct = false } = facts.deliveryTerms ?? {};
  return sql<{ order_id: string }>`
    WITH claim AS (
      INSERT INTO idempotency_keys (tenant, key, route, body_hash, order_id, lease_until)
      VALUES (${request.tenant}, ${request.key}, ${request.route}, ${request.bodyHash}, ${facts.orderId},
              ${leaseEnd(request.now)})
      ON CONFLICT DO NOTHING RETURNING order_id
    ), guest AS (
      INSERT INTO people (id, merchant_id, wrapped_key, name_enc, phone_enc, phone_index)
      SELECT ${guest?.id ?? null}::text, ${guest?.merchant_id ?? null}::text, ${guest?.wrapped_key ?? null}::bytea,
             ${guest?.name_enc ?? null}::bytea, ${guest?.phone_enc ?? null}::bytea,
             ${guest?.phone_index ?? null}::bytea
      FROM claim WHERE ${guest !== undefined}
    ), note AS (
      INSERT INTO notes (id, order_id, person_id, body_enc)
      SELECT n.id, order_id, ${facts.customerId}::text, n.body
      FROM claim, unnest(${notes.map(({ id }) => id)}::text[], ${notes.map(({ body }) => body)}::bytea[]) AS n (id, body)
    ), draft AS (
      INSERT INTO orders (id, merchant_id, branch_id, market_id, customer_id, external_id, number, placed_at, facts,
        items, currency, total_minor, pickup_lat, pickup_lng, dropoff_lat, dropoff_lng, dropoff_address_enc, note_id,
        fulfilment, promised_at, goods_minor, delivery_fee_minor, tip_minor, load, direct)
      SELECT order_id, ${facts.merchantId}, ${facts.branchId}, ${facts.marketId}, ${facts.customerId}, ${externalId},
        ${facts.number}, ${new Date(facts.placedAt)}, ${JSON.stringify(facts)}, ${JSON.stringify(draft.items)},
        ${facts.currency}, ${facts.totalMinor}, ${pickup.lat}, ${pickup.lng}, ${dropoff.lat}, ${dropoff.lng},
        ${address}, ${draft.note?.id ?? null}, ${facts.fulfilment},
        ${facts.promisedAt === undefined ? null : new Date(facts.promisedAt)}, ${facts.goodsMinor},
        ${facts.deliveryFeeMinor}, ${facts.tipMinor}, ${load}, ${direct}
      FROM claim
    )
    SELECT order_id FROM claim`;
}

function isTakenExternalId(error: unknown): boolean {
  return (
    error instanceof Error &&
    'constraint' in error &&
    error.constraint === 'orders_merchant_id_external_id_key'
  );
}

async function orderByExternalId(
  db: Db,
  { facts, externalId }: Draft,
): Promise<string | undefined> {
  const row = await db
    .selectFrom('orders')
    .select('id')
    .where('merchant_id', '=', facts.merchantId)
    .where('external_id', '=', externalId ?? '')
    .executeTakeFirst();
  return row?.id;
}

/** A draft as it was stored, for the retry that takes its request over. */
export async function findDraft(
  db: Db,
  orderId: string,
): Promise<{ readonly facts: OrderFacts; readonly givenUp: boolean } | undefined> {
  const row = await db
    .selectFrom('orders')
    .select(['facts', 'sequence', 'is_over'])
    .where('id', '=', orderId)
    .executeTakeFirst();
  return row && { facts: row.facts, givenUp: row.sequence === 0 && row.is_over };
}
