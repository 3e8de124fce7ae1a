// How fast the ledger takes postings, durable writes on: settlements of four entries and captures of two through the
// very function that `record` uses, beside a bare insert of two rows into a table without guards, over the same connections.

import { sql } from 'kysely';
import { connect, type Db } from '../db/connect.ts';
import { postOnce } from '../db/ledger.ts';
import { migrate } from '../db/migrate.ts';
import { ensurePartitions } from '../db/partitions.ts';
import type { Posting } from '../domain/ledger.ts';
import { startServices } from '../scripts/local/services.ts';
import { figure, table, type Say, type Section } from './report.ts';
import { median } from './statistics.ts';
import { runWindow } from './windows.ts';

type LedgerWish = {
  readonly say: Say;
  readonly seconds: number;
  readonly pairs: number;
  readonly lanes: number;
};

const leadMs = 1_000;
const connections = 16;

export async function measureLedger(wish: LedgerWish): Promise<Section> {
  const services = await startServices({ profile: 'bench', log: wish.say });
  try {
    await migrate(services.databaseUrl);
    const db = connect({ url: services.databaseUrl, poolSize: connections });
    try {
      await ensurePartitions(db, new Date());
      await sql`CREATE TABLE bare_entries (key text NOT NULL, account text NOT NULL, amount_minor bigint NOT NULL,
        at timestamptz NOT NULL, PRIMARY KEY (key, account))`.execute(db);
      return await alternate(db, wish);
    } finally {
      await db.destroy();
    }
  } finally {
    await services.stop();
  }
}

let made = 0;

function settlement(): Posting {
  const n = ++made;
  const party = (kind: string, of: number): string => `${kind}_${n % of}`;
  return {
    key: `ord_${n}:settle:1`,
    kind: 'settlement',
    entries: [
      { account: 'customer', party: party('cus', 5_000), amountMinor: 2_350 },
      { account: 'merchant', party: party('mer', 100), amountMinor: -1_520 },
      { account: 'driver', party: party('drv', 500), amountMinor: -550 },
      { account: 'platform', party: 'platform', amountMinor: -280 },
    ],
  };
}

function capture(): Posting {
  const n = ++made;
  return {
    key: `ord_${n}:capture:1`,
    kind: 'capture',
    entries: [
      { account: 'provider_clearing', party: 'stripe', amountMinor: 2_350 },
      { account: 'customer', party: `cus_${n % 5_000}`, amountMinor: -2_350 },
    ],
  };
}

const post = async (db: Db, posting: Posting): Promise<void> => {
  const orderId = posting.key.slice(0, posting.key.indexOf(':'));
  await postOnce(db, { posting, orderId, currency: 'EUR', at: new Date() });
};

const works = {
  settlement: (db: Db) => post(db, settlement()),
  capture: (db: Db) => post(db, capture()),
  bare: async (db: Db): Promise<void> => {
    const key = `bare_${++made}`;
    const at = new Date();
    await sql`INSERT INTO bare_entries VALUES (${key}, 'customer', 2350, ${at}), (${key}, 'merchant', -2350, ${at})`.execute(
      db,
    );
  },
};

type Work = keyof typeof works;
type Window = Readonly<Record<Work, number>>;
const names = ['settlement', 'capture', 'bare'] as const;

async function alternate(db: Db, { say, seconds, pairs, lanes }: LedgerWish): Promise<Section> {
  const measure = async (name: Work, openMs: number): Promise<number> => {
    const work = (): Promise<void> => works[name](db);
    const { perSecond } = await runWindow({
      lanes: Array.from({ length: lanes }),
      leadMs,
      openMs,
      work,
    });
    return perSecond;
  };
  say('ledger: warming both sides up');
  for (const name of names) await measure(name, 2_000);
  const windows: Window[] = [];
  for (let pair = 1; pair <= pairs; pair++) {
    const window = { settlement: 0, capture: 0, bare: 0 };
    for (const name of names) window[name] = await measure(name, seconds * 1_000);
    windows.push(window);
    const told = names.map((name) => `${figure(window[name], 0)} ${name}`).join(', ');
    say(`ledger: window ${pair} of ${pairs}, each second: ${told}`);
  }
  return sectionOf(windows);
}

function sectionOf(windows: readonly Window[]): Section {
  const rate = median(windows.map(({ settlement: each }) => each));
  const ratioOf = (name: Work): number => median(windows.map((each) => each[name] / each.bare));
  return {
    mode: 'ledger',
    lines: table([
      ['window', 'settlements /s', 'captures /s', 'bare inserts /s', 'ratio', 'of captures'],
      ...windows.map((each, i) => [
        String(i + 1),
        ...names.map((name) => figure(each[name], 0)),
        figure(each.settlement / each.bare, 3),
        figure(each.capture / each.bare, 3),
      ]),
    ]),
    figures: {
      perSecond: rate,
      ratio: ratioOf('settlement'),
      captureRatio: ratioOf('capture'),
      windows,
      connections,
    },
    gates: [
      {
        name: 'ledger postings of 4 entries',
        value: rate,
        unit: '/s',
        limit: 500,
        better: 'higher',
      },
      {
        name: 'posting of 4 entries ÷ bare two-row insert',
        value: ratioOf('settlement'),
        unit: '',
        limit: 0.5,
        better: 'higher',
      },
    ],
  };
}
