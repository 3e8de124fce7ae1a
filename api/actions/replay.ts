// What a key that is known already means: the stored answer again, a wait, a refusal, or work to take over.

import {
  takeOver,
  type KeyedRequest,
  type KnownKey,
  type StoredAnswer,
} from '../../db/idempotency.ts';
import type { Db } from '../../db/connect.ts';
import { findOrder } from '../../db/orders.ts';
import type { Scope } from '../../db/scope.ts';
import type { Vault } from '../../db/vault.ts';
import { comeBack, notFound, problem } from '../problems.ts';
import type { Order } from '../schemas/orders.ts';
import type { Answer } from '../server.ts';
import { personalPart, withPersonal } from '../views/order.ts';

type Tools = { readonly db: Db; readonly vault: Vault };
type Known = {
  readonly request: KeyedRequest;
  readonly known: KnownKey | undefined;
  readonly viewer: Scope;
};

/**
 * The stored answer, or undefined when the caller now holds the lease and shall do the work. Throws
 * idempotency_in_flight, idempotency_key_reused, and not_found for an order outside the viewer's branch.
 */
export async function replay(
  { db, vault }: Tools,
  { request, known, viewer }: Known,
): Promise<Answer | undefined> {
  if (known && 'orderId' in known) await checkBranch(db, { orderId: known.orderId, viewer });
  switch (known?.kind) {
    case 'answered':
      return answerAgain({ db, vault }, { answer: known.answer, orderId: known.orderId, viewer });
    case 'other_request':
      throw problem('idempotency_key_reused', 'a new request needs a new Idempotency-Key');
    case 'abandoned':
      if (await takeOver(db, { ...request, leaseUntil: known.leaseUntil })) return undefined;
      throw inFlight(1);
    case 'in_flight':
      throw inFlight((known.leaseUntil - request.now) / 1_000);
    case undefined:
      // Claimed by a rival that has not committed yet.
      throw inFlight(1);
  }
}

type Sight = { readonly orderId: string | undefined; readonly viewer: Scope };

/** Keys are unique per merchant, so a key of one branch may be known from another, whose orders it must not see. */
async function checkBranch(db: Db, { orderId, viewer }: Sight): Promise<void> {
  if (orderId === undefined || viewer.kind !== 'merchant' || viewer.branchId === undefined) return;
  if (!(await findOrder(db, { scope: viewer, orderId }))) throw notFound('order');
}

const inFlight = (seconds: number): Error =>
  problem('idempotency_in_flight', 'send the same request again later', comeBack(seconds));

type Stored = {
  readonly answer: StoredAnswer;
  readonly orderId: string | undefined;
  readonly viewer: Scope;
};

/** People's data is never stored with an answer: it is read again, and gone once the person is erased. */
async function answerAgain(
  { db, vault }: Tools,
  { answer, orderId, viewer }: Stored,
): Promise<Answer> {
  const headers = { 'idempotency-replayed': 'true' };
  if (orderId === undefined || answer.status >= 300) return { ...answer, headers };
  const order = answer.body as Order;
  const row = await findOrder(db, { scope: { kind: 'platform' }, orderId });
  const body = row ? withPersonal(order, personalPart(vault, row, viewer)) : order;
  return {
    status: answer.status,
    body,
    headers: { ...headers, ...orderHeaders(order, answer.status) },
  };
}

export const etagOf = ({ sequence }: Order) => ({ etag: `"${sequence}"` });

/** An order that was placed just now also says where it is. */
export const orderHeaders = (order: Order, status: number): Readonly<Record<string, string>> => ({
  ...etagOf(order),
  ...(status === 200 ? {} : { location: `/v1/orders/${order.id}` }),
});
