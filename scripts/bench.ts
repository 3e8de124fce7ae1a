// `npm run bench`: what an order costs and how fast it is, on this machine, measured against bare yardsticks.
// Exit code 0: every gate is held; 1: one is missed; 2: a run that proves nothing.

import { parseArgs } from 'node:util';
import { measureCost } from '../bench/cost.ts';
import { measureLedger } from '../bench/ledger.ts';
import { measureMemory } from '../bench/memory.ts';
import { measurePost } from '../bench/post.ts';
import { measureRatio } from '../bench/ratio.ts';
import { measureSoak } from '../bench/soak.ts';
import {
  describeGates,
  describeSection,
  exitCodeOf,
  modes,
  type Mode,
  type Section,
} from '../bench/report.ts';

const usage = `npm run bench [-- options]

  --mode all|${modes.join('|')}   what to measure (default all)
    ratio   R1: full order lives per second ÷ a bare workflow with the same history
    post    R3: POST /v1/orders ÷ bare Fastify with one insert
    cost    per order: history events, billable actions, CPU seconds, transactions, WAL
    soak    full lives arriving at random through the API: latencies, errors, memory
    ledger  settlements and captures per second with durable writes ÷ a bare insert of two rows
    memory  the worker's memory after many orders ÷ after few
  --seconds S     length of a window of ratio, post and ledger (default 20)
  --pairs N       pairs of windows of ratio, post and ledger (default 3)
  --lanes N       lives at a time in ratio and memory, postings in ledger (default 24)
  --orders N      cost: how many orders (default 40); memory: the larger number (default 5000)
  --minutes N     soak: how long (default 10)
  --rate R        soak: orders per second (default 3)
  --seed N        soak: of the arrivals (default 1)
  --profile DIR   ratio: write V8 CPU profiles of both workers there
  --json          the result for machines, on standard output
  --help`;

const { values } = parseArgs({
  options: {
    mode: { type: 'string', default: 'all' },
    seconds: { type: 'string', default: '20' },
    pairs: { type: 'string', default: '3' },
    lanes: { type: 'string', default: '24' },
    orders: { type: 'string' },
    minutes: { type: 'string', default: '10' },
    rate: { type: 'string', default: '3' },
    seed: { type: 'string', default: '1' },
    profile: { type: 'string' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

function numberOf(
  name: 'seconds' | 'pairs' | 'lanes' | 'orders' | 'minutes' | 'rate' | 'seed',
): number {
  const value = Number(values[name]);
  if (Number.isFinite(value) && value > 0) return value;
  throw new Error(`--${name} must be a number above 0, not ${values[name]}`);
}

const ordersOr = (usual: number): number =>
  values.orders === undefined ? usual : numberOf('orders');

function modesAsked(): readonly Mode[] {
  if (values.mode === 'all') return modes;
  const mode = modes.find((each) => each === values.mode);
  if (mode) return [mode];
  throw new Error(`--mode is all or one of ${modes.join(', ')}, not ${values.mode}`);
}

const say = (line: string): void => console.error(line);

function measure(mode: Mode): Promise<Section> {
  const windows = {
    say,
    seconds: numberOf('seconds'),
    pairs: numberOf('pairs'),
    lanes: numberOf('lanes'),
  };
  switch (mode) {
    case 'ratio':
      return measureRatio({ ...windows, profileFolder: values.profile });
    case 'memory':
      return measureMemory({ say, lanes: windows.lanes, orders: ordersOr(5_000) });
    case 'post':
      return measurePost(windows);
    case 'soak':
      return measureSoak({
        say,
        minutes: numberOf('minutes'),
        perSecond: numberOf('rate'),
        seed: numberOf('seed'),
      });
    case 'ledger':
      return measureLedger(windows);
    case 'cost':
      return measureCost({ say, orders: ordersOr(40) });
  }
}

async function main(): Promise<void> {
  if (values.help) return console.log(usage);
  const sections: Section[] = [];
  for (const mode of modesAsked()) {
    const section = await measure(mode);
    for (const line of describeSection(section)) say(line);
    sections.push(section);
  }
  if (values.json)
    console.log(JSON.stringify({ exitCode: exitCodeOf(sections), sections }, null, 2));
  else
    for (const line of ['', ...describeGates(sections.flatMap(({ gates }) => gates))])
      console.log(line);
  process.exitCode = exitCodeOf(sections);
}

await main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 2;
});
