// Every crash point × everything that can happen to an order (test/support/crash-matrix.ts): the process is killed
// there, comes back, and the order ends as it should, with events, read model and workflow agreeing. One kill serves a
// batch of cells, each with an order of its own that is held at its point until all of them have come to theirs. At
// the end the audit reads the whole stack. `npm test` plays a sample, `npm run proof` all of it.

import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { auditOf } from '../support/audit.ts';
import { exitMs } from '../support/crash-leads.ts';
import { batchesOf, cells, placeOf, type Cell } from '../support/crash-matrix.ts';
import type { Doing } from '../support/crash-scenarios.ts';
import { figure } from '../support/figure.ts';
import { openShop, type Shop } from '../support/shop.ts';
import { startStack, type Stack } from '../support/stack.ts';
import { expectAgreement } from '../support/truth.ts';

/** After the process is armed and everybody speaks. */
const reachedWithinMs = 45_000;
const endedWithinMs = 120_000;
const proving = process.env['PROOF'] === '1';
/** Names of cells that an earlier run has passed, one a line (`npm run proof -- --resume`). */
const passedFile = process.env['PROOF_PASSED'];
const only = process.env['PROOF_ONLY'];

/** One of each kind of point, and of each kind of doing. */
const sample: ReadonlySet<string> = new Set([
  'record:before × place',
  'record:after-commit × accept',
  'record:after-commit × deliver',
  'record:after-commit × expire',
  'record:before × unassignLate',
  'record:after-commit × answer:authorize',
  'record:after-commit × retryCapture',
  'payment:before × answer:void',
  'payment:after-effect × answer:capture',
  'dispatch:before-commit × offer',
  'dispatch:after-lapse × lapse',
  'dispatch:before-assign × assignAgain',
  'command:after × place',
  'command:before × pickUp',
]);

const passed: ReadonlySet<string> = new Set(
  passedFile !== undefined && existsSync(passedFile)
    ? readFileSync(passedFile, 'utf8').split('\n')
    : [],
);
const chosen = cells.filter(({ name }) =>
  proving ? !passed.has(name) && name.includes(only ?? '') : sample.has(name),
);
const batches = batchesOf(chosen);

const folder = mkdtempSync(join(tmpdir(), 'waybill-'));
const logFile = join(folder, 'log');
const shops = new Map<Doing, Promise<Shop>>();
let stack: Stack;
beforeAll(async () => {
  stack = await startStack({ logFile });
}, 120_000);
afterAll(async () => {
  await stack.close();
  rmSync(folder, { recursive: true });
});

function shopOf({ doing, scenario: { policy, kind, noDriver } }: Cell): Promise<Shop> {
  const opening = async (): Promise<Shop> => {
    const patient = { dispatchTickMs: 300, dispatchIdleMs: 2_000, overdueGraceMs: 600_000 };
    const shop = await openShop(stack, {
      policy: { ...patient, ...policy },
      ...(kind === undefined ? {} : { kind }),
    });
    if (noDriver !== true) await shop.goOnline();
    return shop;
  };
  const known = shops.get(doing) ?? opening();
  shops.set(doing, known);
  return known;
}

/** A cell in play. `failure`: what went wrong first. */
type Run = {
  readonly cell: Cell;
  readonly shop: Shop;
  orderId: string;
  leadEndedAt: number;
  failure: unknown;
};

/** Takes the failure down, and the others go on. */
const each = (runs: readonly Run[], work: (run: Run) => Promise<unknown>): Promise<unknown> =>
  Promise.all(
    runs
      .filter(({ failure }) => failure === undefined)
      .map((run) => work(run).catch((error: unknown) => (run.failure ??= error))),
  );

/** Until what comes by itself has come: the process that would do it is away. */
async function waitForDeadlines(runs: readonly Run[]): Promise<void> {
  const waiting = runs.filter(({ cell: { scenario } }) => !scenario.act && !scenario.place);
  const last = Math.max(0, ...waiting.map(({ leadEndedAt }) => leadEndedAt + exitMs));
  await delay(Math.max(0, last - Date.now()));
}

