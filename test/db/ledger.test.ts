// The ledger on a real database: what it refuses whoever asks, and what it answers.

import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connect, type Db } from '../../db/connect.ts';
import { postOnce } from '../../db/ledger.ts';
import { ensurePartitions } from '../../db/partitions.ts';
import { balanceAt, readLines, readStatement, type StatementLine } from '../../db/statements.ts';
import { accountNames, moved, type Posting } from '../../domain/ledger.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

let database: TestDatabase;
let db: Db;
beforeAll(async () => {
  database = await createTestDatabase();
  db = connect({ url: database.url, poolSize: 4 });
});
afterAll(async () => {
  await db.destroy();
  await database.drop();
});

const start = Date.UTC(2026, 4, 4);
const hour = 3_600_000;
const refusal = async (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'done',
    (error: unknown) => (error as { readonly code?: string }).code ?? String(error),
  );
const change = (statement: string): Promise<string> => refusal(sql.raw(statement).execute(db));
const insert = (values: string, table = 'ledger_entries'): Promise<string> =>
  change(
    `INSERT INTO ${table} (transaction_key, account, party, amount_minor, currency, at) VALUES ${values}`,
  );
const earned = (merchant: string, n: number, amountMinor = 100): Posting => ({
  key: `${merchant}:earned:${n}`,
  kind: 'correction',
  entries: moved(
    amountMinor,
    { account: 'merchant', party: merchant },
    { account: 'platform', party: 'platform' },
  ),
});
const post = (posting: Posting, at = start) =>
  postOnce(db, { posting, orderId: undefined, currency: 'EUR', at: new Date(at) });

describe('the database', () => {
  it.each([
    `UPDATE ledger_entries SET amount_minor = 1`,
    `DELETE FROM ledger_entries`,
    `UPDATE ledger_entries_default SET party = 'me'`,
    `UPDATE ledger_transactions SET kind = 'capture'`,
    `DELETE FROM ledger_transactions`,
    `TRUNCATE ledger_transactions`,
    `TRUNCATE ledger_entries`,
    `TRUNCATE ledger_entries_default`,
  ])('refuses %s', async (statement) => {
    await post(earned('m-immutable', 1));
    expect(await change(statement)).toBe('WB001');
  });

  const at = `'2026-05-04T00:00:00Z'`;

  it.each([
    ['one side', `('k', 'merchant', 'm', 5, 'EUR', ${at})`],
    ['a cent off', `('k', 'merchant', 'm', 5, 'EUR', ${at}), ('k', 'tax', 'p', -4, 'EUR', ${at})`],
    ['two currencies', `('k', 'tax', 'm', 5, 'EUR', ${at}), ('k', 'fx', 'p', -5, 'USD', ${at})`],
    ['no head', `('none', 'tax', 'm', 5, 'EUR', ${at}), ('none', 'fx', 'p', -5, 'EUR', ${at})`],
  ])('refuses entries with %s, into whatever table', async (_name, values) => {
    await sql`INSERT INTO ledger_transactions VALUES ('k', NULL, 'correction', 'EUR', ${new Date(start)})
      ON CONFLICT DO NOTHING`.execute(db);
    expect(await insert(values)).toBe('WB002');
    expect(await insert(values, 'ledger_entries_default')).toBe('WB002');
  });

  it('knows the accounts that the code knows, and no other', async () => {
    const { rows } = await sql<{ text: string }>`SELECT prosrc AS text FROM pg_proc
      WHERE proname = 'ledger_knows'`.execute(db);
    const names = [...(rows[0]?.text ?? '').matchAll(/'(\w+)'/g)].map(([, name = '']) => name);
    expect(new Set(names)).toEqual(new Set(accountNames));
  });
});

const read = async (minor: string) =>
  (await sql<{ minor: number }>`SELECT ${minor}::bigint AS minor`.execute(db)).rows[0]?.minor;

describe('a number out of the database', () => {
  it('is exact, or refused', async () => {
    expect(await read('9007199254740991')).toBe(Number.MAX_SAFE_INTEGER);
    await expect(read('9007199254740993')).rejects.toThrow('more than a number can hold');
    expect(await read('-9007199254740991')).toBe(Number.MIN_SAFE_INTEGER);
  });
});

