// A lock as a file holding the mark of its owner: the lock of a dead process is taken over.
// Used for state folders (one run each) and for the cache (one build at a time).
import { linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { isAlive, markOf, type ProcessMark } from './processes.ts';

export type LockAttempt =
  | { readonly kind: 'taken'; readonly release: () => void }
  | { readonly kind: 'held'; readonly by: ProcessMark };

/** Tries once. Atomic: the file appears with its content (hard link), never half written. */
export async function tryLock(path: string): Promise<LockAttempt> {
  const mine = markOf(process.pid);
  if (mine === undefined) throw new Error('cannot read the start time of this process');
  for (;;) {
    if (linkInto(path, mine))
      return { kind: 'taken', release: () => rmSync(path, { force: true }) };
    const holder = readMark(path);
    if (holder !== undefined && isAlive(holder)) return { kind: 'held', by: holder };
    await removeStale(path, mine);
  }
}

/** Waits for the lock as long as it takes; `onWait` is told every second who holds it. */
export async function lock(path: string, onWait: (by: ProcessMark) => void): Promise<() => void> {
  for (;;) {
    const attempt = await tryLock(path);
    if (attempt.kind === 'taken') return attempt.release;
    onWait(attempt.by);
    await delay(1_000);
  }
}

/** The mark of the live owner of a lock, if there is one. */
export function lockHolder(path: string): ProcessMark | undefined {
  const holder = readMark(path);
  return holder !== undefined && isAlive(holder) ? holder : undefined;
}

let count = 0;

function linkInto(path: string, mine: ProcessMark): boolean {
  const temporary = `${path}.${mine.pid}.${count++}`;
  writeFileSync(temporary, JSON.stringify(mine));
  try {
    linkSync(temporary, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    rmSync(temporary, { force: true });
  }
}

// Two processes may find the same stale lock; only the one holding the guard may remove it, and it
// looks again first, so a lock taken meanwhile is never removed.
async function removeStale(path: string, mine: ProcessMark): Promise<void> {
  const guard = `${path}.guard`;
  if (!linkInto(guard, mine)) {
    const holder = readMark(guard);
    if (holder === undefined || !isAlive(holder)) rmSync(guard, { force: true });
    await delay(20);
    return;
  }
  const holder = readMark(path);
  if (holder === undefined || !isAlive(holder)) rmSync(path, { force: true });
  rmSync(guard, { force: true });
}

function readMark(path: string): ProcessMark | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as ProcessMark;
  } catch {
    return undefined;
  }
}
