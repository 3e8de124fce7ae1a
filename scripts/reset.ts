// `npm run reset`: stops everything of this checkout and deletes its data.
import { spawnSync } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import { cacheFolder } from './local/cache.ts';
import { readFlags } from './local/flags.ts';
import { listSlots, readRecord } from './local/state.ts';
import { stopAll } from './local/stop-all.ts';

const flags = readFlags(
  `npm run reset [-- --cache]

Ends everything that runs from this checkout and deletes its databases, Temporal histories and logs.
  --cache   also deletes the programs obtained for every checkout (built Temporal servers)`,
  ['cache'],
);

for (const line of await stopAll()) console.log(line);

const records = listSlots().map(({ folder }) => ({ folder, ...readRecord(folder) }));
for (const volume of records.flatMap((record) => record.volumes)) {
  const { status } = spawnSync('docker', ['volume', 'rm', '--force', volume], { stdio: 'ignore' });
  console.log(
    status === 0 ? `deleted docker volume ${volume}` : `could not delete volume ${volume}`,
  );
}
const folders = records.flatMap((record) => [record.folder, ...record.folders]);
if (flags.has('cache')) folders.push(cacheFolder());
const present = [...new Set(folders)].filter((folder) => existsSync(folder));
for (const folder of present) {
  rmSync(folder, { recursive: true, force: true });
  console.log(`deleted ${folder}`);
}
if (present.length === 0) console.log('There was no data of this checkout.');
