// `node worker/deploy.ts`, `npm run deploy:version`: which worker version takes new orders, and where the open ones
// are. Every change is one request to the engine; nothing is stored here. docs/operations/upgrading.md shows its use.

import { parseArgs } from 'node:util';
import { Client, Connection } from '@temporalio/client';
import { DefaultLogger, Runtime } from '@temporalio/worker';
import {
  countWorkflows,
  inTrouble,
  pinnedTo,
  readRouting,
  setCurrent,
  setRamp,
  type Fleet,
  type Routing,
} from '../adapters/temporal-versions.ts';
import { takeOver } from './take-over.ts';
import { bundleWorkflows } from './version.ts';

const usage = `npm run deploy:version -- COMMAND [options]      (in a container: node worker/deploy.ts COMMAND)

  status                      the versions, their open orders, workflows whose tasks fail
  promote [--build-id ID]     new orders go to this version (default: that of this code)
  ramp [--build-id ID] --percent N    N percent of the new orders go to it; 0 ends the ramp
  rollback                    ends a ramp; without one, the version that was current before takes new orders again
  move --from ID              the open orders of that version go on under this code: replayed first; what
                              does not replay is rebuilt from its event log
  drained --build-id ID       exit code 0 when no order needs that version any more, else 1

  --address HOST:PORT, --namespace NAME    the engine (default: TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE)

A version has to have a running worker before it can be promoted or ramped.`;

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    'build-id': { type: 'string' },
    from: { type: 'string' },
    percent: { type: 'string' },
    address: { type: 'string' },
    namespace: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});
const [command] = positionals;
const say = (line: string): void => void process.stdout.write(`${line}\n`);

const ownName = process.env['WAYBILL_BUILD_ID'] || undefined;
const codeHere = () => bundleWorkflows({ buildId: ownName });
const buildIdAsked = async (): Promise<string> =>
  values['build-id'] ?? ownName ?? (await codeHere()).buildId;

async function withFleet<T>(work: (fleet: Fleet) => Promise<T>): Promise<T> {
  const address = values.address ?? process.env['TEMPORAL_ADDRESS'];
  if (!address) throw new Error('no engine: give --address or set TEMPORAL_ADDRESS');
  const namespace = values.namespace ?? process.env['TEMPORAL_NAMESPACE'] ?? 'default';
  const connection = await Connection.connect({ address, connectTimeout: 5_000 });
  try {
    return await work({ connection, client: new Client({ connection, namespace }), namespace });
  } finally {
    await connection.close();
  }
}

async function routingOf(fleet: Fleet): Promise<Routing> {
  const routing = await readRouting(fleet);
  if (routing === undefined) throw new Error('no worker has registered a version yet');
  return routing;
}

async function status(fleet: Fleet): Promise<void> {
  const { current, ramping, versions } = await routingOf(fleet);
  const rows = await Promise.all(
    versions.map(async ({ buildId, role }) => {
      const pinned = pinnedTo(buildId);
      const open = await countWorkflows(fleet, pinned);
      const failing = await countWorkflows(
        fleet,
        `${pinned} AND TemporalReportedProblems IS NOT NULL`,
      );
      const share = ramping?.buildId === buildId ? ` ${ramping.percent} %` : '';
      return [buildId, `${role}${share}`, String(open), String(failing)];
    }),
  );
  const [widest = 0] = rows.map(([id = '']) => id.length).toSorted((a, b) => b - a);
  for (const [id = '', role = '', open = '', failing = ''] of [
    ['version', 'role', 'open', 'failing'],
    ...rows,
  ])
    say(
      `${id.padEnd(Math.max(widest, 12))}  ${role.padEnd(14)} ${open.padStart(6)} ${failing.padStart(8)}`,
    );
  say(`\nworkflows whose tasks fail, of any version: ${await countWorkflows(fleet, inTrouble)}`);
  if (current === undefined) say('no version is current: orders wait for the first promotion');
}

async function promote(fleet: Fleet): Promise<void> {
  const buildId = await buildIdAsked();
  await setCurrent(fleet, { buildId });
  say(`${buildId} takes all new orders`);
}

async function ramp(fleet: Fleet): Promise<void> {
  const percent = Number(values.percent ?? Number.NaN);
  if (!(percent >= 0 && percent <= 100))
    throw new Error('--percent must be a number from 0 to 100');
  if (percent === 0) return endRamp(fleet);
  const buildId = await buildIdAsked();
  await setRamp(fleet, { buildId, percent });
  say(`${buildId} takes ${percent} % of the new orders`);
}

async function endRamp(fleet: Fleet): Promise<void> {
  await setRamp(fleet, { buildId: '', percent: 0 });
  say('the ramp has ended');
}

async function rollback(fleet: Fleet): Promise<void> {
  const { current, ramping, versions } = await routingOf(fleet);
  const bad = ramping?.buildId ?? current ?? '';
  if (ramping !== undefined) await endRamp(fleet);
  else {
    const [before] = versions
      .filter(({ buildId, lastCurrentAt }) => buildId !== current && lastCurrentAt > 0)
      .toSorted((a, b) => b.lastCurrentAt - a.lastCurrentAt);
    if (before === undefined) throw new Error('no other version has ever been current');
    await setCurrent(fleet, { buildId: before.buildId });
    say(`${before.buildId} takes all new orders again`);
  }
  say(
    `${await countWorkflows(fleet, pinnedTo(bad))} open orders belong to ${bad}; to move them, with the code that is to run them: move --from ${bad}`,
  );
}

/** False when some workflows are left. */
async function move(fleet: Fleet): Promise<boolean> {
  const { from } = values;
  if (from === undefined)
    throw new Error('--from is missing: the version whose orders are to move');
  Runtime.install({ logger: new DefaultLogger('ERROR') });
  const to = await codeHere();
  if (to.buildId === from)
    throw new Error(`this code is ${from} itself: run it with the other code`);
  if (!(await routingOf(fleet)).versions.some(({ buildId }) => buildId === to.buildId))
    throw new Error(`${to.buildId}, the version of this code, has no worker`);
  const moves = await takeOver({ fleet, to, log: say }, from);
  const { moved, rebuilt, ended, failed, failedIds } = moves;
  say(
    `to ${to.buildId}: ${moved} moved, ${rebuilt} rebuilt, ${ended} ended meanwhile, ${failed} failed`,
  );
  for (const id of failedIds) say(`left: ${id}`);
  return failed === 0;
}

async function drained(fleet: Fleet): Promise<boolean> {
  const buildId = values['build-id'];
  if (buildId === undefined) throw new Error('--build-id is missing');
  const { current, ramping } = await routingOf(fleet);
  const open = await countWorkflows(fleet, pinnedTo(buildId));
  const serves = buildId === current || buildId === ramping?.buildId;
  say(`${buildId}: ${open} open orders${serves ? ', and it takes new ones' : ''}`);
  return open === 0 && !serves;
}

const commands: Readonly<Record<string, (fleet: Fleet) => Promise<boolean | void>>> = {
  status,
  promote,
  ramp,
  rollback,
  move,
  drained,
};

async function main(): Promise<void> {
  if (values.help) return say(usage);
  const work = commands[command ?? ''];
  if (work === undefined) {
    process.stderr.write(`${usage}\n`);
    process.exitCode = 2;
    return;
  }
  if ((await withFleet(work)) === false) process.exitCode = 1;
}

await main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 2;
});
