// `npm run compare-live`: the same hours of a day of the Meal Delivery Routing Problem in virtual time and in the live
// city, under the same rules, side by side; then every stored round is planned again.

import { parseArgs } from 'node:util';
import { join } from 'node:path';
import { playDay as playVirtual } from '../bench/mdrp/day.ts';
import { busiest, excessOf, liveRules, sliceOf, type Delivered } from '../bench/mdrp/slice.ts';
import { connect } from '../db/connect.ts';
import { isMatching, matchings, type Matching } from '../domain/policy.ts';
import { readRounds } from '../db/rounds.ts';
import { engineId } from '../activities/engine-id.ts';
import { playDay } from '../sandbox/city/day.ts';
import { readInstance } from '../sandbox/city/instance.ts';
import { readInstanceFiles, type InstanceFiles } from '../sandbox/city/instance-files.ts';
import { obliging, saysNo } from '../sandbox/city/moods.ts';
import { formatMinute } from '../sandbox/city/plan.ts';
import type { World } from '../sandbox/city/world.ts';
import { replay } from './audit/replay-rounds.ts';
import { buildHouse } from './start/bring-up.ts';
import { clientLogFolder } from './start/stack.ts';

const usage = `npm run compare-live -- --instance DIR [options]

Plays the busiest hours of an instance twice: in virtual time (as npm run mdrp) and live, in a city of robots that
answer at once, with the same tick, travel and service times. Prints the mean excess over the floor of both.

  --instance DIR   orders.txt, couriers.txt, restaurants.txt, instance_parameters.txt
  --hours N        so many of the busiest hours (default 4)
  --speed S        minutes of the city in a minute of yours (default 20)
  --runs N         live so many times, of which the mean counts (default 1)
  --declines R     share of the orders that a driver will not take, the same ones in both (default 0)
  --matching NAME  live: rolling or nearest, the yardstick, which is expected to fail (default rolling)
  --virtual-only   not live
  --help

Exit code 0: live is within max(1 minute, 15 %) of virtual, leaves at most one order more undelivered, and every stored
round gives the identical plan; 1: not so; 2: something could not be read or started.`;

