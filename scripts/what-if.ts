// `npm run what-if`: recorded demand played again under another policy, in virtual time, beside the present one.

import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import { instancesIn } from '../bench/mdrp/instances.ts';
import { policyFor } from '../bench/mdrp/policy.ts';
import { compare, playable, tableOf, type RecordedDay } from '../bench/what-if/compare.ts';
import { readRecordedDay } from '../bench/what-if/recorded.ts';
import { connect } from '../db/connect.ts';
import { parsePolicyOverrides } from '../domain/policy-overrides.ts';
import type { Policy } from '../domain/policy.ts';
import { readInstanceFiles } from '../sandbox/city/instance-files.ts';
import { readStack } from './start/stack.ts';

const usage = `npm run what-if -- --policy FILE (--instances DIR | --market ID) [options]

Plays recorded demand again, minute by minute, under the present policy and under the same policy with the fields of
FILE (JSON, like {"bundleLimit": 2, "pressurePercent": 50}), and prints both side by side.

  --policy FILE       the fields to change; docs/dispatch.md says what each one does
  --instances DIR     days in the Meal Delivery Routing format, as for npm run mdrp
  --market ID         a market's event log: its orders, and the drivers who were seen
  --from T, --to T    which part of it (RFC 3339; default: the last 24 hours)
  --noisy-prep        decide with mean preparation times, not with how long each turned out to take
  --database-url URL  its database (default: the stack that npm start has running)
  --help

Exit code 0: compared; 2: something could not be read, named with its field.`;

const estimate = `This is an estimate: in it every driver accepts, drives as planned and carries up to five orders, one counter at a
time. Compare the columns with each other, not with what really happened.`;

const { values } = parseArgs({
  options: {
    policy: { type: 'string' },
    instances: { type: 'string' },
    'noisy-prep': { type: 'boolean', default: false },
    market: { type: 'string' },
    from: { type: 'string' },
    to: { type: 'string' },
    'database-url': { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});

async function readPolicyFile(file: string): Promise<Partial<Policy>> {
  const text = await readFile(file, 'utf8').catch(() => {
    throw new Error(`--policy ${file} cannot be read`);
  });
  try {
    return parsePolicyOverrides(JSON.parse(text));
  } catch (error) {
    throw new Error(`${file}: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  }
}

async function* daysAsked(): AsyncGenerator<RecordedDay> {
  const { instances, market } = values;
  if ((instances === undefined) === (market === undefined))
    throw new Error('give either --instances DIR or --market ID');
  if (market !== undefined) yield await recorded(market);
  if (instances === undefined) return;
  for (const name of await instancesIn(instances)) {
    const instance = await readInstanceFiles(join(instances, name));
    const title = name === '.' ? basename(instances) : name;
    yield { name: title, instance, policy: policyFor(instance) };
  }
}

const dayMs = 24 * 60 * 60_000;

async function recorded(marketId: string): Promise<RecordedDay> {
  const to = timeOf('to', new Date());
  const from = timeOf('from', new Date(to.getTime() - dayMs));
  if (from >= to) throw new Error(`--from must be before --to, not ${from.toISOString()}`);
  const db = connect({ url: values['database-url'] ?? readStack().databaseUrl, poolSize: 1 });
  try {
    return await readRecordedDay(db, { marketId, from, to });
  } finally {
    await db.destroy();
  }
}

function timeOf(name: 'from' | 'to', otherwise: Date): Date {
  const text = values[name];
  if (text === undefined) return otherwise;
  const time = new Date(text);
  if (Number.isNaN(time.getTime())) throw new Error(`--${name} must be a time, not ${text}`);
  return time;
}

async function main(): Promise<void> {
  if (values.help) return console.log(usage);
  if (values.policy === undefined) throw new Error(`--policy FILE is needed\n\n${usage}`);
  const policy = await readPolicyFile(values.policy);
  const { overrides, held, without } = playable(policy, values['noisy-prep']);
  if (held.length > 0) console.log(`Held as the days have it: ${held.join(', ')}.\n`);
  if (without.length > 0) console.log(`Without effect here: ${without.join(', ')}.\n`);
  if (Object.keys(overrides).length === 0)
    throw new Error(`${values.policy}: no field that has an effect here`);
  let count = 0;
  for await (const day of daysAsked()) {
    if (count === 0) console.log(`${estimate}\n`);
    console.log(`${tableOf(day.name, compare(day, overrides, values['noisy-prep']))}\n`);
    count += 1;
  }
}

await main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 2;
});
