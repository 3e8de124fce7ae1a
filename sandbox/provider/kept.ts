// What a fake provider knows, by id: in memory and, when it is given a file, as JSON lines, so that one that is started
// again forgets nothing. The last line of an id counts.
import { appendFileSync, existsSync, readFileSync } from 'node:fs';

type Named = { readonly id: string };
export type Kept<T extends Named> = {
  readonly records: ReadonlyMap<string, T>;
  readonly put: (record: T) => T;
};

function linesIn(file: string | undefined): readonly string[] {
  if (file === undefined || !existsSync(file)) return [];
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line.endsWith('}'));
}

export function openKept<T extends Named>(file: string | undefined): Kept<T> {
  const stored = linesIn(file).map((line) => JSON.parse(line) as T);
  const records = new Map(stored.map((each) => [each.id, each]));
  return {
    records,
    put(record) {
      records.set(record.id, record);
      if (file !== undefined) appendFileSync(file, `${JSON.stringify(record)}\n`);
      return record;
    },
  };
}
