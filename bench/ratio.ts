// R1: how much of a bare workflow's speed is left once it carries an order. Both are driven in turn on the same
// server by the same lanes; the ratio of a pair is ours ÷ bare, the result is the median of the pairs.

import { availableParallelism } from 'node:os';
import { createBareLife, startBareWorker } from './bare-lives.ts';
import { commonShape, differences, shapeOf, sizeOf, type Shape } from './histories.ts';
import { hearHints } from './hints.ts';
import { createOurLife, type LiveOnce } from './lives.ts';
import { cpuBetween, cpuOf, machineCpuSeconds, type CpuSeconds, type Pids } from './processes.ts';
import { figure, table, type Section, type Say } from './report.ts';
import { sharedPids, startWorker, withStack, type Stack } from './stack.ts';
import { median } from './statistics.ts';
import { settle, type Lane } from './town.ts';
import { runWindow, type Window } from './windows.ts';

export type RatioWish = {
  readonly say: Say;
  readonly seconds: number;
  readonly pairs: number;
  readonly lanes: number;
  /** Folder for V8 CPU profiles of both workers. */
  readonly profileFolder: string | undefined;
};

type Side = {
  readonly name: 'ours' | 'bare';
  readonly live: LiveOnce;
  readonly pids: Pids;
  /** The other side's worker, which waits meanwhile. */
  readonly idlePid: number;
  readonly lived: string[];
};
type Measured = Window & {
  readonly name: Side['name'];
  readonly cpuMs: Readonly<Record<string, number>>;
  /** Part of the machine that strangers used meanwhile, 0–1. */
  readonly strangers: number;
};

/** Below this the machine, not the code, is what is measured. */
const leastBarePerSecond = 8;
const leadMs = 2_000;
const warmUpMs = 6_000;
const historiesCompared = 30;

export const measureRatio = (wish: RatioWish): Promise<Section> =>
  withStack({ say: wish.say, stripeLatencyMs: 0 }, async (stack) => {
    const flags =
      wish.profileFolder === undefined
        ? []
        : ['--cpu-prof', `--cpu-prof-dir=${wish.profileFolder}`];
    const [worker, bareWorker] = await Promise.all([
      startWorker(stack, flags),
      startBareWorker(stack, flags),
    ]);
    const hints = await hearHints(stack.services.redisUrl);
    try {
      const lanes = await settle(stack.db, wish.lanes);
      const shared = sharedPids(stack);
      const ours: Side = {
        name: 'ours',
        live: createOurLife({ ...stack, hints }),
        pids: { worker: worker.pid, ...shared },
        idlePid: bareWorker.pid,
        lived: [],
      };
      const bare: Side = {
        name: 'bare',
        live: createBareLife(stack.client, bareWorker),
        pids: { worker: bareWorker.pid, ...shared },
        idlePid: worker.pid,
        lived: [],
      };
      const measured = await alternate(wish, { lanes, ours, bare });
      const shapes = { ours: await shapeOfSide(stack, ours), bare: await shapeOfSide(stack, bare) };
      const lives = { ours: ours.lived.length, bare: bare.lived.length };
      return sectionOf(measured, { shapes, lives });
    } finally {
      hints.close();
      await Promise.all([worker.stop(), bareWorker.stop()]);
    }
  });

type Duel = { readonly lanes: readonly Lane[]; readonly ours: Side; readonly bare: Side };

async function alternate(
  { say, seconds, pairs }: RatioWish,
  { lanes, ours, bare }: Duel,
): Promise<readonly Measured[]> {
  say('ratio: warming both sides up');
  for (const side of [ours, bare]) await measure(side, { lanes, openMs: warmUpMs });
  const measured: Measured[] = [];
  for (let pair = 1; pair <= pairs; pair++) {
    for (const side of [ours, bare]) {
      const result = await measure(side, { lanes, openMs: seconds * 1_000 });
      say(
        `ratio: window ${pair} of ${pairs}, ${side.name}: ${figure(result.perSecond)}/s, others took ${figure(result.strangers * 100, 0)} % of the machine`,
      );
      measured.push(result);
    }
  }
  return measured;
}

