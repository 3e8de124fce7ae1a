// `npm start`: the whole of Waybill on this machine. Brings it up, plays a day in a city of robots,
// reports and audits it, and keeps serving until Ctrl-C. With `--once` it ends after the report, and
// exits 0 only when every order has ended and the audit has found nothing.

import { join } from 'node:path';
import { troubledPolicy } from '../sandbox/city/fates.ts';
import { planInCurrency } from '../sandbox/city/currency.ts';
import { generateDay } from '../sandbox/city/generate.ts';
import { busiestHours, readInstance } from '../sandbox/city/instance.ts';
import { playDay, type Day } from '../sandbox/city/day.ts';
import { formatMinute, type CityPlan } from '../sandbox/city/plan.ts';
import type { World } from '../sandbox/city/world.ts';
import type { Reconciled } from '../activities/contract.ts';
import { breachesIn, describeVerdicts, runChecks } from './audit/checks.ts';
import type { AuditData, AuditedOrder } from './audit/data.ts';
import { loadAll, openSources, type Opened } from './audit/load.ts';
import type { Engine } from './audit/load-workflows.ts';
import { buildHouse, type House } from './start/bring-up.ts';
import { costOf, readActions } from './start/cost.ts';
import { describeEnds, endsOf, neverOccurred } from './start/ends.ts';
import { describeMoney, describePayDay, moneyOf, providerFeeMinor } from './start/money.ts';
import { readOptions, usage, type StartOptions } from './start/options.ts';
import {
  describeMissed,
  isPunished,
  loseTheEngine,
  missedIn,
  type Outage,
} from './start/outage.ts';
import {
  describeLies,
  isSound,
  judgeLies,
  liesOf,
  makeHonest,
  moneyRests,
  reportedIn,
} from './start/lies.ts';
import { createProgress, type Progress } from './start/progress.ts';
import { describeCost, describeDay, describePolicy, type Cost } from './start/report.ts';
import { auditSourcesOf, clientLogFolder } from './start/stack.ts';

async function main(options: StartOptions): Promise<boolean> {
  const plan = await planDay(options);
  const progress = createProgress({ live: process.stdout.isTTY && !options.once });
  const house = await buildHouse({ say: progress.say, ...options });
  const stopped = new AbortController();
  const stopping = stopOnSignal(stopped);
  try {
    if (options.outageS !== undefined && house.services.pid('temporal') === undefined)
      throw new Error('--outage-s ends Temporal, which this run has not started');
    for (const line of describeHouse(house)) progress.say(line);
    const before = await readActions(house.services.temporalMetricsUrl);
    const { signal } = stopped;
    const played = await play({ options, plan, house, progress, signal }).catch(
      (error: unknown) => {
        if (!signal.aborted) throw error;
      },
    );
    if (played === undefined || signal.aborted) return await stopping;
    const { withFates } = options;
    // Those of days before are known still.
    const withLies = (await liesOf(liarsOf(house))).length > 0;
    const reporting = { ...played, withFates, withLies, house, before };
    const passed = await report({ ...reporting, say: progress.say });
    if (options.once) return passed;
    progress.say('\nServing until Ctrl-C. `npm run audit` checks everything again.');
    return await stopping;
  } finally {
    progress.stop();
    await house.stop();
  }
}

