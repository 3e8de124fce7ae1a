// Another version of the code under test: a copy of the checkout's programs with a few words changed, that runs and is
// bundled like the original.

import { cp, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { checkout } from '../../scripts/local/state.ts';

export type Patch = { readonly file: string; readonly from: string; readonly to: string };

/** All that a worker needs. */
const parts = [
  'activities',
  'adapters',
  'db',
  'dispatch',
  'domain',
  'worker',
  'workflows',
  'config.ts',
  'log.ts',
  'package.json',
];

/** Makes the copy in `folder`. Throws when a patch does not apply: the code has changed, change the patch. */
export async function copyCode(folder: string, patches: readonly Patch[]): Promise<string> {
  await mkdir(folder, { recursive: true });
  for (const part of parts) await cp(join(checkout, part), join(folder, part), { recursive: true });
  await symlink(join(checkout, 'node_modules'), join(folder, 'node_modules'));
  for (const { file, from, to } of patches) {
    const text = await readFile(join(folder, file), 'utf8');
    if (!text.includes(from)) throw new Error(`${file} does not hold: ${from}`);
    await writeFile(join(folder, file), text.replace(from, to));
  }
  return folder;
}

/** Every order sleeps first: an order that began without cannot be replayed. */
export const sleepsFirst: readonly Patch[] = [
  {
    file: 'workflows/order.ts',
    from: '  makeContinueAsNewFunc,\n',
    to: '  makeContinueAsNewFunc,\n  sleep,\n',
  },
  {
    file: 'workflows/order.ts',
    from: '    await handle(life, input.resume ? resuming : placing);',
    to: "    await sleep('1ms');\n    await handle(life, input.resume ? resuming : placing);",
  },
];

/** Other words for people, the same commands for the engine. */
export const otherWords: readonly Patch[] = [
  {
    file: 'workflows/provider.ts',
    from: '`hold ${formatMoney',
    to: '`reserve ${formatMoney',
  },
];

/** A bug: no order gets past its merchant's yes. Its workflow task fails and is tried again for ever. */
export const failsAtAccept: readonly Patch[] = [
  {
    file: 'workflows/life.ts',
    from: '  life.working = true;',
    to: "  life.working = true;\n  if (item.command.kind === 'accept') throw new Error('a bug of this version');",
  },
];

/** The same for every refund. */
export const refundsSleepFirst: readonly Patch[] = [
  { file: 'workflows/steps.ts', from: '  setHandler,\n', to: '  setHandler,\n  sleep,\n' },
  {
    file: 'workflows/steps.ts',
    from: '    for (;;) {\n',
    to: "    await sleep('1ms');\n    for (;;) {\n",
  },
];

/** A bug: a hold is called let go, and is not. */
export const skipsVoids: readonly Patch[] = [
  {
    file: 'adapters/stripe.ts',
    from: '    return stripe.paymentIntents.cancel(',
    to: "    if (providerRef !== '') return { status: 'voided' };\n    return stripe.paymentIntents.cancel(",
  },
];