/** The process dies once, at all of their points, and comes back; everybody is answered. */
async function killAt(runs: readonly Run[]): Promise<void> {
  const [first] = runs;
  if (!first) return;
  const { process: name } = first.cell;
  const alive = runs.filter(({ failure }) => failure === undefined);
  const placeFor = ({ cell, orderId, shop }: Run): string =>
    placeOf(cell, { order: orderId, merchant: shop.ids.merchant });
  const seenBefore = existsSync(logFile) ? readFileSync(logFile, 'utf8').length : 0;
  await stack.stop(name);
  await waitForDeadlines(alive);
  await stack.start(name, { CRASH_AT: alive.map(placeFor).join(',') });
  if (name === 'api') await stack.apiAnswers();
  const acting = each(alive, async (run) => {
    const { act, place } = run.cell.scenario;
    const on = { stack, shop: run.shop };
    if (place) run.orderId = await place(on);
    await act?.(on, run.orderId);
  });
  await Promise.race([stack.ended(name), delay(reachedWithinMs)]);
  if (stack.runs(name)) {
    const log = readFileSync(logFile, 'utf8').slice(seenBefore);
    for (const run of alive)
      if (!log.includes(`reached ${placeFor(run)}\n`))
        run.failure ??= new Error(`${placeFor(run)} was never reached`);
    await stack.kill(name);
  }
  await stack.start(name);
  if (name === 'api') await stack.apiAnswers();
  await acting;
}

/** Says what is left to say, and waits. */
async function endOf({ cell: { scenario }, shop, orderId }: Run): Promise<string> {
  for (const step of scenario.finish ?? []) await step({ stack, shop }, orderId);
  const { status, payment } = await expectAgreement(stack, orderId);
  return `${status} ${payment}`;
}

async function play(batch: readonly Cell[]): Promise<readonly Run[]> {
  const startedAt = Date.now();
  const runs: readonly Run[] = await Promise.all(
    batch.map(async (cell) => ({
      cell,
      shop: await shopOf(cell),
      orderId: '',
      leadEndedAt: 0,
      failure: undefined,
    })),
  );
  await each(runs, async (run) => {
    const { lead } = run.cell.scenario;
    if (lead) run.orderId = await lead({ stack, shop: run.shop });
    run.leadEndedAt = Date.now();
  });
  await killAt(runs);
  const tooLate = delay(endedWithinMs, 'not over in time', { ref: false });
  await each(runs, async (run) => {
    const { name, scenario } = run.cell;
    expect(await Promise.race([endOf(run), tooLate])).toBe(scenario.end);
    if (passedFile !== undefined) appendFileSync(passedFile, `${name}\n`);
  });
  const seconds = Math.round((Date.now() - startedAt) / 1_000);
  const ended = runs.filter(({ failure }) => failure === undefined).length;
  figure(`one kill, ${ended} of ${runs.length} cells ended well, ${seconds} s`);
  return runs;
}

test('the sample is of the matrix', () => {
  const names = new Set(cells.map(({ name }) => name));
  expect([...sample].filter((name) => !names.has(name))).toEqual([]);
});

describe.each(batches.map((batch, i) => [i + 1, batch] as const))(
  `batch %i of ${batches.length}, ${only ?? 'all'} › killed at`,
  (_, batch) => {
    let runs: readonly Run[] = [];
    test('one kill at all of their points', { timeout: 300_000 }, async () => {
      runs = await play(batch);
      expect(runs).toHaveLength(batch.length);
    });

    test.for(batch.map(({ name }) => name))('%s', (name) => {
      const run = runs.find(({ cell }) => cell.name === name);
      if (run?.failure !== undefined) throw run.failure;
      expect(run?.orderId).toMatch(/^ord_/);
    });
  },
);

test('and the audit is clean', { timeout: 60_000 }, async () => {
  expect((await auditOf(stack)).breaches).toBe(0);
});
