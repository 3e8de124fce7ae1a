// The audit of support: one row per attempt to change an order, written before anything is sent, so that none is lost
// with a process. A rejected Update leaves no history: what was refused stands here alone.

import { sql } from 'kysely';
import type { NoteId } from '../domain/ids.ts';
import type { Db } from './connect.ts';
import { newId } from './new-id.ts';

export type Attempt = {
  /** Names the attempt for ever: the Update's id and the `command_id` of its events. */
  readonly commandId: string;
  readonly orderId: string;
  readonly action: string;
  readonly params: object;
  readonly keyId: string;
  readonly reason: string;
  readonly noteId?: NoteId | undefined;
  /** Of the state that it was judged on. */
  readonly sequence: number;
  readonly bulkId?: string | undefined;
  readonly now: Date;
};

export type AttemptOutcome = 'sent' | 'done' | 'refused' | 'unknown' | 'awaits_approval';

/** Idempotent per command. Returns the attempt's id. */
export async function openAttempt(db: Db, attempt: Attempt): Promise<string> {
  const id = newId('attempt', attempt.now.getTime());
  await db
    .insertInto('support_attempts')
    .values({
      id,
      command_id: attempt.commandId,
      order_id: attempt.orderId,
      action: attempt.action,
      params: JSON.stringify(attempt.params),
      key_id: attempt.keyId,
      reason: attempt.reason,
      note_id: attempt.noteId ?? null,
      sequence: attempt.sequence,
      outcome: 'sent',
      code: null,
      approved_by: null,
      bulk_id: attempt.bulkId ?? null,
      at: attempt.now,
      answered_at: null,
    })
    .onConflict((conflict) => conflict.column('command_id').doNothing())
    .execute();
  const row = await db
    .selectFrom('support_attempts')
    .select('id')
    .where('command_id', '=', attempt.commandId)
    .executeTakeFirst();
  return row?.id ?? id;
}

export async function attemptIsDone(db: Db, commandId: string): Promise<boolean> {
  const row = await db
    .selectFrom('support_attempts')
    .select('outcome')
    .where('command_id', '=', commandId)
    .executeTakeFirst();
  return row?.outcome === 'done';
}

type Close = {
  readonly commandId: string;
  readonly outcome: AttemptOutcome;
  readonly code?: string | undefined;
  readonly approvedBy?: string | undefined;
  readonly now: Date;
};

/** A definitive answer stays; `unknown` may still become one. */
export async function closeAttempt(
  db: Db,
  { commandId, outcome, code, approvedBy, now }: Close,
): Promise<void> {
  await db
    .updateTable('support_attempts')
    .set({
      outcome,
      code: code ?? null,
      answered_at: now,
      ...(approvedBy === undefined ? {} : { approved_by: approvedBy }),
    })
    .where('command_id', '=', commandId)
    .where('outcome', 'not in', ['done', 'refused'])
    .execute();
}

/** Attempts whose answer was lost on its way, but not their effect: the log knows. */
export async function closeFound(db: Db, before: Date): Promise<void> {
  await sql`
    UPDATE support_attempts a SET outcome = 'done', code = NULL, answered_at = ${new Date()}
    WHERE a.outcome IN ('sent', 'unknown') AND a.at < ${before} AND (
      EXISTS (SELECT FROM order_events e WHERE e.order_id = a.order_id AND e.command_id = a.command_id)
      OR (a.action = 'settle' AND EXISTS (SELECT FROM orders o WHERE o.id = a.order_id AND o.is_over)))`.execute(
    db,
  );
}
