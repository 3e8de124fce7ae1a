// Processes of this machine, known by pid AND start time, so that a pid given again to a stranger
// is never signalled. Everything that is killed by a recorded pid goes through here.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

/** A pid and an opaque text that no other process with the same pid can have. */
export type ProcessMark = { readonly pid: number; readonly startedAs: string };

/** The mark of a live process, or undefined when there is none (a zombie counts as none). */
export function markOf(pid: number): ProcessMark | undefined {
  const startedAs = process.platform === 'linux' ? startedOnLinux(pid) : startedOnUnix(pid);
  return startedAs === undefined ? undefined : { pid, startedAs };
}

export function isAlive(mark: ProcessMark): boolean {
  return markOf(mark.pid)?.startedAs === mark.startedAs;
}

/** Sends the signal if the process is still the one that was recorded; tells whether it was sent. */
export function signalProcess(mark: ProcessMark, signal: NodeJS.Signals): boolean {
  if (!isAlive(mark)) return false;
  try {
    process.kill(mark.pid, signal);
    return true;
  } catch {
    return false;
  }
}

/** Waits until the process is gone; false when it is still there after the time. */
async function waitUntilGone(mark: ProcessMark, timeoutMs: number): Promise<boolean> {
  const deadline = Date.now() + timeoutMs;
  while (isAlive(mark)) {
    if (Date.now() > deadline) return false;
    await delay(25);
  }
  return true;
}

/** Ends a process politely, then by SIGKILL; returns how it went ("absent" = was not running). */
export async function endProcess(
  mark: ProcessMark,
  how: { readonly signal: NodeJS.Signals; readonly graceMs: number },
): Promise<'absent' | 'ended' | 'killed'> {
  if (!signalProcess(mark, how.signal)) return 'absent';
  if (await waitUntilGone(mark, how.graceMs)) return 'ended';
  signalProcess(mark, 'SIGKILL');
  await waitUntilGone(mark, 5_000);
  return 'killed';
}

/** The command line of a process, empty when it cannot be read. */
export function commandLineOf(pid: number): string {
  try {
    if (process.platform === 'linux') return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
  return spawnSync('ps', ['-ww', '-o', 'command=', '-p', String(pid)], { encoding: 'utf8' }).stdout;
}

let bootId: string | undefined;

function startedOnLinux(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The second field is the command in brackets and may hold spaces; count from its end.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (fields[0] === 'Z' || fields[0] === 'X') return undefined;
    bootId ??= readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim().slice(0, 8);
    return `${bootId}:${fields[19] ?? ''}`;
  } catch {
    return undefined;
  }
}

function startedOnUnix(pid: number): string | undefined {
  const answer = spawnSync('ps', ['-o', 'stat=,lstart=', '-p', String(pid)], { encoding: 'utf8' });
  const line = answer.stdout.trim();
  if (answer.status !== 0 || line === '' || line.startsWith('Z')) return undefined;
  return line.replace(/^\S+\s+/, '');
}