async function measure(
  side: Side,
  { lanes, openMs }: { readonly lanes: readonly Lane[]; readonly openMs: number },
): Promise<Measured> {
  const readings: CpuSeconds[] = [];
  const all: Pids = { ...side.pids, idle: side.idlePid };
  const window = await runWindow({
    lanes,
    leadMs,
    openMs,
    work: async (lane) => side.lived.push(await side.live(lane)),
    around: () => readings.push({ ...cpuOf(all), machine: machineCpuSeconds() }),
  });
  const [before = {}, after = {}] = readings;
  const { machine = 0, idle = 0, ...used } = cpuBetween(before, after);
  const perLife = (seconds: number): number => (seconds * 1_000) / Math.max(1, window.finished);
  const strangersS = machine - idle - Object.values(used).reduce((a, b) => a + b, 0);
  return {
    ...window,
    name: side.name,
    cpuMs: Object.fromEntries(Object.entries(used).map(([name, s]) => [name, perLife(s)])),
    strangers: Math.max(0, (strangersS * 1_000) / window.durationMs / availableParallelism()),
  };
}

async function shapeOfSide({ client }: Stack, { lived, name }: Side): Promise<Shape> {
  const shapes: Shape[] = [];
  for (const id of lived.slice(-historiesCompared)) {
    shapes.push(shapeOf(await client.workflow.getHandle(id).fetchHistory()));
  }
  const shape = commonShape(shapes);
  if (!shape) throw new Error(`no life of ${name} was lived`);
  return shape;
}

type Pair<T> = { readonly ours: T; readonly bare: T };
/** `lives`: all that were lived, warm-up included, to read profiles by. */
type Lived = { readonly shapes: Pair<Shape>; readonly lives: Pair<number> };

function sectionOf(measured: readonly Measured[], { shapes, lives }: Lived): Section {
  const of = (name: Side['name']) => measured.filter((each) => each.name === name);
  const [ours, bare] = [of('ours'), of('bare')];
  const ratios = ours.map((each, i) => each.perSecond / (bare[i]?.perSecond ?? Number.NaN));
  const [ratio, barePerSecond] = [median(ratios), median(bare.map((each) => each.perSecond))];
  const differing = differences(shapes.ours, shapes.bare);
  return {
    mode: 'ratio',
    lines: [
      ...table([
        ['window', 'ours /s', 'bare /s', 'ratio', 'others during ours', 'and bare'],
        ...ours.map((each, i) => rowOf(i + 1, each, bare[i])),
        [
          'median',
          figure(median(ours.map((each) => each.perSecond))),
          figure(barePerSecond),
          figure(ratio, 3),
          '',
          '',
        ],
      ]),
      '',
      ...cpuTable(ours, bare),
      '',
      differing.length === 0
        ? `Both histories have ${sizeOf(shapes.ours)} events of the same types.`
        : `The histories differ: ${differing.join('; ')}`,
    ],
    figures: { ratio, ratios, windows: measured, events: shapes, lives },
    gates: [
      {
        name: 'R1 lifecycles ÷ bare workflow',
        value: ratio,
        unit: '',
        limit: 0.7,
        aim: 0.8,
        better: 'higher',
      },
    ],
    invalid: whyInvalid(barePerSecond, differing),
  };
}

const rowOf = (number: number, ours: Measured, bare: Measured | undefined): readonly string[] => [
  String(number),
  figure(ours.perSecond),
  figure(bare?.perSecond ?? 0),
  figure(ours.perSecond / (bare?.perSecond ?? 1), 3),
  `${figure(ours.strangers * 100, 0)} %`,
  `${figure((bare?.strangers ?? 0) * 100, 0)} %`,
];

function whyInvalid(barePerSecond: number, differing: readonly string[]): string | undefined {
  if (differing.length > 0) return 'the two histories do not have the same events';
  return barePerSecond < leastBarePerSecond
    ? `the bare workflow does ${figure(barePerSecond)}/s, less than ${leastBarePerSecond}: the machine is too busy or too small`
    : undefined;
}

const cpuRow = (name: string, a: number, b: number): readonly string[] => [
  name,
  figure(a, 1),
  figure(b, 1),
  figure(a - b, 1),
];

function cpuTable(ours: readonly Measured[], bare: readonly Measured[]): readonly string[] {
  const names = Object.keys(ours[0]?.cpuMs ?? {});
  const of = (side: readonly Measured[], name: string): number =>
    median(side.map((each) => each.cpuMs[name] ?? 0));
  const sum = (side: readonly Measured[]): number =>
    names.reduce((total, name) => total + of(side, name), 0);
  return table([
    ['CPU-ms per life', 'ours', 'bare', 'more'],
    ...names.map((name) => cpuRow(name, of(ours, name), of(bare, name))),
    cpuRow('sum', sum(ours), sum(bare)),
    ['bare ÷ ours', figure(sum(bare) / sum(ours), 3), '', ''],
  ]);
}
