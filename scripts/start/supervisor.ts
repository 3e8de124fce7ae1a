// Runs the application's processes. One that ends without being asked is started again, after a pause
// that grows while it keeps ending; its output goes to a log file. Invariant: every process is recorded
// before anything waits for it, so a killed run leaves none behind for long.

import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { checkout } from '../local/state.ts';

export type ChildWish = {
  readonly name: string;
  /** A script of this checkout and its arguments. */
  readonly script: string;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly logFile: string;
  /** Resolves when it answers; tried until then. */
  readonly isReady: () => Promise<boolean>;
  readonly say: (line: string) => void;
  readonly record: (name: string, pid: number) => void;
};

export type Supervised = {
  readonly name: string;
  readonly kill: (signal: NodeJS.Signals) => void;
  /** How often it was started again. */
  readonly restarts: () => number;
  readonly stop: () => Promise<void>;
  /** After `stop`: resolves once it is ready again. */
  readonly start: () => Promise<void>;
};

const readyTimeoutMs = 60_000;
const firstPauseMs = 200;
const longestPauseMs = 5_000;
const steadyMs = 10_000;
const stopGraceMs = 12_000;

/** Resolves once the process is ready; throws with the log's name when it is not in a minute. */
export async function supervise(wish: ChildWish): Promise<Supervised> {
  let child: ChildProcess | undefined;
  let stopping = false;
  let restarts = 0;
  let pauseMs = firstPauseMs;
  let relaunch: NodeJS.Timeout | undefined;

  function launch(): void {
    const startedAt = Date.now();
    const started = spawnLogged(wish);
    child = started;
    started.once('exit', (code, signal) => {
      if (stopping) return;
      pauseMs =
        Date.now() - startedAt > steadyMs ? firstPauseMs : Math.min(pauseMs * 2, longestPauseMs);
      wish.say(
        `${wish.name} ended (${signal ?? `exit code ${code ?? '?'}`}); started again in ${pauseMs} ms`,
      );
      restarts += 1;
      relaunch = setTimeout(launch, pauseMs);
    });
  }

  async function stop(): Promise<void> {
    stopping = true;
    clearTimeout(relaunch);
    const ending = child;
    if (ending === undefined || hasEnded(ending)) return;
    const gone = new Promise<void>((resolve) => ending.once('exit', () => resolve()));
    ending.kill('SIGTERM');
    const timer = setTimeout(() => ending.kill('SIGKILL'), stopGraceMs);
    await gone;
    clearTimeout(timer);
  }

  async function start(): Promise<void> {
    stopping = false;
    launch();
    const before = restarts;
    if (await becomesReady(wish, () => restarts - before)) return;
    await stop();
    throw new Error(`${wish.name} did not become ready; see ${wish.logFile}`);
  }

  await start();
  return {
    name: wish.name,
    kill: (signal) => void child?.kill(signal),
    restarts: () => restarts,
    stop,
    start,
  };
}

const hasEnded = (child: ChildProcess): boolean =>
  child.exitCode !== null || child.signalCode !== null;

function spawnLogged({
  name,
  script,
  args = [],
  env = {},
  logFile,
  record,
}: ChildWish): ChildProcess {
  mkdirSync(dirname(logFile), { recursive: true });
  const log = openSync(logFile, 'a');
  const child = spawn(process.execPath, [script, ...args], {
    cwd: checkout,
    env: { ...process.env, ...env },
    stdio: ['ignore', log, log],
    // Ctrl-C is for the run alone: it stops its processes in order.
    detached: true,
  });
  closeSync(log);
  if (child.pid !== undefined) record(name, child.pid);
  return child;
}

const triesToStart = 4;

async function becomesReady({ isReady }: ChildWish, restarts: () => number): Promise<boolean> {
  const deadline = Date.now() + readyTimeoutMs;
  while (Date.now() < deadline && restarts() < triesToStart) {
    if (await isReady().catch(() => false)) return true;
    await delay(150);
  }
  return false;
}

/** Whether a GET is answered with 2xx. */
export async function answers(url: string): Promise<boolean> {
  const response = await fetch(url, { signal: AbortSignal.timeout(2_000) });
  await response.arrayBuffer();
  return response.ok;
}
