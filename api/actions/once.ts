// Idempotency of POSTs that are not commands to an order.

import type { Db } from '../../db/connect.ts';
import {
  claimKey,
  endLease,
  findKey,
  storeAnswer,
  type KeyedRequest,
} from '../../db/idempotency.ts';
import type { Vault } from '../../db/vault.ts';
import { isProblem, problemBody, statusOf } from '../problems.ts';
import type { Caller } from '../plugins/auth.ts';
import type { Answer } from '../server.ts';
import { replay } from './replay.ts';

type Tools = { readonly db: Db; readonly vault: Vault };
type Request = { readonly caller: Caller; readonly request: KeyedRequest };

/** An answer that is not final is not stored: a retry looks again. */
type IsFinal = (answer: Answer) => boolean;

/** `unstored`: what only the first answer shows, secrets and people's data. */
export type Created = { readonly body: object; readonly unstored?: object };

/** The work, its key and its 201 in one transaction: all or nothing. A refusal leaves the key unused. */
export async function createOnce(
  { db, vault }: Tools,
  { caller, request }: Request,
  create: (trx: Db) => Promise<Created>,
): Promise<Answer> {
  return db.transaction().execute(async (trx) => {
    if (!(await claimKey(trx, request))) {
      const known = await findKey(trx, request);
      const again = await replay({ db: trx, vault }, { request, known, viewer: caller.scope });
      if (again) return again;
    }
    const { body, unstored = {} } = await create(trx);
    await storeAnswer(trx, request, { status: 201, body });
    return { status: 201, body: { ...body, ...unstored } };
  });
}

/**
 * For work that may be repeated but not undone: the key is claimed first, and whoever takes it over does the work
 * again. A refusal is stored and given again; an outage lets the next retry in at once.
 */
export async function doOnce(
  { db, vault }: Tools,
  { caller, request, isFinal = () => true }: Request & { readonly isFinal?: IsFinal },
  work: () => Promise<Answer>,
): Promise<Answer> {
  if (!(await claimKey(db, request))) {
    const known = await findKey(db, request);
    const again = await replay({ db, vault }, { request, known, viewer: caller.scope });
    if (again) return again;
  }
  try {
    const answer = await work();
    await (isFinal(answer) ? storeAnswer(db, request, answer) : endLease(db, request));
    return answer;
  } catch (error) {
    if (isProblem(error) && statusOf(error.problem) < 500) {
      await storeAnswer(db, request, {
        status: statusOf(error.problem),
        body: problemBody(error.problem),
      });
    } else {
      await endLease(db, request);
    }
    throw error;
  }
}
