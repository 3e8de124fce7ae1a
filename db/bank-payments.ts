// Payouts by bank: queued once per key, sealed into one file, then paid or sent back as a person says who has asked the
// bank. What names an account is stored sealed and read only for the file.

import { createHash } from 'node:crypto';
import type { Actor } from '../domain/events.ts';
import {
  bankReference,
  writeBankFile,
  type BankAccount,
  type BankPayment,
} from '../domain/bank-file.ts';
import type { PayoutName } from '../domain/payout.ts';
import type { Db } from './connect.ts';
import { newId } from './new-id.ts';
import { noteBehind } from './notes.ts';
import { pageOf, type Page, type PageOf } from './page.ts';
import { reopenPayout } from './payouts.ts';
import type { Vault } from './vault.ts';

type Queued = {
  readonly key: string;
  readonly name: PayoutName;
  readonly amountMinor: number;
  readonly destination: string;
};

/** Once per key. Its state: it waits, is with the bank, has arrived or has come back. */
export async function queueBankPayment(db: Db, { key, name, amountMinor, destination }: Queued) {
  const { party, period } = name;
  await db
    .insertInto('bank_payments')
    .values({ key, party, period, amount_minor: amountMinor, destination })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  const { status } = await db
    .selectFrom('bank_payments')
    .select('status')
    .where('key', '=', key)
    .executeTakeFirstOrThrow();
  return status;
}

const selectFiles = (db: Db) => db.selectFrom('payout_files').selectAll();
export type PayoutFile = Awaited<
  ReturnType<ReturnType<typeof selectFiles>['executeTakeFirstOrThrow']>
>;

type Sealing = {
  readonly marketId: string;
  /** Our own account. */
  readonly debtor: BankAccount;
  readonly by: Actor;
  readonly now: Date;
};
type Tools = { readonly db: Db; readonly vault: Vault };

/** All that wait in this market, together. Undefined when none does. Call inside a transaction. */
export async function sealPayoutFile(
  { db: trx, vault }: Tools,
  { marketId, debtor, by, now }: Sealing,
): Promise<PayoutFile | undefined> {
  const market = await trx
    .selectFrom('markets')
    .select('currency')
    .where('id', '=', marketId)
    .forUpdate()
    .executeTakeFirst();
  if (!market) return undefined;
  const queued = await trx
    .selectFrom('bank_payments as b')
    .innerJoin('payouts as p', (join) =>
      join.onRef('p.party', '=', 'b.party').onRef('p.period', '=', 'b.period'),
    )
    .select(['b.key', 'b.amount_minor'])
    .where('b.file_id', 'is', null)
    .where('p.market_id', '=', marketId)
    .execute();
  if (queued.length === 0) return undefined;
  const id = newId('payoutFile', now.getTime());
  const head = {
    id,
    market_id: marketId,
    currency: market.currency,
    debtor: JSON.stringify(debtor),
  };
  const lines = await linesOf(
    { db: trx, vault },
    queued.map(({ key }) => key),
  );
  const text = contentOf({ id, currency: market.currency, debtor, sealed_at: now }, lines);
  const file = await trx
    .insertInto('payout_files')
    .values({
      ...head,
      payment_count: queued.length,
      total_minor: queued.reduce((sum, { amount_minor: minor }) => sum + minor, 0),
      sha256: digestOf(text),
      sealed_by: JSON.stringify(by),
      sealed_at: now,
    })
    .returningAll()
    .executeTakeFirstOrThrow();
  await trx
    .updateTable('bank_payments')
    .set({ file_id: id, status: 'filed' })
    .where(
      'key',
      'in',
      queued.map(({ key }) => key),
    )
    .execute();
  return file;
}

const digestOf = (text: string): Buffer => createHash('sha256').update(text).digest();

