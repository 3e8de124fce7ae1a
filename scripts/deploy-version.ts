// `npm run deploy:version`: `worker/deploy.ts` for the engine in the environment, else for the stack of `npm start`.

import { findStack } from './start/stack.ts';

const stack = process.env['TEMPORAL_ADDRESS'] ? undefined : findStack();
if (stack !== undefined) {
  process.env['TEMPORAL_ADDRESS'] = stack.temporalAddress;
  process.env['TEMPORAL_NAMESPACE'] = stack.temporalNamespace;
}
await import('../worker/deploy.ts');
