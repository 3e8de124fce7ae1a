// Runs the fake partner fleet as a process: `node sandbox/partner-fleet/main.ts --port 0`. Prints one JSON line with its
// address when it listens. Ends cleanly on SIGTERM and SIGINT.
import { parseArgs } from 'node:util';
import { numberOf } from '../provider/flags.ts';
import { startPartnerFleet } from './server.ts';

const { values } = parseArgs({
  options: {
    host: { type: 'string', default: '127.0.0.1' },
    port: { type: 'string', default: '0' },
    state: { type: 'string' },
    currency: { type: 'string', default: 'USD' },
    'fee-hundredths': { type: 'string', default: '790' },
    'step-ms': { type: 'string', default: '5000' },
    'fault-rate': { type: 'string', default: '0' },
    'webhook-url': { type: 'string' },
    'webhook-secret': { type: 'string' },
  },
});

const sandbox = await startPartnerFleet({
  host: values.host,
  port: numberOf('port', values.port),
  file: values.state,
  currency: values.currency,
  feeHundredths: numberOf('fee-hundredths', values['fee-hundredths']),
  stepMs: numberOf('step-ms', values['step-ms']),
  mood: 'delivers',
  faultRate: numberOf('fault-rate', values['fault-rate']),
  webhookUrl: values['webhook-url'],
  webhookSecret: values['webhook-secret'],
});
// Partners repeat themselves.
sandbox.notices.set({ copies: 2 });

async function stop(): Promise<void> {
  await sandbox.close();
  process.exit(0);
}
process.once('SIGTERM', () => void stop());
process.once('SIGINT', () => void stop());

process.stdout.write(`${JSON.stringify({ url: sandbox.url })}\n`);