const { values } = parseArgs({
  options: {
    instance: { type: 'string' },
    hours: { type: 'string', default: '4' },
    speed: { type: 'string', default: '20' },
    runs: { type: 'string', default: '1' },
    declines: { type: 'string', default: '0' },
    matching: { type: 'string', default: 'rolling' },
    'virtual-only': { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

type Slice = {
  readonly folder: string;
  readonly instance: InstanceFiles;
  readonly hours: { readonly from: number; readonly to: number };
  readonly speed: number;
  readonly matching: Matching;
  /** Of the orders, 0 to 1. */
  readonly declines: number;
};

const seed = 1;

function virtually({ instance, declines: share }: Slice): Delivered {
  const { bundles } = playVirtual(instance, {
    noisyPrep: false,
    declines: (driver, order) => saysNo(share, { seed, driver, order }),
  });
  return new Map(
    bundles.flatMap(({ drops }) => drops.map(({ orderId, dropoffAt }) => [orderId, dropoffAt])),
  );
}

const deliveredIn = (world: World): Delivered =>
  new Map(
    world
      .lives()
      .flatMap(({ plan, deliveredAt }) =>
        deliveredAt === undefined ? [] : [[plan.name, deliveredAt]],
      ),
  );

type Live = { readonly delivered: Delivered; readonly replayed: number; readonly differ: number };

async function live(slice: Slice): Promise<Live> {
  const { folder, instance, hours, speed, matching, declines } = slice;
  const house = await buildHouse({
    say: (line) => console.error(line),
    stripeLatencyMs: 20,
    faultRate: 0,
    lieRate: 0,
    seed: 1,
  });
  const db = connect({ url: house.stack.databaseUrl, poolSize: 1 });
  const worlds: World[] = [];
  try {
    const moods = { ...obliging, declinedOffer: declines };
    const plan = await readInstance({ folder, seed, moods, ...hours });
    const day = await playDay({
      plan: { ...plan, policy: liveRules(instance, speed, matching) },
      speed,
      apiUrl: house.stack.apiUrl,
      adminKey: house.secrets.adminKey,
      bankUrl: house.stack.stripeApiBase,
      clientLogFile: join(clientLogFolder, `compare-${Date.now()}.jsonl`),
      onOpen: ({ world }) => void worlds.push(world),
    });
    for (const [what, count] of day.oddities) console.error(`odd: ${what} (${count})`);
    const wanted = { marketId: day.market.id, engine: engineId, limit: 10_000 };
    const rounds = await readRounds(db, wanted);
    const [world] = worlds;
    if (!world) throw new Error('the city was not opened');
    return {
      delivered: deliveredIn(world),
      replayed: rounds.length,
      differ: rounds.flatMap((round) => replay(round)).length,
    };
  } finally {
    await db.destroy();
    await house.stop();
  }
}

type Row = { readonly excess: number; readonly undelivered: number };

function row(name: string, instance: InstanceFiles, delivered: Delivered): Row {
  const { excess, undelivered } = excessOf(instance, delivered);
  console.log(
    `${name.padEnd(10)}${String(instance.orders.length).padStart(8)}${String(undelivered).padStart(13)}${excess.toFixed(2).padStart(10)}`,
  );
  return { excess, undelivered };
}

const mean = (numbers: readonly number[]): number =>
  numbers.reduce((sum, each) => sum + each, 0) / numbers.length;

/** A number of the command line within its limits, or an error that names it. */
function numberOf(name: 'hours' | 'speed' | 'runs' | 'declines', least: number, most = Infinity) {
  const number = Number(values[name]);
  if (number >= least && number <= most) return number;
  throw new Error(`--${name} must be a number from ${least} to ${most}, not ${values[name]}`);
}

async function main(): Promise<void> {
  if (values.help) return console.log(usage);
  const { instance: folder } = values;
  if (folder === undefined) throw new Error(`--instance DIR is needed\n\n${usage}`);
  const { matching } = values;
  if (!isMatching(matching))
    throw new Error(`--matching must be ${matchings.join(' or ')}, not ${matching}`);
  const rules = {
    matching,
    speed: numberOf('speed', 0.1),
    declines: numberOf('declines', 0, 1),
  };
  const runs = numberOf('runs', 1, 100);
  const whole = await readInstanceFiles(folder);
  const hours = busiest(whole, numberOf('hours', 0.1));
  const slice: Slice = { folder, hours, ...rules, instance: sliceOf(whole, hours) };
  console.log(
    `orders placed from ${formatMinute(hours.from)} to ${formatMinute(hours.to)}, ${slice.instance.couriers.length} couriers; excess over the floor in minutes, an undelivered order counts 90\n`,
  );
  console.log(`${''.padEnd(10)}  orders  undelivered    excess`);
  const virtual = row('virtual', slice.instance, virtually(slice));
  if (values['virtual-only']) return;
  const rows: Row[] = [];
  let replayed = 0;
  let differ = 0;
  for (let run = 0; run < runs; run += 1) {
    const played = await live(slice);
    rows.push(row(`live ${run + 1}`, slice.instance, played.delivered));
    replayed += played.replayed;
    differ += played.differ;
  }
  const excess = mean(rows.map((each) => each.excess));
  const undelivered = mean(rows.map((each) => each.undelivered));
  const bound = virtual.excess + Math.max(1, 0.15 * virtual.excess);
  const agrees =
    excess <= bound && undelivered <= virtual.undelivered + 1 && differ === 0 && replayed > 0;
  console.log(
    `\n${replayed} rounds planned again, ${differ} differ; live ${excess.toFixed(2)} on average, at most ${bound.toFixed(2)} allowed: ${agrees ? 'they agree' : 'THEY DO NOT AGREE'}`,
  );
  if (!agrees) process.exitCode = 1;
}

await main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 2;
});
