// Runs the fake Stripe as a process: `node sandbox/stripe/main.ts --port 0`. Prints one JSON line
// with its address when it listens, and nothing else. Ends cleanly on SIGTERM and SIGINT.
import { parseArgs } from 'node:util';
import { startStripeSandbox } from './server.ts';

const { values } = parseArgs({
  options: {
    host: { type: 'string', default: '127.0.0.1' },
    port: { type: 'string', default: '0' },
    state: { type: 'string' },
    seed: { type: 'string', default: '1' },
    'fault-rate': { type: 'string', default: '0' },
    'latency-ms': { type: 'string', default: '0' },
    'search-lag-ms': { type: 'string', default: '60000' },
    'webhook-url': { type: 'string' },
    'webhook-secret': { type: 'string', default: 'whsec_sandbox' },
  },
});

function readNumber(name: 'port' | 'seed' | 'fault-rate' | 'latency-ms' | 'search-lag-ms'): number {
  const value = Number(values[name]);
  if (Number.isFinite(value) && value >= 0) return value;
  throw new Error(`--${name} must be a number, not ${values[name]}`);
}

const sandbox = await startStripeSandbox({
  host: values.host,
  port: readNumber('port'),
  stateFile: values.state,
  seed: readNumber('seed'),
  faultRate: readNumber('fault-rate'),
  latencyMs: readNumber('latency-ms'),
  searchLagMs: readNumber('search-lag-ms'),
  webhooks: { url: values['webhook-url'], secret: values['webhook-secret'] },
});

async function stop(): Promise<void> {
  await sandbox.close();
  process.exit(0);
}
process.once('SIGTERM', () => void stop());
process.once('SIGINT', () => void stop());

process.stdout.write(`${JSON.stringify({ url: sandbox.url })}\n`);
