// Which instances a folder holds.

import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

const isInstance = (folder: string): Promise<boolean> =>
  stat(join(folder, 'orders.txt')).then(
    () => true,
    () => false,
  );

/** Names relative to `folder`; '.' when it is an instance itself. */
export async function instancesIn(folder: string): Promise<readonly string[]> {
  if (await isInstance(folder)) return ['.'];
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => {
    throw new Error(`--instances ${folder} cannot be read`);
  });
  const names = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  if (names.length === 0) throw new Error(`--instances ${folder} holds no instance`);
  return names.toSorted();
}
