// Idempotency keys, per tenant: which request a key stands for, who works on it, and the answer once there is one.
// Invariant: a key is claimed in the same statement or transaction as the first thing that its request writes.

import { sql, type RawBuilder } from 'kysely';
import type { Db } from './connect.ts';
import { ordersIn, type Scope } from './scope.ts';

/** How long a caller may work on a request before a retry takes it over. */
const leaseMs = 30_000;

export type KeyedRequest = {
  readonly tenant: string;
  readonly key: string;
  readonly route: string;
  /** SHA-256 of route and body: the same key must mean the same request. */
  readonly bodyHash: Buffer;
  readonly now: number;
};

export type StoredAnswer = { readonly status: number; readonly body: object };

/** What is known of a key that somebody has claimed before. */
export type KnownKey =
  | {
      readonly kind: 'answered';
      readonly answer: StoredAnswer;
      readonly orderId: string | undefined;
    }
  | { readonly kind: 'in_flight'; readonly leaseUntil: number }
  /** The lease has run out without an answer: the request may be taken over. */
  | {
      readonly kind: 'abandoned';
      readonly orderId: string | undefined;
      readonly leaseUntil: number;
    }
  | { readonly kind: 'other_request' };

export const leaseEnd = (now: number): Date => new Date(now + leaseMs);

type KeyRow = {
  readonly body_hash: Buffer;
  readonly order_id: string | null;
  readonly lease_until: Date;
  readonly response_status: number | null;
  readonly response_body: object | null;
};

function toKnownKey(row: KeyRow, { bodyHash, now }: KeyedRequest): KnownKey {
  const orderId = row.order_id ?? undefined;
  const leaseUntil = row.lease_until.getTime();
  if (!row.body_hash.equals(bodyHash)) return { kind: 'other_request' };
  if (row.response_status !== null) {
    return {
      kind: 'answered',
      answer: { status: row.response_status, body: row.response_body ?? {} },
      orderId,
    };
  }
  return leaseUntil > now
    ? { kind: 'in_flight', leaseUntil }
    : { kind: 'abandoned', orderId, leaseUntil };
}

export async function findKey(db: Db, request: KeyedRequest): Promise<KnownKey | undefined> {
  const row = await db
    .selectFrom('idempotency_keys')
    .select(['body_hash', 'order_id', 'lease_until', 'response_status', 'response_body'])
    .where('tenant', '=', request.tenant)
    .where('key', '=', request.key)
    .executeTakeFirst();
  return row && toKnownKey(row, request);
}

/** Claims a key in the caller's transaction. True when it is new; waits for a rival that has not committed yet. */
export async function claimKey(db: Db, request: KeyedRequest): Promise<boolean> {
  const { numInsertedOrUpdatedRows } = await db
    .insertInto('idempotency_keys')
    .values({
      tenant: request.tenant,
      key: request.key,
      route: request.route,
      body_hash: request.bodyHash,
      order_id: null,
      lease_until: leaseEnd(request.now),
      response_status: null,
      response_body: null,
    })
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirst();
  return (numInsertedOrUpdatedRows ?? 0n) > 0n;
}

/** Takes an abandoned request over. False when another retry was faster. */
export async function takeOver(
  db: Db,
  { tenant, key, now, leaseUntil }: KeyedRequest & { readonly leaseUntil: number },
): Promise<boolean> {
  const { numUpdatedRows } = await db
    .updateTable('idempotency_keys')
    .set({ lease_until: leaseEnd(now) })
    .where('tenant', '=', tenant)
    .where('key', '=', key)
    .where('response_status', 'is', null)
    .where('lease_until', '=', new Date(leaseUntil))
    .executeTakeFirst();
  return numUpdatedRows > 0n;
}

type OwnKey = Pick<KeyedRequest, 'tenant' | 'key'>;