async function linesOf(
  { db, vault }: Tools,
  keys: readonly string[],
): Promise<readonly BankPayment[]> {
  const rows = await db
    .selectFrom('bank_payments as b')
    .innerJoin('payouts as p', (join) =>
      join.onRef('p.party', '=', 'b.party').onRef('p.period', '=', 'b.period'),
    )
    .select(['b.key', 'b.amount_minor', 'b.destination', 'p.id'])
    .where('b.key', 'in', keys)
    .orderBy('b.key')
    .execute();
  const lines: BankPayment[] = [];
  for (const { id, amount_minor: amountMinor, destination } of rows) {
    const account = await noteBehind({ db, vault }, destination);
    if (account === undefined) throw new Error(`the bank account of ${id} is gone`);
    const { name, iban } = JSON.parse(account) as BankAccount;
    lines.push({ reference: bankReference(id), amountMinor, name, iban });
  }
  return lines;
}

const contentOf = (
  file: Pick<PayoutFile, 'id' | 'currency' | 'sealed_at'> & { readonly debtor: BankAccount },
  payments: readonly BankPayment[],
): string =>
  writeBankFile({
    id: bankReference(file.id),
    sealedAt: file.sealed_at.getTime(),
    currency: file.currency,
    debtor: file.debtor,
    payments,
  });

/** The sealed bytes. Throws when they are not what was sealed. */
export async function readPayoutFile(tools: Tools, file: PayoutFile): Promise<string> {
  const keys = await tools.db
    .selectFrom('bank_payments')
    .select('key')
    .where('file_id', '=', file.id)
    .execute();
  const text = contentOf(
    file,
    await linesOf(
      tools,
      keys.map(({ key }) => key),
    ),
  );
  if (!digestOf(text).equals(file.sha256))
    throw new Error(`the file ${file.id} is not as it was sealed`);
  return text;
}

export const findPayoutFile = (db: Db, id: string): Promise<PayoutFile | undefined> =>
  selectFiles(db).where('id', '=', id).executeTakeFirst();

export async function listPayoutFiles(
  db: Db,
  {
    marketId,
    page: { after, limit },
  }: { readonly marketId: string | undefined; readonly page: Page },
): Promise<PageOf<PayoutFile>> {
  const rows = await selectFiles(db)
    .$if(marketId !== undefined, (query) => query.where('market_id', '=', marketId ?? ''))
    .$if(after !== undefined, (query) => query.where('id', '<', after ?? ''))
    .orderBy('id', 'desc')
    .limit(limit + 1)
    .execute();
  return pageOf(rows, limit);
}

type Verdict = { readonly by: Actor; readonly now: Date };

/** The bank has carried the file out. Returns the payouts that have news; what came back before stays so. */
export const filePaid = (
  db: Db,
  { fileId, by, now }: Verdict & { readonly fileId: string },
): Promise<readonly PayoutName[]> =>
  db
    .updateTable('bank_payments')
    .set({ status: 'paid', decided_by: JSON.stringify(by), decided_at: now })
    .where('file_id', '=', fileId)
    .where('status', '=', 'filed')
    .returning(['party', 'period'])
    .execute();

/** The bank has sent one back, also after it had been paid. Undefined when it is not with the bank. */
export const paymentReturned = (
  db: Db,
  { payoutId, by, now }: Verdict & { readonly payoutId: string },
): Promise<PayoutName | undefined> =>
  db.transaction().execute(async (trx) => {
    const payout = await trx
      .selectFrom('payouts')
      .select(['party', 'period'])
      .where('id', '=', payoutId)
      .executeTakeFirst();
    if (!payout) return undefined;
    const { numUpdatedRows } = await trx
      .updateTable('bank_payments')
      .set({ status: 'returned', decided_by: JSON.stringify(by), decided_at: now })
      .where('party', '=', payout.party)
      .where('period', '=', payout.period)
      .where('status', 'in', ['filed', 'paid'])
      .executeTakeFirst();
    if (numUpdatedRows === 0n) return undefined;
    await reopenPayout(trx, payout);
    return payout;
  });

/** Payouts that ended as paid by an answer that was older than the bank's word. */
export const paidButReturned = (db: Db): Promise<readonly PayoutName[]> =>
  db
    .selectFrom('bank_payments as b')
    .innerJoin('payouts as p', (join) =>
      join.onRef('p.party', '=', 'b.party').onRef('p.period', '=', 'b.period'),
    )
    .select(['p.party', 'p.period'])
    .where('b.status', '=', 'returned')
    .where('p.status', '=', 'paid')
    .limit(200)
    .execute();
