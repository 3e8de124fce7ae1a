// PostgreSQL of this checkout on a loopback port: superuser `waybill`, database `waybill`.
// Throwaway profiles begin with an empty cluster; only "test" trades durability for speed.
import { spawnSync } from 'node:child_process';
import {
  chownSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { Client } from 'pg';
import { dockerWay } from './docker.ts';
import {
  dataFolder,
  embeddedBinaries,
  systemBinaries,
  type PostgresBinaries,
} from './postgres-binaries.ts';
import { commandLineOf, endProcess, markOf } from './processes.ts';
import { tail, type Program } from './program.ts';
import type { Slot } from './state.ts';
import type { Plan, Search } from './ways.ts';

const LOGIN = 'waybill';
const CONNECTIONS = 200;

export function findPostgres(slot: Slot): Search {
  return {
    service: 'postgres',
    title: 'PostgreSQL',
    switchName: 'WAYBILL_POSTGRES',
    ways: [
      {
        name: 'embedded',
        find: async () => planFor(slot, { from: 'npm package', binaries: embeddedBinaries(slot) }),
      },
      {
        name: 'system',
        find: async () =>
          planFor(slot, { from: 'found on this system', binaries: systemBinaries() }),
      },
      dockerWay({
        slot,
        name: 'postgres',
        image: 'postgres:18',
        inside: { main: 5432 },
        volume: '/var/lib/postgresql',
        env: { POSTGRES_USER: LOGIN, POSTGRES_PASSWORD: LOGIN, POSTGRES_DB: LOGIN },
        command: ['postgres', ...settings(slot)],
        stopSignal: 'SIGINT',
        answers: (ports) => ensureDatabase(postgresUrl(ports['main'] ?? 0)),
      }),
    ],
    fixes: [
      'set DATABASE_URL to a PostgreSQL 15 or newer, such as postgresql://user:password@host:5432/waybill',
      'install PostgreSQL (apt-get install postgresql, brew install postgresql@18), then run this again',
      'start Docker, then run this again',
    ],
  };
}

export function postgresUrl(port: number): string {
  return `postgresql://${LOGIN}:${LOGIN}@127.0.0.1:${port}/${LOGIN}`;
}

/** Creates the database of the URL if the server has none of that name; rejects when it is down. */
export async function ensureDatabase(url: string): Promise<void> {
  const name = decodeURIComponent(new URL(url).pathname.slice(1));
  await withClient(urlOf(url, 'postgres'), async (client) => {
    const { rowCount } = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [name]);
    if (rowCount === 0) await client.query(`CREATE DATABASE ${client.escapeIdentifier(name)}`);
  });
}

export async function dropDatabase(url: string): Promise<void> {
  const name = decodeURIComponent(new URL(url).pathname.slice(1));
  await withClient(urlOf(url, 'postgres'), (client) =>
    client.query(`DROP DATABASE IF EXISTS ${client.escapeIdentifier(name)} WITH (FORCE)`),
  );
}

/** The same server, another database. */
export function urlOf(url: string, database: string): string {
  const other = new URL(url);
  other.pathname = `/${database}`;
  return other.href;
}

async function withClient(url: string, work: (client: Client) => Promise<unknown>): Promise<void> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 3_000 });
  client.on('error', () => undefined); // a lost connection also rejects the query under way
  try {
    await client.connect();
    await work(client);
  } finally {
    await client.end().catch(() => undefined);
  }
}

function planFor(
  slot: Slot,
  found: { readonly from: string; readonly binaries: PostgresBinaries | string },
): Plan | string {
  const { binaries } = found;
  if (typeof binaries === 'string') return binaries;
  return {
    label: `${binaries.version}, ${found.from}`,
    portNames: ['main'],
    program: async (ports) => programFor(slot, { binaries, port: ports['main'] ?? 0 }),
  };
}

async function programFor(
  slot: Slot,
  { binaries, port }: { readonly binaries: PostgresBinaries; readonly port: number },
): Promise<Program> {
  const major = Number.parseInt(binaries.version, 10);
  const data = join(dataFolder(slot, binaries.user), `postgres-${major}`);
  await endLeftover(data);
  if (!slot.durable) rmSync(data, { recursive: true, force: true });
  if (!existsSync(join(data, 'PG_VERSION'))) initialise(data, { binaries, slot });
  return {
    name: 'postgres',
    command: binaries.postgres,
    args: [
      '-D',
      data,
      '-p',
      String(port),
      '-c',
      'unix_socket_directories=',
      ...loopback,
      ...settings(slot),
    ],
    cwd: '/',
    env: { LC_MESSAGES: 'C' },
    user: binaries.user,
    stopSignal: 'SIGINT',
    readyTimeoutMs: 60_000,
    answers: () => ensureDatabase(postgresUrl(port)),
  };
}

const loopback = ['-c', 'listen_addresses=127.0.0.1'];

function settings(slot: Slot): readonly string[] {
  const careless = ['fsync=off', 'synchronous_commit=off', 'full_page_writes=off'];
  const all = [`max_connections=${CONNECTIONS}`, ...(slot.profile === 'test' ? careless : [])];
  return all.flatMap((setting) => ['-c', setting]);
}

// Made under another name and renamed, so that a cluster half made by a killed run is never used.
function initialise(
  data: string,
  { binaries, slot }: { readonly binaries: PostgresBinaries; readonly slot: Slot },
): void {
  const made = `${data}.new`;
  const passwordFile = `${data}.password`;
  rmSync(made, { recursive: true, force: true });
  mkdirSync(made, { mode: 0o700 });
  writeFileSync(passwordFile, `${LOGIN}\n`, { mode: 0o600 });
  if (binaries.user !== undefined) {
    for (const path of [made, passwordFile]) chownSync(path, binaries.user.uid, binaries.user.gid);
  }
  const answer = spawnSync(
    binaries.initdb,
    [
      `--pgdata=${made}`,
      `--username=${LOGIN}`,
      `--pwfile=${passwordFile}`,
      '--auth=scram-sha-256',
      '--encoding=UTF8',
      '--locale=C',
      ...(slot.durable ? [] : ['--no-sync']),
    ],
    { ...binaries.user, cwd: '/', encoding: 'utf8', env: { ...process.env, LC_ALL: 'C' } },
  );
  rmSync(passwordFile, { force: true });
  if (answer.status !== 0)
    throw new Error(`initdb failed: ${tail(`${answer.stdout}${answer.stderr}`, 8)}`);
  renameSync(made, data);
}

// A postmaster that outlived its run and escaped the record (killed in between) still holds the data.
async function endLeftover(data: string): Promise<void> {
  const file = join(data, 'postmaster.pid');
  if (!existsSync(file)) return;
  const mark = markOf(Number(readFileSync(file, 'utf8').split('\n')[0]));
  if (mark === undefined || !commandLineOf(mark.pid).includes(data)) return;
  await endProcess(mark, { signal: 'SIGINT', graceMs: 10_000 });
}
