// Ends everything that runs from this checkout. The owner of each state folder (`npm start`, a test
// run) is asked first, so that it ends its own processes in order; then what is left.
import { endRecorded } from './leftovers.ts';
import { endProcess } from './processes.ts';
import { listSlots } from './state.ts';

/** Returns what was ended, one line each. */
export async function stopAll(): Promise<readonly string[]> {
  const lines = await Promise.all(
    listSlots().map(async ({ folder, owner }) => {
      const name = folder.split('/').at(-1) ?? folder;
      const ended: string[] = [];
      if (owner !== undefined && owner.pid !== process.pid) {
        const outcome = await endProcess(owner, { signal: 'SIGTERM', graceMs: 30_000 });
        ended.push(`${name}: the run itself (process ${owner.pid}) ${outcome}`);
      }
      ended.push(...(await endRecorded(folder)).map((line) => `${name}: ${line}`));
      return ended;
    }),
  );
  return lines.flat();
}
