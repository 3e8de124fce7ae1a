// Proofs of hand-overs: what was shown, and how often a wrong PIN was. The bytes of pictures are elsewhere.

import type { ProofId } from '../domain/ids.ts';
import type { ProofKind } from '../domain/order.ts';
import type { Db } from './connect.ts';

export type ProofRow = {
  readonly id: ProofId;
  readonly order_id: string;
  readonly kind: ProofKind;
  readonly content_type: string | null;
  readonly byte_count: number | null;
  readonly key_id: string;
  readonly at: Date;
};

/** Idempotent: a proof's id follows from the command that gave it. */
export async function saveProof(db: Db, proof: ProofRow): Promise<void> {
  await db
    .insertInto('proofs')
    .values(proof)
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}

/** Oldest first. */
export const proofsOf = (db: Db, orderId: string): Promise<ProofRow[]> =>
  db.selectFrom('proofs').selectAll().where('order_id', '=', orderId).orderBy('at').execute();

type Guess = {
  readonly orderId: string;
  readonly commandId: string;
  readonly isRight: boolean;
  readonly limit: number;
  readonly now: Date;
};
/** `left`: wrong PINs that may still follow; at 0 not even the right one counts any more. */
export type GuessAnswer = { readonly isRight: boolean; readonly left: number };

/** One guess after the other, however many come at once. The last wrong one is an incident for support. */
export async function judgePin(db: Db, guess: Guess): Promise<GuessAnswer> {
  const { orderId, commandId, isRight, limit, now } = guess;
  return db.transaction().execute(async (trx) => {
    await trx
      .insertInto('pin_attempts')
      .values({ order_id: orderId, failed: [] })
      .onConflict((conflict) => conflict.doNothing())
      .execute();
    const { failed } = await trx
      .selectFrom('pin_attempts')
      .select('failed')
      .where('order_id', '=', orderId)
      .forUpdate()
      .executeTakeFirstOrThrow();
    if (failed.length >= limit) return { isRight: false, left: 0 };
    if (isRight) return { isRight, left: limit - failed.length };
    const counted = [...new Set([...failed, commandId])];
    await trx
      .updateTable('pin_attempts')
      .set({ failed: counted })
      .where('order_id', '=', orderId)
      .execute();
    if (counted.length >= limit) await reportLock(trx, orderId, now);
    return { isRight, left: limit - counted.length };
  });
}

async function reportLock(trx: Db, orderId: string, at: Date): Promise<void> {
  await trx
    .insertInto('incidents')
    .values({
      key: `${orderId}:pin_locked`,
      order_id: orderId,
      kind: 'pin_locked',
      detail: '{}',
      at,
      resolved_at: null,
    })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}
