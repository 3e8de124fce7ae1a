// A proof of a hand-over before the hand-over: pictures are sealed and stored, codes compared, and the answer's id is
// what `deliver` or `hand-over` then names. Its id follows from the request, so a retry is the same proof.

import { createHash } from 'node:crypto';
import type { ProofStore } from '../../adapters/proof-store.ts';
import type { Db } from '../../db/connect.ts';
import type { KeyedRequest } from '../../db/idempotency.ts';
import { findOrder, isCarriedBy, type OrderView } from '../../db/orders.ts';
import { judgePin, proofsOf, saveProof, type ProofRow } from '../../db/proofs.ts';
import type { Vault } from '../../db/vault.ts';
import type { ProofId } from '../../domain/ids.ts';
import type { ProofKind } from '../../domain/order.ts';
import type { Caller } from '../plugins/auth.ts';
import { badField, comeBack, notFound, problem, type ProblemError } from '../problems.ts';
import type { PictureType, Proof, ProofCode } from '../schemas/proofs.ts';
import type { Answer } from '../server.ts';
import { commandIdOf } from './command-id.ts';

/** Of an order; more is a loop in somebody's app. */
const maxProofs = 20;

type Deps = { readonly db: Db; readonly vault: Vault; readonly store: ProofStore };
type Given = {
  readonly caller: Caller;
  readonly request: KeyedRequest;
  readonly orderId: string;
  readonly kind: ProofKind;
  /** A picture's bytes, or what was typed or scanned. */
  readonly shown: Buffer | ProofCode;
};

export function createGiveProof(deps: Deps) {
  /** 201. Throws not_found, not_your_delivery, wrong_state, limit_reached, invalid_request, proof_wrong, pin_locked. */
  return async function giveProof({
    caller,
    request,
    orderId,
    kind,
    shown,
  }: Given): Promise<Answer> {
    const order = await findOrder(deps.db, { scope: caller.scope, orderId });
    if (!order) throw notFound('order');
    assertHandsOver(order, caller);
    const commandId = commandIdOf(request);
    const id = proofIdOf(commandId);
    const known = await proofsOf(deps.db, orderId);
    if (known.length >= maxProofs && !known.some((proof) => proof.id === id))
      throw problem('limit_reached', `an order has at most ${maxProofs} proofs`);
    const now = new Date(request.now);
    const picture = Buffer.isBuffer(shown)
      ? await keepPicture(deps, { order, id, kind, bytes: shown })
      : await judge(deps, { order, commandId, kind, code: shown.code, now });
    const proof = { id, order_id: orderId, kind, ...picture, key_id: caller.keyId, at: now };
    await saveProof(deps.db, proof);
    return { status: 201, body: proofBody(proof) };
  };
}

const proofIdOf = (commandId: string): ProofId =>
  `prf_${createHash('sha256').update(commandId).digest('hex').slice(0, 32)}` as ProofId;

export const proofBody = (row: ProofRow): Proof => ({
  id: row.id,
  order_id: row.order_id,
  kind: row.kind,
  content_type: row.content_type,
  byte_count: row.byte_count,
  at: row.at.toISOString(),
});

/** Whoever hands the goods over: the driver who carries them, or the merchant over the counter. */
function assertHandsOver(order: OrderView, { scope }: Caller): void {
  if (order.is_over || order.sequence === 0)
    throw problem('wrong_state', 'the order is over, or has not begun');
  if (scope.kind === 'driver' && !isCarriedBy(order, scope.driverId))
    throw problem('not_your_delivery', 'the delivery is not with you');
  if (scope.kind === 'merchant' && order.fulfilment === 'delivery')
    throw problem('wrong_state', 'a driver brings this order to the customer');
}

type Kept = { readonly content_type: PictureType | null; readonly byte_count: number | null };
const nothingKept: Kept = { content_type: null, byte_count: null };

type Keeping = {
  readonly order: OrderView;
  readonly id: ProofId;
  readonly kind: ProofKind;
  readonly bytes: Buffer;
};

async function keepPicture(
  { vault, store }: Deps,
  { order, id, kind, bytes }: Keeping,
): Promise<Kept> {
  if (kind !== 'photo' && kind !== 'signature') throw badField('kind', `${kind} is no picture`);
  const type = typeOf(bytes);
  if (!type) throw badField('body', 'is no JPEG, PNG or WebP picture');
  if (!order.wrapped_key) throw problem('wrong_state', 'the customer was erased');
  const key = vault.unwrap(order.customer_id, order.wrapped_key);
  await store.put(storeKey(order.id, id), key.sealBytes(`proof:${id}`, bytes)).catch(away);
  return { content_type: type, byte_count: bytes.length };
}

const storeKey = (orderId: string, proofId: string): string => `${orderId}/${proofId}`;

/** By its first bytes, whatever the request says. */
function typeOf(bytes: Buffer): PictureType | undefined {
  if (bytes.subarray(0, 3).equals(Buffer.of(0xff, 0xd8, 0xff))) return 'image/jpeg';
  if (bytes.subarray(0, 8).toString('latin1') === '\x89PNG\r\n\x1a\n') return 'image/png';
  const isWebp = /^RIFF[\s\S]{4}WEBP$/.test(bytes.subarray(0, 12).toString('latin1'));
  return isWebp ? 'image/webp' : undefined;
}

function away(cause: unknown): never {
  const error: ProblemError = problem('storage_unavailable', 'nothing was stored', comeBack(5));
  throw Object.assign(error, { cause });
}

type Judging = {
  readonly order: OrderView;
  readonly commandId: string;
  readonly kind: ProofKind;
  readonly code: string | undefined;
  readonly now: Date;
};

async function judge(
  { db, vault }: Deps,
  { order, commandId, kind, code, now }: Judging,
): Promise<Kept> {
  if (kind === 'photo' || kind === 'signature')
    throw badField('body', `a ${kind} is sent as a picture: image/jpeg, image/png or image/webp`);
  if (kind === 'age') return nothingKept;
  if (code === undefined) throw badField('code', 'is required');
  if (kind === 'barcode') {
    if ([order.id, order.number, order.external_id].includes(code)) return nothingKept;
    throw problem('proof_wrong', 'the barcode is not this order’s id, number or external_id');
  }
  if (!order.terms.proofs.includes('pin')) throw badField('kind', 'this order has no PIN');
  const limit = order.terms.max_pin_attempts;
  const isRight = code === vault.pinOf(order.id);
  const answer = await judgePin(db, { orderId: order.id, commandId, isRight, limit, now });
  if (answer.isRight) return nothingKept;
  if (answer.left === 0) throw problem('pin_locked', `${limit} wrong PINs: support decides`);
  throw problem('proof_wrong', `the PIN is wrong; wrong ones left: ${answer.left}`);
}

/** Undefined: there is none, nothing but that it was shown is kept, or the customer was erased. */
export async function readPicture(
  { db, vault, store }: Deps,
  { order, proofId }: { readonly order: OrderView; readonly proofId: string },
): Promise<{ readonly type: string; readonly bytes: Buffer } | undefined> {
  const proof = (await proofsOf(db, order.id)).find(({ id }) => id === proofId);
  if (!proof?.content_type || !order.wrapped_key) return undefined;
  const sealed = await store.get(storeKey(order.id, proof.id)).catch(away);
  const key = vault.unwrap(order.customer_id, order.wrapped_key);
  return sealed && { type: proof.content_type, bytes: key.openBytes(`proof:${proof.id}`, sealed) };
}
