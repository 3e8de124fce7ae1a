// Locks and process marks: a dead owner's lock is taken over, a live one's never.
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { lockHolder, tryLock } from '../../scripts/local/lock.ts';
import { endProcess, isAlive, markOf, signalProcess } from '../../scripts/local/processes.ts';

const folder = mkdtempSync(join(tmpdir(), 'waybill-lock-'));

test('a lock is held by one at a time and is free again after its release', async () => {
  const path = join(folder, 'plain');
  const first = await tryLock(path);
  expect(first.kind).toBe('taken');
  expect(await tryLock(path)).toMatchObject({ kind: 'held', by: { pid: process.pid } });
  if (first.kind === 'taken') first.release();
  expect(lockHolder(path)).toBeUndefined();
  expect((await tryLock(path)).kind).toBe('taken');
});

test('of many that find the lock of a dead process, exactly one takes it over', async () => {
  const path = join(folder, 'stale');
  writeFileSync(
    path,
    JSON.stringify({ pid: process.pid, startedAs: 'another process of this pid' }),
  );
  const attempts = await Promise.all(Array.from({ length: 20 }, () => tryLock(path)));
  expect(attempts.filter(({ kind }) => kind === 'taken')).toHaveLength(1);
  expect(readdirSync(folder).filter((name) => name.startsWith('stale'))).toEqual(['stale']);
});

test('a process is signalled only while it is the one that was recorded', async () => {
  const child = spawn('sleep', ['60']);
  const mark = markOf(child.pid ?? 0);
  if (mark === undefined) throw new Error('sleep did not start');
  expect(signalProcess({ ...mark, startedAs: 'earlier' }, 'SIGKILL')).toBe(false);
  expect(isAlive(mark)).toBe(true);
  expect(await endProcess(mark, { signal: 'SIGTERM', graceMs: 5_000 })).toBe('ended');
  expect(isAlive(mark)).toBe(false);
  expect(await endProcess(mark, { signal: 'SIGTERM', graceMs: 5_000 })).toBe('absent');
});

test('a process that ignores the polite signal is killed', async () => {
  const child = spawn('sh', ['-c', 'trap "" TERM; echo ready; sleep 60 & wait; sleep 60']);
  await new Promise((resolve) => child.stdout.once('data', resolve));
  const mark = markOf(child.pid ?? 0);
  if (mark === undefined) throw new Error('sh did not start');
  expect(await endProcess(mark, { signal: 'SIGTERM', graceMs: 200 })).toBe('killed');
});
