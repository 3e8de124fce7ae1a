// The answer to whatever support has done: the order as it is now, without people.

import type { Db } from '../../db/connect.ts';
import type { Acted } from '../schemas/support.ts';
import type { Answer } from '../server.ts';

type Done = {
  readonly attempt: { readonly id: string; readonly orderId: string };
  readonly outcome: Acted['outcome'];
  readonly status: 200 | 202;
  readonly approvalId?: string;
};

export async function actedAnswer(
  db: Db,
  { attempt, outcome, status, approvalId }: Done,
): Promise<Answer> {
  const row = await db
    .selectFrom('orders')
    .select([
      'status',
      'order_status',
      'delivery_status',
      'payment_status',
      'end_reason',
      'sequence',
    ])
    .where('id', '=', attempt.orderId)
    .executeTakeFirstOrThrow();
  const body: Acted = {
    attempt_id: attempt.id,
    outcome,
    order_id: attempt.orderId,
    ...row,
    ...(approvalId === undefined ? {} : { approval_id: approvalId }),
  };
  return { status, body, headers: { etag: `"${row.sequence}"` } };
}
