// The programs under test as child processes: started with the Node that runs the bench, their output in a log file
// of the run, ended with the run whatever ends it.

import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Services } from '../scripts/local/services.ts';

const checkout = fileURLToPath(new URL('..', import.meta.url));
const readyTimeoutMs = 60_000;

export type ChildWish = {
  readonly name: string;
  /** Path of the program inside the checkout. */
  readonly script: string;
  readonly args?: readonly string[];
  readonly nodeFlags?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Asked with the output so far until it says yes. */
  readonly isReady: (output: string) => boolean | Promise<boolean>;
  readonly onMessage?: (message: unknown) => void;
};

export type Child = {
  readonly pid: number;
  readonly output: () => string;
  /** SIGTERM; SIGKILL after fifteen seconds. Resolves once it is gone. */
  readonly stop: () => Promise<void>;
};

/** Resolves once the program is ready; throws with the end of its output when it does not come so far. */
export async function startChild(services: Services, wish: ChildWish): Promise<Child> {
  const path = join(services.folder, 'logs', `${wish.name}.log`);
  mkdirSync(join(services.folder, 'logs'), { recursive: true });
  const log = openSync(path, 'w');
  const child = spawn(
    process.execPath,
    [...(wish.nodeFlags ?? []), join(checkout, wish.script), ...(wish.args ?? [])],
    {
      cwd: checkout,
      env: { ...process.env, ...wish.env },
      stdio: ['ignore', log, log, 'ipc'],
      // A process group of its own: Ctrl-C reaches the bench alone, which ends its children in order.
      detached: true,
    },
  );
  closeSync(log);
  const output = (): string => readFileSync(path, 'utf8');
  let ended = false;
  const exit = new Promise<void>((resolve) => {
    child.once('exit', resolve).once('error', resolve);
  }).then(() => void (ended = true));
  if (wish.onMessage) child.on('message', wish.onMessage);
  const { pid } = child;
  if (pid === undefined) throw new Error(`${wish.name} cannot be started`);
  services.record(wish.name, pid);
  const deadline = Date.now() + readyTimeoutMs;
  while (!(await wish.isReady(output()))) {
    if (ended || Date.now() > deadline) {
      child.kill('SIGKILL');
      throw new Error(`${wish.name} did not get ready:\n${output().slice(-2_000)}`);
    }
    await delay(50);
  }
  return { pid, output, stop: () => end(child, exit) };
}

async function end(child: ReturnType<typeof spawn>, exit: Promise<void>): Promise<void> {
  child.kill('SIGTERM');
  const patience = setTimeout(() => child.kill('SIGKILL'), 15_000);
  await exit;
  clearTimeout(patience);
}
