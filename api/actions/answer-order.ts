// The last step of placing and of every command: read the order as it is now, store the answer under the request's
// key, and give it to the caller with the people's data that they may see.

import type { Db } from '../../db/connect.ts';
import { storeAnswer, type KeyedRequest } from '../../db/idempotency.ts';
import { findOrder } from '../../db/orders.ts';
import type { Scope } from '../../db/scope.ts';
import type { Vault } from '../../db/vault.ts';
import { problemBody, statusOf, type ProblemError } from '../problems.ts';
import type { Answer } from '../server.ts';
import { orderBody, personalPart, withPersonal } from '../views/order.ts';
import { orderHeaders } from './replay.ts';

type Tools = { readonly db: Db; readonly vault: Vault };

export async function answerOrder(
  { db, vault }: Tools,
  input: {
    readonly request: KeyedRequest;
    readonly orderId: string;
    readonly viewer: Scope;
    readonly status: number;
  },
): Promise<Answer> {
  const { request, orderId, viewer, status } = input;
  // An abandoned delivery is out of its driver's scope at once: the scope was checked before the command.
  const row = await findOrder(db, { scope: { kind: 'platform' }, orderId });
  if (!row) throw new Error(`order ${orderId} has vanished`);
  const order = orderBody(row);
  await storeAnswer(db, request, { status, body: order });
  return {
    status,
    body: withPersonal(order, personalPart(vault, row, viewer)),
    headers: orderHeaders(order, status),
  };
}

/** A refusal is an answer too: the same key gets it again. */
export async function answerRefused(
  db: Db,
  { request, refused }: { readonly request: KeyedRequest; readonly refused: ProblemError },
): Promise<never> {
  await storeAnswer(db, request, {
    status: statusOf(refused.problem),
    body: problemBody(refused.problem),
  });
  throw refused;
}
