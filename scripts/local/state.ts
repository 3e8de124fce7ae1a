// Where a run keeps its state: `.waybill/<profile>/` of this checkout, one live owner each.
// A throwaway profile whose folder is in use takes the next one (`test-2`, …). What a run started
// is recorded in `services.json` at once, so that a later run can end what a killed one left.
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { lockHolder, tryLock } from './lock.ts';
import { isAlive, type ProcessMark } from './processes.ts';

export type Profile = 'start' | 'test' | 'bench';

/** A child process (or a container) as recorded on disk. */
export type ChildRecord = {
  readonly name: string;
  readonly mark: ProcessMark;
  readonly stopSignal: NodeJS.Signals;
  readonly container?: string | undefined;
};

export type SlotRecord = {
  readonly ports: Readonly<Record<string, number>>;
  readonly children: readonly ChildRecord[];
  /** Folders outside the checkout and docker volumes that `npm run reset` must delete. */
  readonly folders: readonly string[];
  readonly volumes: readonly string[];
};

export type Slot = {
  readonly profile: Profile;
  readonly folder: string;
  readonly durable: boolean;
  /** Short, unique per checkout and slot; used in names of containers and outside folders. */
  readonly id: string;
  readonly release: () => void;
};

export const checkout = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
export const stateRoot = join(checkout, '.waybill');
export const checkoutId = createHash('sha256').update(checkout).digest('hex').slice(0, 8);

const NO_RECORD: SlotRecord = { ports: {}, children: [], folders: [], volumes: [] };

/** Takes the profile's state folder, or refuses when a live run has it (profile "start"). */
export async function takeSlot(profile: Profile): Promise<Slot> {
  for (let number = 1; ; number++) {
    const name = number === 1 ? profile : `${profile}-${number}`;
    const folder = join(stateRoot, name);
    mkdirSync(join(folder, 'logs'), { recursive: true });
    const attempt = await tryLock(ownerLock(folder));
    if (attempt.kind === 'taken') {
      const id = `${checkoutId}-${name}`;
      return { profile, folder, durable: profile === 'start', id, release: attempt.release };
    }
    if (profile === 'start') {
      throw new Error(
        `Waybill is already running in this checkout (process ${attempt.by.pid}). ` +
          '`npm run stop` ends it.',
      );
    }
  }
}

/** The lock file that holds the owner of a state folder. */
export function ownerLock(folder: string): string {
  return join(folder, 'owner.lock');
}

/** The state folders of this checkout (of one profile, when given) with their live owners. */
export function listSlots(profile?: Profile): readonly {
  readonly folder: string;
  readonly owner: ProcessMark | undefined;
}[] {
  const names = foldersIn(stateRoot).filter(
    (name) => profile === undefined || name.replace(/-\d+$/, '') === profile,
  );
  return names.map((name) => {
    const folder = join(stateRoot, name);
    return { folder, owner: lockHolder(ownerLock(folder)) };
  });
}

export function readRecord(folder: string): SlotRecord {
  try {
    const found = JSON.parse(readFileSync(join(folder, 'services.json'), 'utf8')) as SlotRecord;
    return { ...NO_RECORD, ...found };
  } catch {
    return NO_RECORD;
  }
}

/** Changes the record; written whole to a new file and renamed, so a killed run leaves no half. */
export function updateRecord(folder: string, change: (record: SlotRecord) => SlotRecord): void {
  const file = join(folder, 'services.json');
  const text = JSON.stringify(change(readRecord(folder)), null, 2);
  writeFileSync(`${file}.new`, `${text}\n`);
  renameSync(`${file}.new`, file);
}

/** Remembers a child; the dead ones of the same name are forgotten. */
export function recordChild(folder: string, child: ChildRecord): void {
  updateRecord(folder, (record) => ({
    ...record,
    children: [
      ...record.children.filter((old) => old.name !== child.name || isAlive(old.mark)),
      child,
    ],
  }));
}

function foldersIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => entry.name);
  } catch {
    return [];
  }
}
