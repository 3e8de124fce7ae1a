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
  /** Undefined: it belongs to no order. */
  readonly orderId: string | undefined;
  readonly personId: string;
  readonly text: string;
};

/** Idempotent. False when the person was erased: nothing may be kept about them any more. */
export const saveNote = async (db: Db, vault: Vault, note: NewNote): Promise<boolean> =>
  (await insertNote(db, vault, { ...note, writtenBy: null })) !== undefined;

/** A note by an agent, for other agents to read; when it was written. Undefined when the person was erased. */
export const writeNote = (
  db: Db,
  vault: Vault,
  note: NewNote & { readonly writtenBy: string },
): Promise<Date | undefined> => insertNote(db, vault, note);

async function insertNote(
  db: Db,
  vault: Vault,
  { id, orderId, personId, text, writtenBy }: NewNote & { readonly writtenBy: string | null },
): Promise<Date | undefined> {
  const person = await db
    .selectFrom('people')
    .select('wrapped_key')
    .where('id', '=', personId)
    .executeTakeFirst();
  if (!person?.wrapped_key) return undefined;
  const body = vault.unwrap(personId, person.wrapped_key).seal(`note:${id}`, text);
  await db
    .insertInto('notes')
    .values({
      id,
      order_id: orderId ?? null,
      person_id: personId,
      body_enc: body,
      written_by: writtenBy,
    })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  return new Date();
}

/**
 * What is stored behind a token `<way>:<note>`: a payer's phone, an account to pay out to. Undefined when there is none, or
 * the person was erased.
 */
export async function noteBehind(
  { db, vault }: { readonly db: Db; readonly vault: Vault },
  token: string,
): Promise<string | undefined> {
  const id = token.split(':')[1] ?? '';
  const row = await db
    .selectFrom('notes')
    .innerJoin('people', 'people.id', 'notes.person_id')
    .select(['body_enc', 'person_id', 'wrapped_key'])
    .where('notes.id', '=', id)
    .executeTakeFirst();
  return row?.wrapped_key
    ? vault.unwrap(row.person_id, row.wrapped_key).open(`note:${id as NoteId}`, row.body_enc)
    : undefined;
}

/** At most so many are shown of one order. */
const shownAtMost = 200;

/** What agents noted, oldest first; without the text once the person was erased. */
export async function notesOf(db: Db, vault: Vault, orderId: string) {
  const rows = await db
    .selectFrom('notes')
    .innerJoin('people', 'people.id', 'notes.person_id')
    .select(['notes.id', 'notes.written_by', 'notes.created_at', 'body_enc', 'person_id'])
    .select('people.wrapped_key')
    .where('order_id', '=', orderId)
    .where('written_by', 'is not', null)
    .orderBy('notes.created_at')
    .limit(shownAtMost)
    .execute();
  return rows.map((row) => ({
    id: row.id,
    order_id: orderId,
    written_by: row.written_by ?? '',
    created_at: row.created_at.toISOString(),
    ...(row.wrapped_key && {
      text: vault.unwrap(row.person_id, row.wrapped_key).open(`note:${row.id}`, row.body_enc),
    }),
  }));
}