/** The answer that every later request with this key gets. The first one stored stays. */
export async function storeAnswer(
  db: Db,
  { tenant, key }: OwnKey,
  { status, body }: StoredAnswer,
): Promise<void> {
  await db
    .updateTable('idempotency_keys')
    .set({ response_status: status, response_body: JSON.stringify(body) })
    .where('tenant', '=', tenant)
    .where('key', '=', key)
    .where('response_status', 'is', null)
    .execute();
}

/** Lets a retry take over at once; without an answer the request stays under way. */
export async function endLease(
  db: Db,
  { tenant, key, now }: OwnKey & { readonly now: number },
): Promise<void> {
  await db
    .updateTable('idempotency_keys')
    .set({ lease_until: new Date(now) })
    .where('tenant', '=', tenant)
    .where('key', '=', key)
    .where('response_status', 'is', null)
    .execute();
}

/** The order that a command is for, as far as the API must know it before sending. */
export type CommandTarget = { readonly customerId: string; readonly placedAt: number };

export type CommandClaim = {
  /** Undefined: no such order in this scope. */
  readonly target: CommandTarget | undefined;
  readonly claimed: boolean;
  /** Undefined when claimed, or when nobody holds the key. */
  readonly known: KnownKey | undefined;
};

export type CommandRequest = KeyedRequest & {
  readonly scope: Scope;
  readonly orderId: string;
  /** False: only look; the request would be refused anyway. */
  readonly admissible: boolean;
  /** Epoch ms; an order placed later refuses the request. */
  readonly notBefore: number | undefined;
};

/** Looks for the order within the scope and claims the key for a command to it: one statement, one round trip. */
export async function claimCommand(db: Db, request: CommandRequest): Promise<CommandClaim> {
  const { rows } = await commandClaim(request).execute(db);
  const row = rows[0];
  if (!row) return { target: undefined, claimed: false, known: undefined };
  const target =
    row.customer_id === null || row.placed_at === null
      ? undefined
      : { customerId: row.customer_id, placedAt: row.placed_at.getTime() };
  // A rival that committed while we waited for it is not in this statement's snapshot.
  const late = !row.claimed && row.body_hash === null && target !== undefined;
  const known = late ? await findKey(db, request) : knownOf(row, request);
  return { target, claimed: row.claimed, known };
}

type ClaimRow = {
  readonly claimed: boolean;
  readonly customer_id: string | null;
  readonly placed_at: Date | null;
} & {
  readonly [K in keyof KeyRow]: KeyRow[K] | null;
};

function knownOf(row: ClaimRow, request: KeyedRequest): KnownKey | undefined {
  const { body_hash, lease_until } = row;
  return body_hash && lease_until
    ? toKnownKey({ ...row, body_hash, lease_until }, request)
    : undefined;
}

function commandClaim(request: CommandRequest): RawBuilder<ClaimRow> {
  const { tenant, key, route, bodyHash, orderId, scope, admissible, notBefore, now } = request;
  const earliest = notBefore === undefined ? null : new Date(notBefore);
  return sql<ClaimRow>`
    WITH target AS (
      SELECT o.id, o.customer_id, o.placed_at FROM orders o WHERE o.id = ${orderId} AND ${ordersIn(scope)}
    ), known AS (
      SELECT * FROM idempotency_keys WHERE tenant = ${tenant} AND key = ${key}
    ), claim AS (
      INSERT INTO idempotency_keys (tenant, key, route, body_hash, order_id, lease_until)
      SELECT ${tenant}, ${key}, ${route}, ${bodyHash}, target.id, ${leaseEnd(now)} FROM target
      WHERE ${admissible} AND (${earliest}::timestamptz IS NULL OR target.placed_at <= ${earliest}::timestamptz)
      ON CONFLICT DO NOTHING RETURNING order_id
    )
    SELECT EXISTS (SELECT FROM claim) AS claimed, target.customer_id, target.placed_at,
           known.body_hash, known.order_id, known.lease_until, known.response_status, known.response_body
    FROM (SELECT) AS one LEFT JOIN target ON true LEFT JOIN known ON true`;
}
