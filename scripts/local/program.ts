// A server program as a child process of this run: started, awaited until it answers, recorded on
// disk, stopped, killed and brought back on the same ports and data. The child has a process group
// of its own (Ctrl-C reaches this process alone, which then stops the children in order) and writes
// to a log file, so it survives nothing but is never ended by a closed pipe.
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { closeSync, openSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { endProcess, isAlive, markOf, signalProcess } from './processes.ts';
import type { ProcessMark } from './processes.ts';
import { recordChild, type Slot } from './state.ts';

export type Program = {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** The operating system's user to run as; undefined = the present one. */
  readonly user?: { readonly uid: number; readonly gid: number } | undefined;
  readonly stopSignal: NodeJS.Signals;
  readonly readyTimeoutMs: number;
  /** Name of the docker container that the command runs, when it does. */
  readonly container?: string | undefined;
  /** Called again and again until it resolves; must give up by itself within a few seconds. */
  readonly answers: () => Promise<void>;
};

export type Running = {
  readonly name: string;
  readonly pid: () => number | undefined;
  readonly stop: () => Promise<void>;
  readonly kill: (signal: NodeJS.Signals) => Promise<void>;
  /** Stops the program if it runs and starts it again; resolves once it answers. */
  readonly restart: () => Promise<void>;
};

type Child = { readonly process: ChildProcess; readonly mark: ProcessMark };

/** Starts the program and resolves once it answers; throws with the end of its log otherwise. */
export async function startProgram(
  program: Program,
  context: { readonly slot: Slot; readonly log: (line: string) => void },
): Promise<Running> {
  const { slot, log } = context;
  let stopping = false;
  let child: Child | undefined;
  const onExit = (code: number | null, signal: string | null): void => {
    if (!stopping)
      log(`${program.name} ended by itself (${signal ?? code}): ${logPath(slot, program)}`);
  };
  const begin = async (): Promise<void> => {
    stopping = true; // until it answers, its end is reported by the error below
    child = await launch(program, slot);
    child.process.once('exit', onExit);
    await untilReady(program, { slot, child });
    stopping = false;
  };
  const end = async (): Promise<void> => {
    stopping = true;
    if (child !== undefined) await endChild(program, { child, slot });
  };
  if (!slot.durable) rmSync(logPath(slot, program), { force: true });
  await begin();
  return {
    name: program.name,
    pid: () => (child !== undefined && isAlive(child.mark) ? child.mark.pid : undefined),
    stop: end,
    kill: async (signal) => {
      if (child === undefined) return;
      stopping = signal !== 'SIGSTOP' && signal !== 'SIGCONT';
      if (program.container !== undefined) dockerKill(program.container, signal);
      else signalProcess(child.mark, signal);
      if (stopping) await reaped(child, 15_000);
    },
    restart: async () => {
      await end();
      await insist(begin);
    },
  };
}

// After a SIGKILL the helpers of the old server may hold its data or memory for a moment.
async function insist(begin: () => Promise<void>): Promise<void> {
  const deadline = Date.now() + 10_000;
  for (;;) {
    const failure = await begin().then(
      () => undefined,
      (error: unknown) => error,
    );
    if (failure === undefined) return;
    if (Date.now() > deadline) throw failure;
    await delay(250);
  }
}

function logPath(slot: Slot, program: Program): string {
  return join(slot.folder, 'logs', `${program.name}.log`);
}

/** The last lines of a text, for error messages. */
export function tail(text: string, lines: number): string {
  return text.trim().split('\n').slice(-lines).join('\n');
}

export function removeContainer(name: string): void {
  spawnSync('docker', ['rm', '--force', name], { stdio: 'ignore' });
}

async function launch(program: Program, slot: Slot): Promise<Child> {
  if (program.container !== undefined) removeContainer(program.container);
  const output = openSync(logPath(slot, program), 'a');
  try {
    const started = spawn(program.command, program.args, {
      cwd: program.cwd,
      env: { ...process.env, ...program.env },
      stdio: ['ignore', output, output],
      detached: true,
      ...program.user,
    });
    const failure = new Promise<Error>((resolve) => started.once('error', resolve));
    const mark = started.pid === undefined ? undefined : markOf(started.pid);
    if (mark === undefined) {
      const reason = await Promise.race([failure, delay(500, new Error('it ended at once'))]);
      throw new Error(`${program.command}: ${reason.message}\n${readLogEnd(slot, program)}`);
    }
    started.unref();
    const { name, stopSignal, container } = program;
    recordChild(slot.folder, { name, stopSignal, container, mark });
    return { process: started, mark };
  } finally {
    closeSync(output);
  }
}

async function untilReady(
  program: Program,
  { slot, child }: { readonly slot: Slot; readonly child: Child },
): Promise<void> {
  const deadline = Date.now() + program.readyTimeoutMs;
  for (;;) {
    const failure = await program.answers().then(
      () => undefined,
      (error: unknown) => error,
    );
    if (failure === undefined && isAlive(child.mark)) return;
    const ended = !isAlive(child.mark);
    if (ended || Date.now() > deadline) {
      await endChild(program, { child, slot });
      const what = ended ? 'ended before it answered' : `no answer: ${String(failure)}`;
      throw new Error(`${program.name} ${what}\n${readLogEnd(slot, program)}`);
    }
    await delay(50);
  }
}

async function endChild(
  program: Program,
  { child, slot }: { readonly child: Child; readonly slot: Slot },
): Promise<void> {
  const signal = slot.durable ? program.stopSignal : 'SIGKILL';
  if (program.container !== undefined) removeContainer(program.container);
  const outcome = await endProcess(child.mark, { signal, graceMs: 15_000 });
  if (outcome !== 'absent') await reaped(child, 5_000);
}

// Every thread is gone and its files and ports are free; "not alive" may come a moment before.
async function reaped({ process: child }: Child, timeoutMs: number): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (child.exitCode === null && child.signalCode === null && Date.now() < deadline) {
    await delay(10);
  }
}

function dockerKill(container: string, signal: NodeJS.Signals): void {
  spawnSync('docker', ['kill', `--signal=${signal}`, container], { stdio: 'ignore' });
}

function readLogEnd(slot: Slot, program: Program): string {
  try {
    return tail(readFileSync(logPath(slot, program), 'utf8'), 8);
  } catch {
    return '';
  }
}
