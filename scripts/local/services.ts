// Finds or brings up PostgreSQL, Redis and Temporal for one run: `npm start`, `npm test`, a bench.
// Says for each which way was used. What it starts ends with this process, whatever ends it; what a
// killed run left behind is ended by the next one. Called by the scripts and the tests' set-up.
import { useExternal, type External } from './external.ts';
import { endLeftovers, endRecorded, endRecordedNow } from './leftovers.ts';
import { findPostgres, postgresUrl } from './postgres.ts';
import { markOf } from './processes.ts';
import type { Running } from './program.ts';
import { findRedis, redisUrl } from './redis.ts';
import { recordChild, takeSlot, type Profile, type Slot } from './state.ts';
import { findTemporal } from './temporal.ts';
import { endAtExit } from './exit.ts';
import { startUi } from './temporal-ui.ts';
import { bringUp, type Found } from './ways.ts';

export type RestartableService = 'temporal' | 'postgres' | 'redis';

export type Services = {
  readonly databaseUrl: string;
  readonly redisUrl: string;
  readonly temporalAddress: string;
  readonly temporalNamespace: string;
  readonly temporalUiUrl: string | undefined;
  /** Prometheus metrics of the Temporal server. */
  readonly temporalMetricsUrl: string | undefined;
  /** One line per service: what it is, where, how it was found. */
  readonly describe: () => readonly string[];
  /** The state folder of this run, for files that live as long as it. */
  readonly folder: string;
  readonly stop: () => Promise<void>;
  /** Ends the service if it runs and brings it back on the same port and data. */
  readonly restart: (name: RestartableService) => Promise<void>;
  /** Resolves once the process is gone (at once for SIGSTOP and SIGCONT). */
  readonly kill: (name: RestartableService, signal: NodeJS.Signals) => Promise<void>;
  readonly pid: (name: RestartableService) => number | undefined;
  /** Records a process of the application, so that `npm run stop` and the next run can end it. */
  readonly record: (name: string, pid: number) => void;
};

export type ServicesWish = {
  readonly profile: Profile;
  readonly log: (line: string) => void;
  /** Names of search attributes of type Keyword. */
  readonly temporalSearchAttributes?: readonly string[];
  readonly withUi?: boolean;
};

const SEARCH_ATTRIBUTES = ['MerchantId', 'BranchId', 'MarketId', 'Stage', 'StuckReason'];

/** Brings everything up, or stops what it started and throws an error that says what to do. */
export async function startServices(wish: ServicesWish): Promise<Services> {
  const slot = await takeSlot(wish.profile);
  const started: Running[] = [];
  const externals: External[] = [];
  const stop = async (): Promise<void> => {
    await Promise.all(started.map((running) => running.stop()));
    await endRecorded(slot.folder); // what was still starting, and the application's processes
    await Promise.all(externals.map((external) => external.close()));
    withdraw();
    slot.release();
  };
  const withdraw = endAtExit({ stop, stopNow: () => endRecordedNow(slot) });
  try {
    for (const line of await endLeftovers(slot)) wish.log(`left by an earlier run: ${line}`);
    const set = await findAll(wish, { slot, started, externals });
    return { ...set, folder: slot.folder, stop, ...controls(started, slot) };
  } catch (error) {
    await stop();
    throw error;
  }
}

type Collecting = {
  readonly slot: Slot;
  readonly started: Running[];
  readonly externals: External[];
};
type Addresses = Pick<
  Services,
  | 'databaseUrl'
  | 'redisUrl'
  | 'temporalAddress'
  | 'temporalNamespace'
  | 'temporalUiUrl'
  | 'temporalMetricsUrl'
  | 'describe'
>;

async function findAll(wish: ServicesWish, collecting: Collecting): Promise<Addresses> {
  const { slot, started, externals } = collecting;
  const { log } = wish;
  const namespace = process.env['TEMPORAL_NAMESPACE'] || 'default';
  const searchAttributes = wish.temporalSearchAttributes ?? SEARCH_ATTRIBUTES;
  const external = await useExternal({ profile: wish.profile, namespace, searchAttributes, log });
  externals.push(external);
  const own = async (search: Parameters<typeof bringUp>[0]): Promise<Found> => {
    const found = await bringUp(search, { slot, log });
    started.push(found.running);
    return found;
  };
  // All are awaited, even when one fails, so that none is left starting.
  const results = await Promise.allSettled([
    external.databaseUrl === undefined ? own(findPostgres(slot)) : undefined,
    external.redisUrl === undefined ? own(findRedis(slot, log)) : undefined,
    external.temporalAddress === undefined
      ? own(findTemporal({ slot, log, wish: { namespace, searchAttributes } }))
      : undefined,
  ]);
  const failures = results.flatMap((result) =>
    result.status === 'rejected' ? [(result.reason as Error).message] : [],
  );
  if (failures.length > 0) throw new Error(failures.join('\n\n'));
  const [postgres, redis, temporal] = results.map((result) =>
    result.status === 'fulfilled' ? result.value : undefined,
  );
  const temporalAddress = external.temporalAddress ?? local(temporal, 'frontend');
  const ui =
    wish.withUi === true && temporal !== undefined
      ? await startUi({ slot, log, temporal, address: temporalAddress })
      : undefined;
  if (ui?.running !== undefined) started.push(ui.running);
  const addresses = {
    databaseUrl: external.databaseUrl ?? postgresUrl(portOf(postgres, 'main')),
    redisUrl: external.redisUrl ?? redisUrl(portOf(redis, 'main')),
    temporalAddress,
    temporalNamespace: namespace,
    temporalUiUrl: ui?.url ?? (process.env['TEMPORAL_UI_URL'] || undefined),
    temporalMetricsUrl:
      temporal === undefined ? undefined : `http://${local(temporal, 'metrics')}/metrics`,
  };
  return {
    ...addresses,
    describe: () => [
      `PostgreSQL  ${addresses.databaseUrl}  (${postgres?.label ?? 'DATABASE_URL'})`,
      `Redis       ${addresses.redisUrl}  (${redis?.label ?? 'REDIS_URL'})`,
      `Temporal    ${addresses.temporalAddress}  (${temporal?.label ?? 'TEMPORAL_ADDRESS'})`,
      ...(addresses.temporalUiUrl === undefined ? [] : [`Temporal UI ${addresses.temporalUiUrl}`]),
    ],
  };
}

function controls(
  started: readonly Running[],
  slot: Slot,
): Pick<Services, 'restart' | 'kill' | 'pid' | 'record'> {
  const named = (name: RestartableService): Running => {
    const running = started.find((each) => each.name === name);
    if (running === undefined) throw new Error(`${name} was not started by this run`);
    return running;
  };
  return {
    restart: (name) => named(name).restart(),
    kill: (name, signal) => named(name).kill(signal),
    pid: (name) => started.find((each) => each.name === name)?.pid(),
    record: (name, pid) => {
      const mark = markOf(pid);
      if (mark !== undefined) recordChild(slot.folder, { name, mark, stopSignal: 'SIGTERM' });
    },
  };
}

function portOf(found: Found | undefined, name: string): number {
  return found?.ports[name] ?? 0;
}

function local(found: Found | undefined, name: string): string {
  return `127.0.0.1:${portOf(found, name)}`;
}
