// The day as it goes: on a terminal a table that is drawn over itself, elsewhere a plain line every few
// seconds. Called by `npm start`.

import { lateMinutes } from '../../sandbox/city/figures.ts';
import { formatMinute } from '../../sandbox/city/plan.ts';
import { hasEnded, stages, type OrderLife, type World } from '../../sandbox/city/world.ts';

export type Progress = {
  /** Prints a line above the table. */
  readonly say: (line: string) => void;
  readonly watch: (world: World) => void;
  readonly stop: () => void;
};

const tableEveryMs = 500;
const lineEveryMs = 5_000;

export function createProgress({ live }: { readonly live: boolean }): Progress {
  let drawn = 0;
  let timer: NodeJS.Timeout | undefined;
  let show: (() => void) | undefined;
  const erase = (): void => {
    if (drawn > 0) process.stdout.write(`\u001B[${drawn}A\u001B[0J`);
    drawn = 0;
  };
  return {
    say(line) {
      erase();
      process.stdout.write(`${line}\n`);
      if (live) show?.();
    },
    watch(world) {
      const rate = createRate(world);
      let before = '';
      show = () => {
        const lines = live ? tableOf(world, rate()) : [lineOf(world, rate())];
        const text = `${lines.join('\n')}\n`;
        // A city that stands still has nothing to say.
        if (!live && text === before) return;
        before = text;
        if (live) erase();
        process.stdout.write(text);
        drawn = live ? lines.length : 0;
      };
      timer = setInterval(() => show?.(), live ? tableEveryMs : lineEveryMs);
    },
    stop() {
      clearInterval(timer);
      show?.();
      show = undefined;
      drawn = 0;
    },
  };
}

/** Orders that ended, per second of real time, over the last stretch. */
function createRate(world: World): () => number {
  const seen: { readonly at: number; readonly ended: number }[] = [];
  return () => {
    const now = { at: Date.now(), ended: world.lives().filter(hasEnded).length };
    seen.push(now);
    while ((seen[0]?.at ?? now.at) < now.at - 15_000) seen.shift();
    const first = seen[0] ?? now;
    return now.at === first.at ? 0 : ((now.ended - first.ended) * 1_000) / (now.at - first.at);
  };
}

/** On the way for longer than it may take, or delivered so. */
function isLate({ placedAt, deliveredAt, stage, plan }: OrderLife, minute: number): boolean {
  const isForLater = plan.script.wantedAfterMinutes !== undefined;
  if (placedAt === undefined || isForLater) return false;
  if (stage === 'ended early' || stage === 'collected') return false;
  return (deliveredAt ?? minute) - placedAt > lateMinutes;
}

function countsOf(world: World) {
  const lives = world.lives();
  const minute = world.clock.minute();
  const byStage = Map.groupBy<string, OrderLife>(lives, ({ placedAt, stage }) =>
    placedAt === undefined ? 'to come' : stage,
  );
  const count = (stage: string): number => byStage.get(stage)?.length ?? 0;
  return { lives, minute, count, late: lives.filter((life) => isLate(life, minute)).length };
}

function lineOf(world: World, rate: number): string {
  const { minute, count, late } = countsOf(world);
  const parts = stages.flatMap((stage) => (count(stage) === 0 ? [] : [`${stage} ${count(stage)}`]));
  return `${formatMinute(minute)}  ${parts.join(' · ')} · late ${late} · ${rate.toFixed(1)} ended/s`;
}

const barWidth = 40;

function tableOf(world: World, rate: number): readonly string[] {
  const { lives, minute, count, late } = countsOf(world);
  const bar = (stage: string): string =>
    '█'.repeat(Math.round((count(stage) / Math.max(1, lives.length)) * barWidth));
  return [
    '',
    `  ${formatMinute(minute)}   ${lives.length} orders, ${count('to come')} to come · ${rate.toFixed(1)} ended/s · late ${late}`,
    ...stages.map(
      (stage) => `  ${stage.padEnd(15)} ${String(count(stage)).padStart(4)}  ${bar(stage)}`,
    ),
    '',
  ];
}
