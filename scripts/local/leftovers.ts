// Ends what is recorded in a state folder: only processes that still are the ones recorded (pid and
// start time), and containers by their recorded name. Used for what a killed run left behind, and
// for whatever a run has started when it ends.
import { tryLock } from './lock.ts';
import { endProcess, isAlive, signalProcess } from './processes.ts';
import { removeContainer } from './program.ts';
import { listSlots, ownerLock, readRecord, updateRecord, type Slot } from './state.ts';

/** Ends them in order and waits; returns what was ended, one line each. */
export async function endRecorded(folder: string): Promise<readonly string[]> {
  const left = readRecord(folder).children.filter((child) => isAlive(child.mark));
  const ended = await Promise.all(
    left.map(async (child) => {
      if (child.container !== undefined) removeContainer(child.container);
      const outcome = await endProcess(child.mark, { signal: child.stopSignal, graceMs: 15_000 });
      return outcome === 'absent' ? [] : [`${child.name} (process ${child.mark.pid}) ${outcome}`];
    }),
  );
  updateRecord(folder, (record) => ({ ...record, children: [] }));
  return ended.flat();
}

/** Ends what killed runs of the same profile left, in this state folder and in those without owner. */
export async function endLeftovers(slot: Slot): Promise<readonly string[]> {
  const ended = [...(await endRecorded(slot.folder))];
  for (const { folder } of listSlots(slot.profile)) {
    const attempt = await tryLock(ownerLock(folder)); // held = a live run, whose children stay
    if (attempt.kind === 'held') continue;
    ended.push(...(await endRecorded(folder)));
    attempt.release();
  }
  return ended;
}

/** Sends the signals and does not wait. */
export function endRecordedNow(slot: Slot): void {
  for (const child of readRecord(slot.folder).children) {
    if (child.container !== undefined && isAlive(child.mark)) removeContainer(child.container);
    signalProcess(child.mark, slot.durable ? child.stopSignal : 'SIGKILL');
  }
}
