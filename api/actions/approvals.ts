// The second pair of eyes: an action that one agent asked for is done when another one says yes.

import type { Db } from '../../db/connect.ts';
import { decideApproval, findApproval, type ApprovalRow } from '../../db/support-approvals.ts';
import { closeAttempt } from '../../db/support-attempts.ts';
import type { NoteId } from '../../domain/ids.ts';
import { isActionName } from '../../domain/support.ts';
import type { Caller } from '../plugins/auth.ts';
import { isProblem, notFound, problem, statusOf } from '../problems.ts';
import type { Answer } from '../server.ts';
import { actedAnswer } from './acted.ts';
import { assertFree, say, type DeskDeps } from './support-desk.ts';

type Verdict = { readonly caller: Caller; readonly id: string };

export function createApprovals(deps: DeskDeps) {
  const { db } = deps;
  return {
    /** Done only to the order as it was when it was asked for. Repeatable by the one who approved. */
    async approve({ caller, id }: Verdict): Promise<Answer> {
      const row = await decide(db, { id, caller, verdict: 'approved' });
      const { action, command_id: commandId, order_id: orderId, asked_by: askedBy } = row;
      if (!isActionName(action)) throw new Error(`${action} is no action any more`);
      await assertFree(db, { orderId, keyId: caller.keyId });
      const attempt = { ...attemptIn(row), now: new Date() };
      try {
        const actor = { kind: 'support', id: askedBy } as const;
        const input = {
          attempt,
          caller: { actor },
          action,
          given: row.params,
          ifSequence: row.sequence,
        };
        const answer = await say(deps, input);
        await noteApprover(db, { commandId, keyId: caller.keyId });
        return answer;
      } catch (error) {
        const refused = isProblem(error) && statusOf(error.problem) < 500;
        const code = isProblem(error) ? error.problem.code : 'internal';
        const outcome = refused ? 'refused' : 'unknown';
        await closeAttempt(db, {
          commandId,
          outcome,
          code,
          approvedBy: caller.keyId,
          now: new Date(),
        });
        throw error;
      }
    },

    async reject({ caller, id }: Verdict): Promise<Answer> {
      const row = await decide(db, { id, caller, verdict: 'rejected' });
      await closeAttempt(db, {
        commandId: row.command_id,
        outcome: 'refused',
        code: 'approval_rejected',
        approvedBy: caller.keyId,
        now: new Date(),
      });
      return actedAnswer(db, { attempt: attemptIn(row), outcome: 'done', status: 200 });
    },
  };
}

const attemptIn = (row: ApprovalRow) => ({
  id: row.attempt_id,
  commandId: row.command_id,
  orderId: row.order_id,
  action: row.action,
  params: row.params,
  keyId: row.asked_by,
  reason: row.reason,
  noteId: (row.note_id ?? undefined) as NoteId | undefined,
  sequence: row.sequence,
});

async function noteApprover(
  db: Db,
  { commandId, keyId }: { readonly commandId: string; readonly keyId: string },
): Promise<void> {
  await db
    .updateTable('support_attempts')
    .set({ approved_by: keyId })
    .where('command_id', '=', commandId)
    .execute();
}

async function decide(
  db: Db,
  { id, caller, verdict }: Verdict & { readonly verdict: 'approved' | 'rejected' },
): Promise<ApprovalRow> {
  const row = await findApproval(db, id);
  if (!row) throw notFound('approval');
  if (row.asked_by === caller.keyId)
    throw problem('approval_needs_another', 'who asked for it cannot decide it');
  if (await decideApproval(db, { id, verdict, by: caller.keyId, now: new Date() })) return row;
  const now = (await findApproval(db, id))?.status ?? row.status;
  throw problem('approval_not_pending', `it is ${now === 'pending' ? 'expired' : now}`);
}
