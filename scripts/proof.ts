// `npm run proof`: the long matrices that `npm test` plays a sample of: more random lives, more orders, longer pauses.

import { spawnSync } from 'node:child_process';

if (process.argv.includes('--help')) {
  console.log(
    'npm run proof [-- FILTER …]\n\nPlays the domain and end-to-end proofs at full length (about an hour).',
  );
  process.exit(0);
}
const filters = process.argv.slice(2);
const { status } = spawnSync(
  process.execPath,
  [
    'node_modules/vitest/vitest.mjs',
    'run',
    ...(filters.length > 0 ? filters : ['test/domain', 'test/e2e']),
  ],
  {
    stdio: 'inherit',
    env: { ...process.env, PROOF: '1', LIVES: process.env['LIVES'] ?? '100000' },
  },
);
process.exit(status ?? 1);
