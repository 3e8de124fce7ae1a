// Free text of people, sealed with the key of the customer whom it is about; messages and events carry its id only.

import { createHash } from 'node:crypto';
import type { NoteId } from '../domain/ids.ts';
import type { Db } from './connect.ts';
import type { Vault } from './vault.ts';

/** The same command always has the same note, so that a retried one is the same message. */
export const noteIdOf = (commandId: string): NoteId =>
  `note_${createHash('sha256').update(commandId).digest('hex').slice(0, 32)}` as NoteId;

export type NewNote = {
  readonly id: NoteId;
  readonly orderId: string;
  readonly personId: string;
  readonly text: string;
};

/** Idempotent. False when the person was erased: nothing may be kept about them any more. */
export async function saveNote(
  db: Db,
  vault: Vault,
  { id, orderId, personId, text }: NewNote,
): Promise<boolean> {
  const person = await db
    .selectFrom('people')
    .select('wrapped_key')
    .where('id', '=', personId)
    .executeTakeFirst();
  if (!person?.wrapped_key) return false;
  const body = vault.unwrap(personId, person.wrapped_key).seal(`note:${id}`, text);
  await db
    .insertInto('notes')
    .values({ id, order_id: orderId, person_id: personId, body_enc: body })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  return true;
}
