// Which matching engine plans here: a hash of its code. A stored round is compared only with a plan of the same code.

import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';

const root = new URL('../', import.meta.url);
const files = [
  ...readdirSync(new URL('dispatch/', root))
    .filter((name) => name.endsWith('.ts'))
    .toSorted()
    .map((name) => `dispatch/${name}`),
  'domain/geo.ts',
];

/** Twelve hex digits. */
export const engineId = files
  .reduce((hash, name) => hash.update(readFileSync(new URL(name, root))), createHash('sha256'))
  .digest('hex')
  .slice(0, 12);
