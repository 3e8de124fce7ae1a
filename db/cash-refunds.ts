// A refund that no provider pays: it is owed until a person has paid it out and names the receipt, or has given that up.

import type { Actor } from '../domain/events.ts';
import type { Db } from './connect.ts';
import { postRefundEnd } from './refund-steps.ts';
import { findRefund, type Refund } from './refunds.ts';

type Closing = { readonly id: string; readonly by: Actor; readonly now: Date };
type PaidOut = Closing & {
  /** What the receipt or the transfer is called: one refund each. */
  readonly reference: string;
};

/** Once; told again under the same reference, it is done. */
export async function payOutRefund(
  db: Db,
  { reference, ...closing }: PaidOut,
): Promise<'done' | 'not_payable' | 'reference_taken'> {
  try {
    if (await close(db, closing, { status: 'refunded', refund_ref: reference })) return 'done';
  } catch (error) {
    if ((error as { readonly constraint?: string }).constraint === 'refunds_by_ref')
      return 'reference_taken';
    throw error;
  }
  const row = await findRefund(db, closing.id);
  return row?.provider === 'cash' && row.refund_ref === reference ? 'done' : 'not_payable';
}

/** Nobody will come for it: who bore it has it again. False when it does not wait to be paid out. */
export const giveUpPayOut = (db: Db, closing: Closing): Promise<boolean> =>
  close(db, closing, { status: 'failed', code: 'not_paid_out' });

type End =
  | { readonly status: 'refunded'; readonly refund_ref: string }
  | { readonly status: 'failed'; readonly code: string };

const close = (db: Db, { id, by, now }: Closing, end: End): Promise<boolean> =>
  db.transaction().execute(async (trx) => {
    const row = await trx
      .updateTable('refunds')
      .set({ ...end, closed_by: JSON.stringify(by), finished_at: now })
      .where('id', '=', id)
      .where('status', '=', 'payable')
      .returningAll()
      .executeTakeFirst();
    if (!row) return false;
    await postRefundEnd(trx, { row, end: end.status, now });
    await trx
      .updateTable('incidents')
      .set({ resolved_at: now })
      .where('key', '=', incidentOf(row))
      .execute();
    return true;
  });

const incidentOf = ({ id }: Refund): string => `${id}:refund_to_pay_out`;

/** Somebody must know as long as it is owed: what was marked as looked after opens again. */
export async function remindOfPayOut(db: Db, row: Refund, now: Date): Promise<void> {
  const { id, order_id, amount_minor } = row;
  await db.transaction().execute(async (trx) => {
    const owed = trx.selectFrom('refunds').select('id').where('id', '=', id);
    if (!(await owed.where('status', '=', 'payable').forUpdate().executeTakeFirst())) return;
    await trx
      .insertInto('incidents')
      .values({
        key: incidentOf(row),
        order_id,
        kind: 'refund_to_pay_out',
        detail: JSON.stringify({ refund_id: id, amount_minor }),
        at: now,
        resolved_at: null,
      })
      .onConflict((conflict) => conflict.column('key').doUpdateSet({ resolved_at: null }))
      .execute();
  });
}
