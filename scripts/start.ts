// `npm start`: the whole of Waybill on this machine. Brings it up, plays a day in a city of robots,
// reports and audits it, and keeps serving until Ctrl-C. With `--once` it ends after the report, and
// exits 0 only when every order has ended and the audit has found nothing.

import { join } from 'node:path';
import { generateDay } from '../sandbox/city/generate.ts';
import { busiestHours, readInstance } from '../sandbox/city/instance.ts';
import { playDay, type Day } from '../sandbox/city/day.ts';
import { formatMinute, type CityPlan } from '../sandbox/city/plan.ts';
import { breachesIn, describeVerdicts, runChecks } from './audit/checks.ts';
import type { AuditedOrder } from './audit/data.ts';
import { loadAll, openSources } from './audit/load.ts';
import type { Engine } from './audit/load-workflows.ts';
import { buildHouse, type House } from './start/bring-up.ts';
import { costOf, readActions } from './start/cost.ts';
import { describeMoney, moneyOf, providerFeeMinor } from './start/money.ts';
import { readOptions, usage, type StartOptions } from './start/options.ts';
import { createProgress, type Progress } from './start/progress.ts';
import { describeCost, describeDay, describePolicy, type Cost } from './start/report.ts';
import { auditSourcesOf, clientLogFolder } from './start/stack.ts';

async function main(options: StartOptions): Promise<boolean> {
  const plan = await planDay(options);
  const progress = createProgress({ live: process.stdout.isTTY && !options.once });
  const house = await buildHouse({ say: progress.say, stripeLatencyMs: options.stripeLatencyMs });
  const stopped = new AbortController();
  const stopping = stopOnSignal(stopped);
  try {
    for (const line of describeHouse(house)) progress.say(line);
    const before = await readActions(house.services.temporalMetricsUrl);
    const { signal } = stopped;
    const day = await play({ options, plan, house, progress, signal }).catch((error: unknown) => {
      if (!signal.aborted) throw error;
    });
    if (day === undefined || signal.aborted) return await stopping;
    const passed = await report({ day, house, before, say: progress.say });
    if (options.once) return passed;
    progress.say('\nServing until Ctrl-C. `npm run audit` checks everything again.');
    return await stopping;
  } finally {
    progress.stop();
    await house.stop();
  }
}

async function planDay(options: StartOptions): Promise<CityPlan> {
  const { instance, seed, moods, from, to, orders, drivers } = options;
  return instance === undefined
    ? generateDay({ seed, orders, drivers, moods })
    : readInstance({ folder: instance, seed, moods, from, to });
}

/** Resolves to false when a signal has come. */
function stopOnSignal(stopped: AbortController): Promise<false> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.once(signal, () => {
        console.log('\nStopping …');
        stopped.abort();
        resolve(false);
        // A second one does not wait.
        process.once(signal, () => process.exit(1));
      });
    }
  });
}

function describeHouse({ services, stack, secrets }: House): readonly string[] {
  return [
    ...services.describe(),
    '',
    `API         ${stack.apiUrl}/docs   status ${stack.apiUrl}/status`,
    ...(services.temporalUiUrl === undefined ? [] : [`Workflows   ${services.temporalUiUrl}`]),
    `Admin key   ${secrets.adminKey}`,
    `            curl -H 'Authorization: Bearer ${secrets.adminKey}' '${stack.apiUrl}/v1/orders?limit=5'`,
    '',
  ];
}

type Playing = {
  readonly options: StartOptions;
  readonly plan: CityPlan;
  readonly house: House;
  readonly progress: Progress;
  readonly signal: AbortSignal;
};

async function play({ options, plan, house, progress, signal }: Playing): Promise<Day> {
  const { speed, killWorkerEveryS } = options;
  for (const line of describePlan(plan, speed)) progress.say(line);
  const killer =
    killWorkerEveryS === undefined
      ? undefined
      : setInterval(() => house.worker.kill('SIGKILL'), killWorkerEveryS * 1_000);
  try {
    return await playDay({
      plan,
      speed,
      signal,
      apiUrl: house.stack.apiUrl,
      adminKey: house.secrets.adminKey,
      bankUrl: house.stack.stripeApiBase,
      clientLogFile: join(
        clientLogFolder,
        `${new Date().toISOString().replaceAll(':', '-')}.jsonl`,
      ),
      onOpen: ({ world }) => progress.watch(world),
    });
  } finally {
    clearInterval(killer);
    progress.stop();
  }
}

function describePlan(plan: CityPlan, speed: number): readonly string[] {
  const { from, to, count } = busiestHours(plan.orders);
  const last = plan.orders.at(-1)?.placedAt ?? plan.startsAt;
  return [
    `${plan.name}: ${plan.orders.length} orders from ${formatMinute(plan.startsAt)} to ${formatMinute(last)}, ${plan.branches.length} branches, ` +
      `${plan.drivers.length} drivers; the three busiest hours are ${formatMinute(from)}–${formatMinute(to)} (${count} orders)`,
    `${speed} minutes of the city pass in one of yours · ${describePolicy()}`,
    '',
  ];
}

type Reporting = {
  readonly day: Day;
  readonly house: House;
  readonly before: number | undefined;
  readonly say: (line: string) => void;
};

const costSample = 100;

const idsOf = (orders: readonly AuditedOrder[]): readonly string[] => orders.map(({ id }) => id);

/** True when every order has ended and the audit has found nothing. */
async function report({ day, house, before, say }: Reporting): Promise<boolean> {
  const after = await readActions(house.services.temporalMetricsUrl);
  const opened = await openSources(auditSourcesOf(house.stack));
  try {
    const data = await loadAll(opened);
    const ofDay = data.orders.filter((order) => order.facts.marketId === day.market.id);
    const cost = await costsOf(opened.engine, { ofDay, before, after });
    const fee = await providerFeeMinor(house.stack.stripeApiBase, new Set(idsOf(ofDay)));
    const verdicts = runChecks(data);
    const breaches = breachesIn(verdicts);
    const lines = [
      '\nThe day',
      ...describeDay(day),
      ...describeMoney(moneyOf(data, day.market.id), fee).map(
        (line, index) => (index === 0 ? 'money' : '').padEnd(15) + line,
      ),
      ...describeCost(cost),
      `processes      worker started again ${house.worker.restarts()} times, API ${house.api.restarts()} times`,
      '\nThe audit',
      ...describeVerdicts(verdicts),
      breaches === 0 ? 'No breach.' : `${breaches} breaches.`,
    ];
    for (const line of lines) say(line);
    return breaches === 0 && day.figures.unfinished === 0 && day.openAtEnd === 0;
  } finally {
    await opened.close();
  }
}

type Metered = {
  readonly ofDay: readonly AuditedOrder[];
  readonly before: number | undefined;
  readonly after: number | undefined;
};

async function costsOf(engine: Engine, { ofDay, before, after }: Metered): Promise<Cost> {
  const delivered = ofDay.filter((order) => order.deliveryStatus === 'delivered');
  const all = await costOf(engine, idsOf(ofDay).slice(-2 * costSample));
  return {
    orders: ofDay.length,
    delivered: await costOf(engine, idsOf(delivered).slice(-costSample)),
    meteredActions: before === undefined || after === undefined ? undefined : after - before,
    orderActions: all.actions * ofDay.length,
  };
}

async function run(): Promise<void> {
  const options = readOptions(process.argv.slice(2));
  if (options === undefined) return console.log(usage);
  if (!(await main(options)) && options.once) process.exitCode = 1;
}

await run().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 2;
});
