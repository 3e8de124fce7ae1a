// An append-only file of JSON lines. Invariant: a batch is written in one system call before the
// reply it belongs to, so it survives a SIGKILL of the process (not a power cut: no fsync); a line
// torn at the end is cut off when the file is opened again. Used by state.ts.
import { closeSync, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs';

export type Journal<Line> = {
  readonly append: (line: Line) => void;
  readonly flush: () => void;
  readonly close: () => void;
};

export type JournalOptions<Line> = {
  readonly file: string;
  /** Called for every line that is already in the file, in order. */
  readonly onLine: (line: Line) => void;
};

export function openJournal<Line>({ file, onLine }: JournalOptions<Line>): Journal<Line> {
  const descriptor = openSync(file, 'a+');
  const stored = readFileSync(file);
  const whole = stored.lastIndexOf('\n') + 1;
  if (whole < stored.length) ftruncateSync(descriptor, whole);
  for (const text of stored.toString('utf8', 0, whole).split('\n')) {
    if (text !== '') onLine(JSON.parse(text) as Line);
  }
  let pending = '';

  function flush(): void {
    if (pending === '') return;
    writeSync(descriptor, pending);
    pending = '';
  }

  return {
    append: (line) => {
      pending += `${JSON.stringify(line)}\n`;
    },
    flush,
    close: () => {
      flush();
      closeSync(descriptor);
    },
  };
}
