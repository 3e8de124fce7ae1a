// What processes have used so far, from /proc: CPU seconds and resident memory. Linux only; elsewhere nothing is known.

import { readdirSync, readFileSync } from 'node:fs';

/** Linux counts CPU time for user space in hundredths of a second, on every architecture (USER_HZ). */
const ticksPerSecond = 100;

type Stat = {
  readonly pid: number;
  readonly parent: number;
  readonly ownS: number;
  readonly reapedS: number;
};

function statOf(pid: number): Stat | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The second field is the command in brackets and may hold spaces: count from its end. proc_pid_stat(5)
    const fields = text
      .slice(text.lastIndexOf(')') + 2)
      .split(' ')
      .map(Number);
    const [parent = 0] = fields.slice(1);
    const [user = 0, system = 0, childUser = 0, childSystem = 0] = fields.slice(11);
    return {
      pid,
      parent,
      ownS: (user + system) / ticksPerSecond,
      reapedS: (childUser + childSystem) / ticksPerSecond,
    };
  } catch {
    return undefined;
  }
}

const allPids = (): readonly number[] => readdirSync('/proc').map(Number).filter(Number.isInteger);

/**
 * CPU seconds of a process, its living children and those it has outlived; 0 when it is gone or unknown. The bench
 * itself counts without its children: they are the programs under test.
 */
function cpuSecondsOf(pid: number | undefined): number {
  const root = pid === undefined || process.platform !== 'linux' ? undefined : statOf(pid);
  if (!root) return 0;
  if (pid === process.pid) return root.ownS;
  const children = allPids().flatMap((other) => {
    const stat = statOf(other);
    return stat?.parent === root.pid ? [stat] : [];
  });
  return children.reduce((sum, child) => sum + child.ownS, root.ownS + root.reapedS);
}

/** CPU seconds that everything on this machine has used since it started; 0 where unknown. */
export function machineCpuSeconds(): number {
  if (process.platform !== 'linux') return 0;
  const [user = 0, nice = 0, system = 0, , , irq = 0, softIrq = 0] = readFileSync(
    '/proc/stat',
    'utf8',
  )
    .slice(0, 200)
    .split(/\s+/, 9)
    .slice(1)
    .map(Number);
  return (user + nice + system + irq + softIrq) / ticksPerSecond;
}

/** Resident memory in bytes; undefined when the process is gone. */
export function residentBytesOf(pid: number): number | undefined {
  try {
    const kibibytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return kibibytes === undefined ? undefined : Number(kibibytes) * 1_024;
  } catch {
    return undefined;
  }
}

export type Pids = Readonly<Record<string, number | undefined>>;
export type CpuSeconds = Readonly<Record<string, number>>;

export const cpuOf = (pids: Pids): CpuSeconds =>
  Object.fromEntries(Object.entries(pids).map(([name, pid]) => [name, cpuSecondsOf(pid)]));

/** What was used between two readings. */
export const cpuBetween = (before: CpuSeconds, after: CpuSeconds): CpuSeconds =>
  Object.fromEntries(
    Object.entries(after).map(([name, value]) => [name, value - (before[name] ?? 0)]),
  );
