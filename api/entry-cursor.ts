// The cursor of a statement: opaque outside, a ledger entry's place inside.

import type { EntryCursor } from '../db/statements.ts';
import { badField } from './problems.ts';

export const writeEntryCursor = ({ at, key, account }: EntryCursor): string =>
  Buffer.from(`${at.getTime()}|${key}|${account}`).toString('base64url');

/** Refuses with invalid_request what is no cursor of ours. */
export function readEntryCursor(token: string): EntryCursor {
  const text = Buffer.from(token, 'base64url').toString('latin1');
  const [, ms, key, account] =
    /^(\d{1,15})\|([\x21-\x7b\x7d\x7e]{1,200})\|([a-z_]{1,40})$/.exec(text) ?? [];
  if (ms === undefined || key === undefined || account === undefined)
    throw badField('cursor', 'is not a cursor of this statement');
  return { at: new Date(Number(ms)), key, account };
}
