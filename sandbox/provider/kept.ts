// What a fake provider knows, by id: in memory and, when it is given a file, as JSON lines, so that one that is started
// again forgets nothing. The last line of an id counts.
import { appendFileSync, existsSync, readFileSync } from 'node:fs';

type Named = { readonly id: string };
export type Kept<T extends Named> = {
  readonly records: ReadonlyMap<string, T>;
  readonly put: (record: T) => T;
  /** Runs it as if, and forgets everything that it put. */
  readonly pretend: <R>(run: () => R) => R;
};

export function linesIn(file: string | undefined): readonly string[] {
  if (file === undefined || !existsSync(file)) return [];
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line.endsWith('}'));
}

export function openKept<T extends Named>(file: string | undefined): Kept<T> {
  const stored = linesIn(file).map((line) => JSON.parse(line) as T);
  const records = new Map(stored.map((each) => [each.id, each]));
  let pretending = false;
  return {
    records,
    put(record) {
      records.set(record.id, record);
      if (file !== undefined && !pretending) appendFileSync(file, `${JSON.stringify(record)}\n`);
      return record;
    },
    pretend(run) {
      const before = [...records];
      pretending = true;
      try {
        return run();
      } finally {
        pretending = false;
        records.clear();
        for (const [id, record] of before) records.set(id, record);
      }
    },
  };
}
