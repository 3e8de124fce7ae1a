// How fast the ledger takes postings, durable writes on: settlements of four entries through the very function that
// `record` uses, beside a bare insert of two rows into a table without guards, over the same connections.

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

const works = {
  ours: async (db: Db): Promise<void> => {
    const orderId = `ord_${made}`;
    await postOnce(db, { posting: settlement(), orderId, currency: 'EUR', at: new Date() });
  },
  bare: async (db: Db): Promise<void> => {
    const key = `bare_${++made}`;
    const at = new Date();
    await sql`INSERT INTO bare_entries VALUES (${key}, 'customer', 2350, ${at}), (${key}, 'merchant', -2350, ${at})`.execute(
      db,
    );
  },
};

async function alternate(db: Db, { say, seconds, pairs, lanes }: LedgerWish): Promise<Section> {
  const measure = async (name: keyof typeof works, openMs: number): Promise<number> => {
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
  for (const name of ['ours', 'bare'] as const) await measure(name, 2_000);
  const windows: { readonly ours: number; readonly bare: number }[] = [];
  for (let pair = 1; pair <= pairs; pair++) {
    const ours = await measure('ours', seconds * 1_000);
    const bare = await measure('bare', seconds * 1_000);
    windows.push({ ours, bare });
    say(`ledger: window ${pair} of ${pairs}: ${figure(ours, 0)}/s, bare ${figure(bare, 0)}/s`);
  }
  return sectionOf(windows);
}

function sectionOf(windows: readonly { readonly ours: number; readonly bare: number }[]): Section {
  const rate = median(windows.map(({ ours }) => ours));
  const ratio = median(windows.map(({ ours, bare }) => ours / bare));
  return {
    mode: 'ledger',
    lines: table([
      ['window', 'postings /s', 'bare inserts /s', 'ratio'],
      ...windows.map(({ ours, bare }, i) => [
        String(i + 1),
        figure(ours, 0),
        figure(bare, 0),
        figure(ours / bare, 3),
      ]),
    ]),
    figures: { perSecond: rate, ratio, windows, connections },
    gates: [
      { name: 'ledger postings', value: rate, unit: '/s', limit: 500, better: 'higher' },
      {
        name: 'ledger ÷ bare two-row insert',
        value: ratio,
        unit: '',
        limit: 0.5,
        better: 'higher',
      },
    ],
  };
}