async function planDay(options: StartOptions): Promise<CityPlan> {
  const { instance, seed, moods, from, to, currency } = options;
  const inDollars =
    instance === undefined
      ? generateDay(options)
      : await readInstance({ folder: instance, seed, moods, from, to });
  const plan = currency === undefined ? inDollars : planInCurrency(inDollars, currency);
  const isTroubled = (options.killWorkerEveryS ?? options.outageS) !== undefined;
  return isTroubled ? { ...plan, policy: { ...plan.policy, ...troubledPolicy } } : plan;
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

type Played = { readonly day: Day; readonly outage: Outage | undefined };

async function play(playing: Playing): Promise<Played> {
  const { options, plan, house, progress, signal } = playing;
  const { speed, killWorkerEveryS, outageS } = options;
  for (const line of describePlan(plan, speed)) progress.say(line);
  const killer =
    killWorkerEveryS === undefined
      ? undefined
      : setInterval(() => house.worker.kill('SIGKILL'), killWorkerEveryS * 1_000);
  let outage: Promise<Outage | undefined> | undefined;
  try {
    const day = await playDay({
      plan,
      speed,
      signal,
      apiUrl: house.stack.apiUrl,
      adminKey: house.secrets.adminKey,
      bankUrl: house.stack.stripeApiBase,
      payersUrl: house.payersUrl,
      awayMs: (outageS ?? 0) * 1_000,
      clientLogFile: join(
        clientLogFolder,
        `${new Date().toISOString().replaceAll(':', '-')}.jsonl`,
      ),
      onOpen({ world }) {
        progress.watch(world);
        if (outageS !== undefined) outage = outageAtNoon(playing, { world, seconds: outageS });
      },
    });
    return { day, outage: await outage };
  } finally {
    clearInterval(killer);
    progress.stop();
  }
}

/** When half of the orders have been placed. */
async function outageAtNoon(
  { plan, house, progress, signal }: Playing,
  { world, seconds }: { readonly world: World; readonly seconds: number },
): Promise<Outage | undefined> {
  const { clock } = world;
  const noon = plan.orders[Math.floor(plan.orders.length / 2)]?.placedAt ?? plan.startsAt;
  return (await clock.waitUntil(noon, signal))
    ? loseTheEngine({ house, clock, seconds, say: progress.say, signal })
    : undefined;
}

function describePlan(plan: CityPlan, speed: number): readonly string[] {
  const { from, to, count } = busiestHours(plan.orders);
  const last = plan.orders.at(-1)?.placedAt ?? plan.startsAt;
  return [
    `${plan.name}: ${plan.orders.length} orders from ${formatMinute(plan.startsAt)} to ${formatMinute(last)}, ${plan.branches.length} branches, ` +
      `${plan.drivers.length} drivers; the three busiest hours are ${formatMinute(from)}–${formatMinute(to)} (${count} orders)`,
    `${speed} minutes of the city pass in one of yours · ${describePolicy(plan.policy)}`,
    '',
  ];
}

type Reporting = Played & {
  readonly withFates: boolean;
  readonly withLies: boolean;
  readonly house: House;
  readonly before: number | undefined;
  readonly say: (line: string) => void;
};

const costSample = 100;

const idsOf = (orders: readonly AuditedOrder[]): readonly string[] => orders.map(({ id }) => id);

/** True when every order has ended, as planned where it matters, and the audit has found nothing. */
async function report(reporting: Reporting): Promise<boolean> {
  const { day, house, before, outage, say } = reporting;
  const after = await readActions(house.services.temporalMetricsUrl);
  const opened = await openSources(auditSourcesOf(house.stack));
  try {
    const isEqual = await compareBooks(reporting, opened);
    const data = await loadAll(opened);
    const ofDay = data.orders.filter((order) => order.facts.marketId === day.market.id);
    // An engine that was away counts from nothing.
    const metered = outage === undefined ? { before, after } : { before: undefined, after };
    const cost = await costsOf(opened.engine, { ofDay, ...metered });
    const fee = await providerFeeMinor(house.stack.stripeApiBase, new Set(idsOf(ofDay)));
    const lines = [
      '\nThe day',
      ...describeDay(day),
      ...[
        ...describeMoney(moneyOf(data, day.market.id), fee),
        ...(day.payDay ? describePayDay(day.payDay, day.market.currency) : []),
      ].map((line, index) => (index === 0 ? 'money' : '').padEnd(15) + line),
      ...describeCost(cost),
      `processes      worker started again ${house.worker.restarts()} times, API ${house.api.restarts()} times`,
    ];
    for (const line of lines) say(line);
    const judged = [
      endsAsPlanned(reporting, ofDay),
      nobodyPunished(reporting, ofDay),
      await isRight(reporting, opened, { data, isEqual }),
    ];
    const allPaid = (day.payDay?.others ?? []).length === 0;
    return judged.every(Boolean) && day.figures.unfinished === 0 && day.openAtEnd === 0 && allPaid;
  } finally {
    await opened.close();
  }
}

type Compared = { readonly data: AuditData; readonly isEqual: boolean };

/** Nothing is wrong; where providers have lied, nothing that is not theirs, and somebody knows of it. */
async function isRight(
  { house, withLies, say }: Reporting,
  { db }: Opened,
  { data, isEqual }: Compared,
): Promise<boolean> {
  const verdicts = runChecks(data);
  const breaches = breachesIn(verdicts);
  say('\nThe audit');
  for (const line of describeVerdicts(verdicts)) say(line);
  say(breaches === 0 ? 'No breach.' : `${breaches} breaches.`);
  if (!withLies) return isEqual && breaches === 0;
  const lies = await liesOf(liarsOf(house));
  const judgement = judgeLies({ lies, reported: await reportedIn(db), verdicts });
  say('\nThe lies');
  for (const line of describeLies(judgement)) say(line);
  return isSound(judgement);
}

const liarsOf = ({ stack: { stripeApiBase }, payersUrl }: House) => ({ stripeApiBase, payersUrl });

/** Who has lied is compared with again once everything that was late is there. */
async function compareBooks(reporting: Reporting, { db, engine }: Opened): Promise<boolean> {
  const { house, withLies, say } = reporting;
  const isEqual = await booksAgree(reporting, engine);
  if (!withLies) return isEqual;
  await makeHonest(liarsOf(house));
  const rested = await moneyRests(db);
  await booksAgree(reporting, engine);
  if (!rested || !(await moneyRests(db))) say('Money is still on its way.');
  return isEqual;
}

/** The comparison that runs every night, now. */
async function booksAgree({ day, say }: Reporting, { client }: Engine): Promise<boolean> {
  const { compared, differences, healed, vanished } = await client.workflow.execute<
    () => Promise<Reconciled>
  >('reconciliation', {
    workflowId: `reconcile:${day.market.id}:${Date.now()}`,
    taskQueue: 'orders',
  });
  say(
    `\nThe providers’ books: ${compared} payments compared, ${differences} differences, ${healed} put right, ${vanished} gone since.`,
  );
  return differences === 0;
}

/** With fates or an outage no order may end in another way than was planned for it, with fates in every way. */
function endsAsPlanned(
  { day, withFates, outage, say }: Reporting,
  ofDay: readonly AuditedOrder[],
): boolean {
  const ends = endsOf(ofDay, day.lives);
  say('\nHow the orders ended');
  for (const line of describeEnds(ends)) say(line);
  if (!withFates && outage === undefined) return true;
  const missing = withFates ? neverOccurred(ends) : [];
  if (withFates)
    say(
      missing.length === 0
        ? `Every end of the lifecycle occurred (${ends.counts.size}).`
        : `Never occurred: ${missing.join(', ')}`,
    );
  return missing.length === 0 && ends.others.length === 0;
}

function nobodyPunished({ outage, say }: Reporting, ofDay: readonly AuditedOrder[]): boolean {
  if (outage === undefined) return true;
  const missed = missedIn(outage, ofDay);
  say('\nThe outage');
  for (const line of describeMissed(outage, missed)) say(line);
  return !missed.some(isPunished);
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
