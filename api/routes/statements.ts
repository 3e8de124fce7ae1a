// Statements: what a merchant, a driver, a wallet or any account holds and how that came about.

import { Readable } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Db } from '../../db/connect.ts';
import {
  readLines,
  readStatement,
  type EntryCursor,
  type StatementWish,
} from '../../db/statements.ts';
import { currencyOfParty } from '../../db/tenants.ts';
import type { AccountName } from '../../domain/ledger.ts';
import { readEntryCursor } from '../entry-cursor.ts';
import { access, callerOf } from '../plugins/auth.ts';
import { badField, notFound } from '../problems.ts';
import { IdParams } from '../schemas/common.ts';
import { AccountQuery, Statement, StatementQuery } from '../schemas/statements.ts';
import { send, type Api } from '../server.ts';
import { csvHead, csvLine, statementBody } from '../views/statement.ts';

const tags = ['statements'];
const response = { 200: Statement };
const defaultLimit = 50;
const csvPage = 5_000;

const books = {
  merchants: {
    kind: 'merchant',
    accounts: ['merchant'],
    summary: 'What a merchant has earned and was paid, line by line',
  },
  drivers: {
    kind: 'driver',
    accounts: ['driver', 'tips', 'cash_in_hand'],
    summary: 'What a driver has earned and was paid, line by line',
  },
  customers: {
    kind: 'customer',
    accounts: ['wallet'],
    summary: 'What came into a customer’s wallet and left it, line by line',
  },
} as const satisfies Record<
  string,
  {
    readonly kind: 'merchant' | 'driver' | 'customer';
    readonly accounts: readonly AccountName[];
    readonly summary: string;
  }
>;

export function statementRoutes(app: Api, db: Db): void {
  const readers = {
    merchants: access({ roles: ['owner', 'manager', 'support', 'platform_admin'] }),
    drivers: access({ roles: ['driver', 'support', 'platform_admin'] }),
    customers: access({ roles: ['customer', 'support', 'platform_admin'] }),
  };
  for (const which of ['merchants', 'drivers', 'customers'] as const) {
    const { kind, accounts, summary } = books[which];
    const schema = { summary, tags, params: IdParams(kind), querystring: StatementQuery, response };
    app.get(`/v1/${which}/:id/statement`, { ...readers[which], schema }, async (request, reply) => {
      const party = request.params.id;
      if (!mayRead(request, party)) throw notFound(kind);
      return answer(reply, { db, query: request.query, book: { party, accounts } });
    });
  }
  const schema = {
    summary: 'Any account of any party',
    tags,
    querystring: AccountQuery,
    response,
  };
  const admins = access({ roles: ['platform_admin'] });
  app.get('/v1/admin/ledger/statement', { ...admins, schema }, async (request, reply) => {
    const { account, party, ...query } = request.query;
    return answer(reply, { db, query, book: { party, accounts: [account] } });
  });
}

/** Whose money it is. A key of one branch sees none of it: it is the whole merchant's. */
export function mayRead(request: FastifyRequest, party: string): boolean {
  const { scope } = callerOf(request);
  switch (scope.kind) {
    case 'platform':
      return true;
    case 'merchant':
      return scope.merchantId === party && scope.branchId === undefined;
    case 'driver':
      return scope.driverId === party;
    case 'customer':
      return scope.customerId === party;
  }
}

type Query = {
  readonly from?: string;
  readonly to?: string;
  readonly currency?: string;
  readonly format?: string;
  readonly cursor?: string;
  readonly limit?: number;
};
type Asked = {
  readonly db: Db;
  readonly query: Query;
  readonly book: { readonly party: string; readonly accounts: readonly AccountName[] };
};

async function answer(reply: FastifyReply, asked: Asked): Promise<FastifyReply> {
  const wish = await wishOf(asked);
  if (asked.query.format !== 'csv') {
    const body = statementBody(wish, await readStatement(asked.db, wish));
    return send(reply, { status: 200, body });
  }
  return reply
    .code(200)
    .header('content-disposition', `attachment; filename="statement-${wish.party}.csv"`)
    .type('text/csv; charset=utf-8')
    .send(Readable.from(csvOf(asked.db, wish)));
}

async function wishOf({ db, query, book }: Asked): Promise<StatementWish> {
  const currency = query.currency ?? (await currencyOfParty(db, book.party));
  if (currency === undefined) throw badField('currency', 'must be given: this party has no market');
  const from = new Date(query.from ?? 0);
  const to = new Date(query.to ?? Date.now());
  if (to < from) throw badField('to', 'lies before from');
  const after = query.cursor === undefined ? undefined : readEntryCursor(query.cursor);
  return { ...book, currency, from, to, after, limit: query.limit ?? defaultLimit };
}

/** The whole period, page by page, so that a long one needs no memory. */
async function* csvOf(db: Db, wish: StatementWish): AsyncGenerator<string> {
  yield csvHead;
  let after: EntryCursor | undefined = wish.after;
  let balanceMinor: number | undefined;
  do {
    const page = await readLines(db, { ...wish, after, balanceMinor, limit: csvPage });
    balanceMinor = page.lines.at(-1)?.balanceMinor;
    if (page.lines.length > 0)
      yield page.lines.map((line) => csvLine(line, wish.currency)).join('');
    after = page.next;
  } while (after !== undefined);
}
