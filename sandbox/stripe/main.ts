// Runs the fake Stripe as a process: `node sandbox/stripe/main.ts --port 0`. Prints one JSON line
// with its address when it listens, and nothing else. Ends cleanly on SIGTERM and SIGINT.
import { parseArgs } from 'node:util';
import { numberOf } from '../provider/flags.ts';
import { startStripeSandbox } from './server.ts';

const { values } = parseArgs({
  options: {
    host: { type: 'string', default: '127.0.0.1' },
    port: { type: 'string', default: '0' },
    state: { type: 'string' },
    seed: { type: 'string', default: '1' },
    'fault-rate': { type: 'string', default: '0' },
    'lie-rate': { type: 'string', default: '0' },
    'latency-ms': { type: 'string', default: '0' },
    'search-lag-ms': { type: 'string', default: '60000' },
    'webhook-url': { type: 'string' },
    'webhook-secret': { type: 'string', default: 'whsec_sandbox' },
  },
});

const sandbox = await startStripeSandbox({
  host: values.host,
  port: numberOf('port', values.port),
  stateFile: values.state,
  seed: numberOf('seed', values.seed),
  faultRate: numberOf('fault-rate', values['fault-rate']),
  lieRate: numberOf('lie-rate', values['lie-rate']),
  latencyMs: numberOf('latency-ms', values['latency-ms']),
  searchLagMs: numberOf('search-lag-ms', values['search-lag-ms']),
  webhooks: { url: values['webhook-url'], secret: values['webhook-secret'] },
});

async function stop(): Promise<void> {
  await sandbox.close();
  process.exit(0);
}
process.once('SIGTERM', () => void stop());
process.once('SIGINT', () => void stop());

process.stdout.write(`${JSON.stringify({ url: sandbox.url })}\n`);
