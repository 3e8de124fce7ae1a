// Binaries that were obtained once, by version, outside the checkout; and the two helpers to run
// the tools that obtain them with progress shown.
import { spawn, spawnSync } from 'node:child_process';
import {
  accessSync,
  constants,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { lock } from './lock.ts';

export function cacheFolder(): string {
  const { WAYBILL_CACHE: own, XDG_CACHE_HOME: shared } = process.env;
  return own || join(shared || join(homedir(), '.cache'), 'waybill');
}

export function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** The full path of a program on PATH or in one of the further folders. */
export function findProgram(name: string, folders: readonly string[] = []): string | undefined {
  const all = [...(process.env['PATH'] ?? '').split(delimiter), ...folders];
  return all.map((folder) => join(folder, name)).find((path) => isExecutable(path));
}

/** The first output line of `program args`, or undefined when it fails. */
export function askProgram(program: string, args: readonly string[]): string | undefined {
  const answer = spawnSync(program, args, { encoding: 'utf8', timeout: 20_000 });
  return answer.status === 0 ? answer.stdout.trim().split('\n')[0] : undefined;
}

/**
 * Fills `<cache>/<name>/` by `make`, which works in a temporary folder that is renamed when it is
 * whole; a killed build is never taken for one. Two at once: the second waits and finds the first's.
 */
export async function fillCache(
  name: string,
  how: {
    readonly isThere: () => boolean;
    readonly make: (folder: string) => Promise<void>;
    readonly log: (line: string) => void;
  },
): Promise<void> {
  if (how.isThere()) return;
  const root = cacheFolder();
  mkdirSync(root, { recursive: true });
  let told = false;
  const release = await lock(join(root, `${name}.lock`), (by) => {
    if (!told) how.log(`waiting for process ${by.pid}, which is obtaining ${name}`);
    told = true;
  });
  for (const left of readdirSync(root).filter((entry) => entry.startsWith(`.${name}-`))) {
    rmSync(join(root, left), { recursive: true, force: true });
  }
  const temporary = mkdtempSync(join(root, `.${name}-`));
  try {
    if (how.isThere()) return;
    await how.make(temporary);
    rmSync(join(root, name), { recursive: true, force: true });
    mkdirSync(dirname(join(root, name)), { recursive: true });
    renameSync(temporary, join(root, name));
  } finally {
    rmSync(temporary, { recursive: true, force: true });
    release();
  }
}

/** Runs a tool to its end; rejects with the last lines of its output. Lines go to `onLine`. */
export function runTool(
  command: readonly [string, ...string[]],
  how: {
    readonly env?: Readonly<Record<string, string>>;
    readonly onLine?: (line: string) => void;
    readonly timeoutMs?: number;
  } = {},
): Promise<void> {
  return new Promise((resolve, reject) => {
    const [program, ...args] = command;
    const child = spawn(program, args, {
      env: { ...process.env, ...how.env },
      stdio: ['ignore', 'pipe', 'pipe'],
      ...(how.timeoutMs === undefined ? {} : { timeout: how.timeoutMs }),
    });
    const endNow = (): void => void child.kill('SIGKILL');
    process.once('exit', endNow);
    let output = '';
    const read = (chunk: Buffer): void => {
      output = (output + chunk.toString('utf8')).slice(-4_000);
      for (const line of chunk.toString('utf8').split('\n')) if (line !== '') how.onLine?.(line);
    };
    child.stdout.on('data', read);
    child.stderr.on('data', read);
    child.once('error', reject);
    child.once('close', (code, signal) => {
      process.removeListener('exit', endNow);
      if (code === 0) resolve();
      else
        reject(new Error(`${command.join(' ')} failed (${signal ?? code})\n${lastLines(output)}`));
    });
  });
}

function lastLines(text: string): string {
  return text.trim().split('\n').slice(-6).join('\n');
}
