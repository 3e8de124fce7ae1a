// Temporal as the development server inside the `temporal` command line tool: one on PATH if it is
// new enough, or the one that the SDKs download, cached by version. It brings its own web UI.
import { chmodSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { askProgram, cacheFolder, fillCache, findProgram, isExecutable, runTool } from './cache.ts';
import { withProgress } from './progress.ts';
import type { Slot } from './state.ts';
import { dynamicConfig, sqliteSynchronous } from './temporal-config.ts';
import { ensureNamespace, type NamespaceWish } from './temporal-namespace.ts';
import type { Plan } from './ways.ts';

const VERSION = '1.9.1'; // holds server 1.32.0
const OLDEST_SERVER = [1, 32] as const;
const cacheName = `temporal-cli-${VERSION}`;

type ServerWish = { readonly slot: Slot; readonly wish: Omit<NamespaceWish, 'address'> };

/** A tool that is there already: in the cache, or on PATH with a server that is new enough. */
export function presentCli(context: ServerWish): Plan | string {
  if (isExecutable(cachedPath())) return planFor(cachedPath(), context);
  const onPath = findProgram('temporal');
  if (onPath === undefined) return 'no temporal on PATH';
  return planFor(onPath, context);
}

/** Downloads the tool as the SDKs do; a closed network answers within seconds. */
export async function downloadCli(
  context: ServerWish,
  log: (line: string) => void,
): Promise<Plan | string> {
  await fillCache(cacheName, {
    log,
    isThere: () => isExecutable(cachedPath()),
    make: async (folder) => {
      const { archiveUrl, fileToExtract } = await askForArchive();
      await withProgress(`Temporal: downloading its command line tool ${VERSION}`, {
        log,
        detail: () => '',
        work: () => fetchArchive(archiveUrl, { file: fileToExtract, folder }),
      });
    },
  });
  return planFor(cachedPath(), context);
}

/** The arguments of the development server, the same for the tool here and in a container. */
export function devServerArgs(where: {
  readonly slot: Slot;
  readonly ip: string;
  readonly database: string;
  readonly ports: Readonly<Record<string, number>>;
}): readonly string[] {
  const { ports } = where;
  const values = Object.entries(dynamicConfig).map(
    ([key, value]) => `${key}=${JSON.stringify(value)}`,
  );
  const pragmas = ['journal_mode=wal', `synchronous=${sqliteSynchronous(where.slot.profile)}`];
  return [
    'server',
    'start-dev',
    '--log-level=warn',
    `--ip=${where.ip}`,
    `--db-filename=${where.database}`,
    `--port=${ports['frontend']}`,
    `--http-port=${ports['http']}`,
    `--metrics-port=${ports['metrics']}`,
    `--ui-port=${ports['ui']}`,
    ...values.map((value) => `--dynamic-config-value=${value}`),
    ...pragmas.map((pragma) => `--sqlite-pragma=${pragma}`),
  ];
}

function planFor(program: string, { slot, wish }: ServerWish): Plan | string {
  const said = askProgram(program, ['--version']) ?? '';
  const server = /[Ss]erver (\d+)\.(\d+)[^,)]*/.exec(said);
  if (server === null) return `${program} does not tell the version of its server: ${said}`;
  if (isOlder([Number(server[1]), Number(server[2])])) {
    return `${program} holds ${server[0]}, ${OLDEST_SERVER.join('.')} is needed`;
  }
  return {
    label: `${server[0]}, command line tool ${program}`,
    portNames: ['frontend', 'http', 'metrics', 'ui'],
    program: (ports) => {
      const cwd = join(slot.folder, 'temporal-cli');
      if (!slot.durable) rmSync(cwd, { recursive: true, force: true });
      mkdirSync(cwd, { recursive: true });
      return {
        name: 'temporal',
        command: program,
        args: devServerArgs({ slot, ip: '127.0.0.1', database: 'temporal.db', ports }),
        cwd,
        stopSignal: 'SIGTERM',
        readyTimeoutMs: 60_000,
        answers: () => ensureNamespace({ ...wish, address: `127.0.0.1:${ports['frontend']}` }),
      };
    },
  };
}

function isOlder([major, minor]: readonly [number, number]): boolean {
  return major < OLDEST_SERVER[0] || (major === OLDEST_SERVER[0] && minor < OLDEST_SERVER[1]);
}

function cachedPath(): string {
  return join(cacheFolder(), cacheName, 'temporal');
}

type Archive = { readonly archiveUrl: string; readonly fileToExtract: string };

// The address and the answer are those of the SDK's own download
// (sdk-core, crates/sdk-core/src/ephemeral_server/mod.rs).
async function askForArchive(): Promise<Archive> {
  const base = process.env['WAYBILL_TEMPORAL_DOWNLOAD'] || 'https://temporal.download';
  const arch = process.arch === 'x64' ? 'amd64' : process.arch;
  const query = new URLSearchParams({ arch, platform: process.platform, format: 'tar.gz' });
  const url = `${base}/cli/v${VERSION}?${query.toString()}`;
  const answer = await fetch(url, { signal: AbortSignal.timeout(5_000) }).catch(() => {
    throw new Error(`${base} is not reachable`);
  });
  if (!answer.ok) throw new Error(`${url} answers ${answer.status}`);
  return (await answer.json()) as Archive;
}

async function fetchArchive(
  url: string,
  { file, folder }: { readonly file: string; readonly folder: string },
): Promise<void> {
  const answer = await fetch(url, { signal: AbortSignal.timeout(300_000) });
  if (!answer.ok) throw new Error(`${url} answers ${answer.status}`);
  const archive = join(folder, 'archive.tar.gz');
  writeFileSync(archive, Buffer.from(await answer.arrayBuffer()));
  await runTool(['tar', '-xzf', archive, '-C', folder, file]);
  chmodSync(join(folder, file), 0o755);
  rmSync(archive);
}