describe('a posting', () => {
  it('is stored once, whoever repeats it, also at the same time', async () => {
    const answers = await Promise.all([1, 2, 3, 4].map(() => post(earned('m-once', 1))));
    expect(answers.toSorted()).toEqual(['known', 'known', 'known', 'posted']);
    const book = { party: 'm-once', accounts: ['merchant'], currency: 'EUR' } as const;
    expect(await balanceAt(db, book, new Date(start + hour))).toBe(100);
  });

  it('is refused when its key moved something else', async () => {
    await post(earned('m-other', 1));
    await expect(post(earned('m-other', 1, 101))).rejects.toThrow('other entries');
  });

  it('is refused when it does not balance, and stored not at all when nothing moves', async () => {
    const [first, second] = earned('m-off', 1).entries;
    if (!first || !second) throw new Error('two entries');
    const off = { ...earned('m-off', 1), entries: [first, { ...second, amountMinor: 99 }] };
    await expect(post(off)).rejects.toThrow('is off by -1');
    expect(await post(earned('m-off', 2, 0))).toBe('nothing');
  });
});

describe('a statement', () => {
  const party = 'm-statement';
  const book = { party, accounts: ['merchant'], currency: 'EUR' } as const;
  beforeAll(async () => {
    for (let n = 0; n < 30; n++)
      await post(earned(party, n, n + 1), start + Math.floor(n / 3) * hour);
  });

  it.each([0, 1, 5, 9, 20])('knows the balance of any moment: after %i hours', async (hours) => {
    const moment = start + hours * hour;
    const known = Array.from({ length: 30 }, (_, n) => n)
      .filter((n) => start + Math.floor(n / 3) * hour < moment)
      .reduce((sum, n) => sum + n + 1, 0);
    expect(await balanceAt(db, book, new Date(moment))).toBe(known);
  });

  it('is complete over its pages, each line with the balance after it', async () => {
    const wish = {
      ...book,
      from: new Date(start + hour),
      to: new Date(start + 9 * hour),
      limit: 7,
    };
    const lines: StatementLine[] = [];
    const first = await readStatement(db, { ...wish, after: undefined });
    let page: Pick<typeof first, 'lines' | 'next'> = first;
    for (;;) {
      lines.push(...page.lines);
      if (!page.next) break;
      page = await readLines(db, { ...wish, after: page.next });
    }
    expect(lines).toHaveLength(24);
    expect(lines[0]?.balanceMinor).toBe(first.openingMinor + (lines[0]?.amountMinor ?? 0));
    expect(lines.at(-1)?.balanceMinor).toBe(first.closingMinor);
    for (const [index, line] of lines.entries()) {
      const before = lines[index - 1]?.balanceMinor ?? first.openingMinor;
      expect(line.balanceMinor - before).toBe(line.amountMinor);
    }
  });
});

describe('partitions', () => {
  const now = new Date(Date.UTC(2031, 11, 30));

  it('are made ahead, once, over the end of the year', async () => {
    expect(await ensurePartitions(db, now)).toEqual([
      'ledger_entries_2031_12',
      'ledger_entries_2032_01',
      'ledger_entries_2032_02',
      'driver_positions_2031_12_30',
      'driver_positions_2031_12_31',
      'driver_positions_2032_01_01',
      'driver_positions_2032_01_02',
      'dispatch_rounds_2031_12_30',
      'dispatch_rounds_2031_12_31',
      'dispatch_rounds_2032_01_01',
      'dispatch_rounds_2032_01_02',
    ]);
    expect(await ensurePartitions(db, now)).toEqual([]);
  });

  it('hold what belongs into them, under the same guards', async () => {
    await ensurePartitions(db, now);
    await post(earned('m-partition', 1), Date.UTC(2032, 0, 15));
    const { rows } = await sql<{ n: number }>`SELECT count(*)::int AS n FROM ledger_entries_2032_01
      WHERE party = 'm-partition'`.execute(db);
    expect(rows).toEqual([{ n: 1 }]);
    for (const statement of ['DELETE FROM', 'TRUNCATE'])
      expect(await refusal(sql.raw(`${statement} ledger_entries_2032_01`).execute(db))).toBe(
        'WB001',
      );
    const half = sql`INSERT INTO ledger_entries_2032_01 (transaction_key, account, party, amount_minor, currency, at)
      VALUES ('x', 'tax', 'p', 1, 'EUR', '2032-01-02')`;
    expect(await refusal(half.execute(db))).toBe('WB002');
  });

  it('are left out where rows of their time lie in the default one', async () => {
    await post(earned('m-late', 1), Date.UTC(2040, 0, 15));
    const made = await ensurePartitions(db, new Date(Date.UTC(2040, 0, 1)));
    expect(made).not.toContain('ledger_entries_2040_01');
    expect(made).toContain('ledger_entries_2040_02');
  });
});
