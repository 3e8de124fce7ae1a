// Brings the services of a profile up, prints their addresses as JSON and waits until Ctrl-C.
//   node scripts/local/up.ts --profile start|test|bench [--ui]
import { parseArgs } from 'node:util';
import { startServices } from './services.ts';
import type { Profile } from './state.ts';

const { values } = parseArgs({
  options: {
    profile: { type: 'string', default: 'bench' },
    ui: { type: 'boolean', default: false },
  },
});
const profiles: readonly string[] = ['start', 'test', 'bench'];
if (!profiles.includes(values.profile))
  throw new Error(`--profile is one of ${profiles.join(', ')}`);

try {
  const services = await startServices({
    profile: values.profile as Profile,
    withUi: values.ui,
    log: (line) => console.error(line),
  });
  const addresses = Object.entries(services).filter(([, value]) => typeof value !== 'function');
  console.log(JSON.stringify(Object.fromEntries(addresses), null, 2));
  setInterval(() => undefined, 60_000); // the services alone do not keep this process alive
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
