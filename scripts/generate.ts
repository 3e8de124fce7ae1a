// `npm run generate`: writes made-up days in the Meal Delivery Routing format.

import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { generateInstance, writeInstance } from '../bench/mdrp/generate.ts';

const usage = `npm run generate -- --seed N --out DIR [options]

Writes synthetic days in the format of the Meal Delivery Routing Problem, one folder each: clusters of
restaurants, two rush hours, shifts that follow the demand.

  --seed N          the same seed gives the same days
  --out DIR         where the folders go
  --days N          how many days (default 1); day i has the seed N + i
  --orders N        orders per day (default 300)
  --restaurants N   (default 80)
  --clusters N      places where restaurants stand together (default 4)
  --staffing R      courier hours against what would serve everybody well (default 1; 0.7 is understaffed)
  --help`;

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    out: { type: 'string' },
    days: { type: 'string', default: '1' },
    orders: { type: 'string', default: '300' },
    restaurants: { type: 'string', default: '80' },
    clusters: { type: 'string', default: '4' },
    staffing: { type: 'string', default: '1' },
    help: { type: 'boolean', default: false },
  },
});

function wholeOf(
  name: 'seed' | 'days' | 'orders' | 'restaurants' | 'clusters',
  least: number,
): number {
  const value = Number(values[name]);
  if (values[name] !== undefined && Number.isSafeInteger(value) && value >= least) return value;
  throw new Error(
    `--${name} must be a whole number of at least ${least}, not ${values[name] ?? 'absent'}`,
  );
}

async function main(): Promise<void> {
  if (values.help) return console.log(usage);
  if (values.out === undefined) throw new Error(`--out DIR is missing\n\n${usage}`);
  const staffing = Number(values.staffing);
  if (!(staffing > 0 && staffing <= 10))
    throw new Error(`--staffing must be above 0 and at most 10, not ${values.staffing}`);
  const seed = wholeOf('seed', 0);
  for (let day = 0; day < wholeOf('days', 1); day += 1) {
    const instance = generateInstance({
      seed: seed + day,
      orders: wholeOf('orders', 1),
      restaurants: wholeOf('restaurants', 1),
      clusters: wholeOf('clusters', 1),
      staffing,
    });
    const folder = join(values.out, `day-${seed + day}`);
    await writeInstance(folder, instance);
    console.log(
      `${folder}: ${instance.orders.length} orders, ${instance.couriers.length} couriers`,
    );
  }
}

await main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 2;
});
