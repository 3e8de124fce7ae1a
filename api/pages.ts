// Cursors of lists: opaque outside, the last id inside.

import type { Page, PageOf } from '../db/page.ts';
import { badField } from './problems.ts';

type PageQuery = { readonly cursor?: string; readonly limit?: number };

const defaultLimit = 50;
const idForm = /^[a-z]{3,4}_[0-9a-f]{32}$/;

/** Refuses with invalid_request what is no cursor of ours. */
export function pageFrom({ cursor, limit = defaultLimit }: PageQuery): Page {
  if (cursor === undefined) return { after: undefined, limit };
  const after = Buffer.from(cursor, 'base64url').toString('latin1');
  if (!idForm.test(after)) throw badField('cursor', 'is not a cursor of this list');
  return { after, limit };
}

export const pageBody = <Row, Json>({ rows, next }: PageOf<Row>, view: (row: Row) => Json) => ({
  data: rows.map(view),
  next_cursor: next === undefined ? null : Buffer.from(next, 'latin1').toString('base64url'),
});
