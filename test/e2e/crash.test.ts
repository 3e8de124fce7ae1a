// Every crash point × everything that can be recorded for an order, generated from the code: the process is killed
// there, comes back, and the order ends as it should, with events, read model and workflow agreeing. At the end the
// audit reads the whole stack. `npm test` plays a sample, `npm run proof` all of it.

import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { crashPoints } from '../../adapters/crash-point.ts';
import { breachesIn, describeVerdicts, runChecks } from '../../scripts/audit/checks.ts';
import { loadAll, openSources } from '../../scripts/audit/load.ts';
import {
  doings,
  scenarioOf,
  stepOf,
  type Doing,
  type Scenario,
} from '../support/crash-scenarios.ts';
import { openShop, type Shop } from '../support/shop.ts';
import { startStack, type Stack } from '../support/stack.ts';
import { expectAgreement } from '../support/truth.ts';

type Cell = {
  readonly name: string;
  readonly process: 'worker' | 'api';
  readonly crashAt: string;
  readonly doing: Doing;
  readonly scenario: Scenario | undefined;
};

/** After everybody has said their part: a deadline has to come yet. */
const reachedWithinMs = 45_000;
const proving = process.env['PROOF'] === '1';
/** Names of cells that an earlier run has passed, one a line (`npm run proof -- --resume`). */
const passedFile = process.env['PROOF_PASSED'];

type Point = (typeof crashPoints)[Cell['process']][number];

/** What the point is told when this is being done; undefined: this point does not meet it. */
function tagAt(point: Point, doing: Doing): string | undefined {
  const scenario = scenarioOf(doing);
  switch (point) {
    case 'record:before':
    case 'record:after-commit':
      return scenario?.tag ?? 'no scenario';
    case 'payment:before':
    case 'payment:after-effect':
      return stepOf(doing);
    case 'dispatch:before-commit':
    case 'dispatch:after-commit':
    case 'dispatch:after':
      return doing === 'assign' ? '' : undefined;
    case 'command:before':
    case 'command:after':
      return scenario?.fromApi ? doing : undefined;
  }
}

const cells: readonly Cell[] = (['worker', 'api'] as const).flatMap((name) =>
  crashPoints[name].flatMap((point) =>
    doings.flatMap((doing) => {
      const tag = tagAt(point, doing);
      if (tag === undefined) return [];
      const crashAt = tag === '' ? point : `${point}#${tag}`;
      return [
        { name: `${point} × ${doing}`, process: name, crashAt, doing, scenario: scenarioOf(doing) },
      ];
    }),
  ),
);

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
  'dispatch:before-commit × assign',
  'command:after × place',
  'command:before × pickUp',
]);

const passed: ReadonlySet<string> = new Set(
  passedFile !== undefined && existsSync(passedFile)
    ? readFileSync(passedFile, 'utf8').split('\n')
    : [],
);
const chosen = cells.filter(({ name }) => (proving ? !passed.has(name) : sample.has(name)));

let stack: Stack;
const shops = new Map<Doing, Promise<Shop>>();
beforeAll(async () => {
  stack = await startStack();
}, 120_000);
afterAll(() => stack.close());

function shopOf(doing: Doing, { policy, noDriver }: Scenario): Promise<Shop> {
  const known = shops.get(doing);
  if (known) return known;
  const opening = openShop(stack, {
    policy: { dispatchTickMs: 300, dispatchIdleMs: 2_000, ...policy },
  }).then(async (shop) => {
    if (noDriver !== true) await shop.goOnline();
    return shop;
  });
  shops.set(doing, opening);
  return opening;
}

/** The process dies at the named point, once, and comes back. */
async function crashing<T>({ process: name, crashAt }: Cell, work: () => Promise<T>): Promise<T> {
  await stack.kill(name);
  await stack.start(name, { CRASH_AT: crashAt });
  if (name === 'api') await stack.apiAnswers();
  const doing = work();
  const tooLate = doing.then(() => delay(reachedWithinMs, undefined, { ref: false }));
  await Promise.race([stack.ended(name), tooLate]);
  if (stack.runs(name)) throw new Error(`${crashAt} was never reached`);
  await stack.start(name);
  return doing;
}

describe('killed at', () => {
  test('the sample is of the matrix', () => {
    const names = cells.map(({ name }) => name);
    expect([...sample].filter((name) => !names.includes(name))).toEqual([]);
  });

  test.for(chosen.map((cell) => [cell.name, cell] as const))(
    '%s',
    { timeout: 150_000 },
    async ([name, cell]) => {
      const { scenario, doing } = cell;
      if (scenario === undefined)
        throw new Error(
          `no scenario leads to ${doing}: add one to test/support/crash-scenarios.ts`,
        );
      const shop = await shopOf(doing, scenario);
      const orderId = await crashing(cell, () => scenario.play({ stack, shop }));
      const { status, payment } = await expectAgreement(stack, orderId);
      expect(`${status} ${payment}`).toBe(scenario.end);
      if (passedFile !== undefined) appendFileSync(passedFile, `${name}\n`);
    },
  );

  test('and the audit is clean', { timeout: 60_000 }, async () => {
    const opened = await openSources({
      databaseUrl: stack.databaseUrl,
      temporalAddress: inject('temporalAddress'),
      temporalNamespace: stack.namespace,
      stripeApiBase: stack.stripe.url,
      stripeSecretKey: 'sk_test_waybill',
      clientLogs: [],
      logFolders: [],
      metricsUrls: [],
      historySample: 0,
    });
    try {
      const verdicts = runChecks(await loadAll(opened));
      if (breachesIn(verdicts) > 0) console.log(describeVerdicts(verdicts).join('\n'));
      expect(breachesIn(verdicts)).toBe(0);
    } finally {
      await opened.close();
    }
  });
});
