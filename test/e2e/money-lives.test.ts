// Random lives of orders on the real stack, in five currencies and paid in every way, while the providers misbehave:
// each comes to its end, the comparison with the providers' books finds nothing that it does not put right, and the audit
// finds no breach. A life is named by its seed and number: `npm run proof -- --part money-lives --seed S --life N`.

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Reconciled } from '../../activities/contract.ts';
import { openClientLog } from '../../sandbox/city/client-log.ts';
import { createRandom } from '../../sandbox/city/random.ts';
import { stateRoot } from '../../scripts/local/state.ts';
import { auditOf } from '../support/audit.ts';
import { currencies } from '../support/currencies.ts';
import { figure } from '../support/figure.ts';
import { faultsMet, startWeather } from '../support/life-faults.ts';
import { isPhone, openTown, placeOf, type Town } from '../support/life-town.ts';
import { live, type Lived } from '../support/life.ts';
import { copyCode, skipsVoids } from '../support/other-code.ts';
import { startStack, type Stack } from '../support/stack.ts';

const isProof = process.env['PROOF'] === '1';
const wanted = Number(process.env['MONEY_LIVES'] ?? 300);
const seed = Number(process.env['MONEY_SEED'] ?? 20_261_127);
const only = process.env['MONEY_LIFE'];
const firstOf = (count: number): readonly number[] => Array.from({ length: count }, (_, n) => n);
const numbers = only === undefined ? firstOf(wanted) : [Number(only)];
const atOnce = 30;

let folder: string;
let stack: Stack;
let town: Town;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'waybill-'));
  stack = await startStack({ withProviders: true, logFile: join(folder, 'stack.log') });
  town = await openTown(stack, createRandom(seed)).catch(async (error: unknown) => {
    await stack.close();
    throw error;
  });
}, 120_000);
afterAll(async () => {
  await town.close();
  await stack.close();
  await rm(folder, { recursive: true });
});

const waitsLongest = (n: number): boolean => isPhone(placeOf(town, n).way);

/** Some at a time. */
async function liveAll(all: readonly number[], clientLog: string): Promise<readonly Lived[]> {
  const log = openClientLog(clientLog);
  const weather = startWeather(stack, createRandom(seed).fork('weather'));
  const lived: Lived[] = [];
  const left = [...all.filter(waitsLongest), ...all.filter((n) => !waitsLongest(n))];
  const liveNext = async (): Promise<void> => {
    for (let n = left.shift(); n !== undefined; n = left.shift())
      lived.push(await live(town, { seed, n, log }));
  };
  await Promise.all(Array.from({ length: atOnce }, liveNext));
  await weather.stop();
  await log.close();
  figure(`webhooks ${inWords(weather.seen())}`);
  return lived;
}

const inWords = (counts: ReadonlyMap<string, number>): string =>
  [...counts].map(([name, n]) => `${name} ${n}`).join(', ');

function tally(names: readonly string[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return new Map([...counts].toSorted(([, a], [, b]) => b - a));
}

const shownLives = 5;
const diaryFile = join(stateRoot, 'proof', 'money-lives.txt');

const storyOf = ({ n, currency, way, orderId, trouble, diary }: Lived): string =>
  [
    `\nlife ${n} of seed ${seed}: ${currency} by ${way}, ${orderId}: ${trouble ?? 'came to its end'}`,
    ...diary,
  ].join('\n');

function show(lives: readonly Lived[]): void {
  for (const life of lives.slice(0, shownLives))
    console.log(
      `${storyOf(life)}\nagain: npm run proof -- --part money-lives --seed ${seed} --life ${life.n}`,
    );
}

const compareBooks = (name: string): Promise<Reconciled> =>
  stack.client.workflow.execute<() => Promise<Reconciled>>('reconciliation', {
    workflowId: `reconcile:${name}`,
    taskQueue: 'orders',
  });

async function eventKinds(): Promise<readonly string[]> {
  const rows = await stack.db.selectFrom('order_events').select('type').distinct().execute();
  return rows.map(({ type }) => type);
}

async function tellFigures(lived: readonly Lived[], seconds: number): Promise<void> {
  for (const currency of currencies) {
    const own = lived.filter((life) => life.currency === currency);
    figure(`${currency}: ${own.length} lives; ${inWords(tally(own.map(({ way }) => way)))}`);
  }
  const { rows } = await endsAndRefunds();
  figure(`ends ${inWords(tally(rows))}`);
  const faults = faultsMet(stack);
  const met = [...faults.values()].reduce((sum, n) => sum + n, 0);
  figure(`${met} faults met: ${inWords(faults)}`);
  figure(`${(await eventKinds()).length} kinds of events; ${Math.round(seconds)} s; seed ${seed}`);
}

async function endsAndRefunds(): Promise<{ readonly rows: readonly string[] }> {
  const { db } = stack;
  const [orders, refunds, tips] = await Promise.all([
    db.selectFrom('orders').select(['end_reason', 'order_status']).execute(),
    db.selectFrom('refunds').select('status').execute(),
    db.selectFrom('tips').select('status').execute(),
  ]);
  return {
    rows: [
      ...orders.map(({ end_reason: reason, order_status: status }) => reason ?? status),
      ...refunds.map(({ status }) => `refund ${status}`),
      ...tips.map(({ status }) => `tip ${status}`),
    ],
  };
}

test.runIf(isProof)(
  `${numbers.length} random lives lose no money, seed ${seed}`,
  async () => {
    const startedAt = Date.now();
    const clientLog = join(folder, 'clients.jsonl');
    const lived = await liveAll(numbers, clientLog);
    await writeFile(diaryFile, lived.map(storyOf).join('\n'));
    show(lived.filter(({ trouble }) => trouble !== undefined));
    const books = await compareBooks('lives');
    figure(
      `${books.compared} payments compared with the providers’ books: ${books.differences} differences, ${books.healed} put right`,
    );
    const { verdicts, breaches } = await auditOf(stack, [clientLog]);
    const breached = new Set(
      verdicts.flatMap(({ finding }) => finding.breaches.map(({ order }) => order)),
    );
    show(lived.filter(({ orderId = '' }) => breached.has(orderId)));
    figure(`${verdicts.length} checks of the audit: ${breaches} breaches`);
    await tellFigures(lived, (Date.now() - startedAt) / 1_000);
    expect(lived.flatMap(({ n, trouble }) => (trouble ? [`${n}: ${trouble}`] : []))).toEqual([]);
    expect(breaches).toBe(0);
    expect(books.differences - books.healed).toBe(0);
    const failed = [...town.client.retries().keys()].filter((why) => why.includes('HTTP 500'));
    expect(failed).toEqual([]);
  },
  3_600_000,
);

// Ten of them hold money on a card.
const livesOfBug = 15;

test.runIf(isProof && only === undefined)(
  'a worker that skips voids is noticed by the same lives',
  async () => {
    await copyCode(join(folder, 'bug'), skipsVoids);
    await stack.stop('worker');
    const env = { WAYBILL_BUILD_ID: 'skips-voids', WAYBILL_PROMOTE: 'always' };
    await stack.start('worker', env, join(folder, 'bug'));
    await liveAll(firstOf(livesOfBug), join(folder, 'clients-of-bug.jsonl'));
    await compareBooks('bug');
    const { verdicts } = await auditOf(stack);
    const noHoldLeft = verdicts.find(({ check }) => check.id === 'no-hold-left');
    expect(noHoldLeft?.finding.breaches).not.toEqual([]);
  },
  600_000,
);
