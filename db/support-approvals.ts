// Second approvals: what an agent asked for, and what another one said. The row is the arbiter: one conditional UPDATE.

import type { Db } from './connect.ts';
import { newId } from './new-id.ts';
import { pageOf, type Page, type PageOf } from './page.ts';

export type NewApproval = {
  readonly commandId: string;
  readonly orderId: string;
  readonly askedBy: string;
  readonly lossMinor: number;
  readonly currency: string;
  readonly now: Date;
  readonly expiresAt: Date;
};

/** Idempotent per command. Returns the approval's id. */
export async function saveApproval(db: Db, approval: NewApproval): Promise<string> {
  const id = newId('approval', approval.now.getTime());
  await db
    .insertInto('support_approvals')
    .values({
      id,
      command_id: approval.commandId,
      order_id: approval.orderId,
      status: 'pending',
      asked_by: approval.askedBy,
      loss_minor: approval.lossMinor,
      currency: approval.currency,
      decided_by: null,
      asked_at: approval.now,
      expires_at: approval.expiresAt,
      decided_at: null,
    })
    .onConflict((conflict) => conflict.column('command_id').doNothing())
    .execute();
  const row = await db
    .selectFrom('support_approvals')
    .select('id')
    .where('command_id', '=', approval.commandId)
    .executeTakeFirst();
  return row?.id ?? id;
}

const selectApprovals = (db: Db) =>
  db
    .selectFrom('support_approvals as p')
    .innerJoin('support_attempts as a', 'a.command_id', 'p.command_id')
    .select(['p.id', 'p.command_id', 'p.order_id', 'p.status', 'p.asked_by', 'p.loss_minor'])
    .select(['p.currency', 'p.decided_by', 'p.asked_at', 'p.expires_at'])
    .select(['a.id as attempt_id', 'a.action', 'a.params', 'a.reason', 'a.note_id', 'a.sequence']);

export type ApprovalRow = Awaited<
  ReturnType<ReturnType<typeof selectApprovals>['executeTakeFirstOrThrow']>
>;

export const findApproval = (db: Db, id: string): Promise<ApprovalRow | undefined> =>
  selectApprovals(db).where('p.id', '=', id).executeTakeFirst();

/** What can still be decided, newest first. */
export async function listPending(
  db: Db,
  { after, limit, now }: Page & { readonly now: Date },
): Promise<PageOf<ApprovalRow>> {
  const rows = await selectApprovals(db)
    .where('p.status', '=', 'pending')
    .where('p.expires_at', '>', now)
    .$if(after !== undefined, (query) => query.where('p.id', '<', after ?? ''))
    .orderBy('p.id', 'desc')
    .limit(limit + 1)
    .execute();
  return pageOf(rows, limit);
}

/** True for the one who decides, and for their retries. */
export async function decideApproval(
  db: Db,
  {
    id,
    verdict,
    by,
    now,
  }: {
    readonly id: string;
    readonly verdict: 'approved' | 'rejected';
    readonly by: string;
    readonly now: Date;
  },
): Promise<boolean> {
  await db
    .updateTable('support_approvals')
    .set({ status: verdict, decided_by: by, decided_at: now })
    .where('id', '=', id)
    .where('status', '=', 'pending')
    .where('asked_by', '!=', by)
    .where('expires_at', '>', now)
    .execute();
  const row = await findApproval(db, id);
  return row?.status === verdict && row.decided_by === by;
}
