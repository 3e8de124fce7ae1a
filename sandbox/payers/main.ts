// PayPal, CamPay and NouPay in one process, and their payers: `POST /confirm {provider, ref}` on --port is somebody who
// says yes at PayPal or on the phone, `GET /` lists what lies they have told, `POST /lies/settle` makes them honest. Ends cleanly on SIGTERM and SIGINT.
import { createServer } from 'node:http';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startCampay } from '../mobile-money/campay.ts';
import { startNoupay } from '../mobile-money/noupay.ts';
import { startPaypal } from '../paypal/server.ts';

const { values } = parseArgs({
  options: {
    port: { type: 'string' },
    'paypal-port': { type: 'string' },
    'campay-port': { type: 'string' },
    'noupay-port': { type: 'string' },
    'api-url': { type: 'string' },
    'webhook-secret': { type: 'string' },
    'state-folder': { type: 'string', default: '.' },
    'fault-rate': { type: 'string', default: '0' },
    'lie-rate': { type: 'string', default: '0' },
    seed: { type: 'string', default: '1' },
  },
});

const optionsOf = (name: 'paypal' | 'campay' | 'noupay') => ({
  port: Number(values[`${name}-port`]),
  latencyMs: 50,
  faultRate: Number(values['fault-rate']),
  lieRate: Number(values['lie-rate']),
  seed: Number(values.seed),
  webhookUrl: `${values['api-url']}/v1/webhooks/${name}`,
  webhookSecret: values['webhook-secret'],
  file: join(values['state-folder'], `${name}-state.jsonl`),
});
const paypal = await startPaypal(optionsOf('paypal'));
const campay = await startCampay(optionsOf('campay'));
const noupay = await startNoupay(optionsOf('noupay'));

const confirm: Readonly<Record<string, (ref: string) => boolean>> = {
  paypal: paypal.approve,
  campay: (ref) => campay.book.answer(ref),
  noupay: (ref) => noupay.book.answer(ref),
};

const liars = { paypal: paypal.lies, campay: campay.lies, noupay: noupay.lies };
const toldLies = () =>
  Object.entries(liars).flatMap(([provider, { told }]) =>
    told().map((lie) => ({ ...lie, provider })),
  );

const payers = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    if (request.method === 'GET') return response.end(JSON.stringify({ data: toldLies() }));
    if (request.url === '/lies/settle') {
      for (const { settle } of Object.values(liars)) settle();
      return response.end('{}');
    }
    const body = JSON.parse(Buffer.concat(chunks).toString('utf8')) as Record<string, string>;
    const said = confirm[body['provider'] ?? '']?.(body['ref'] ?? '') ?? false;
    response.writeHead(said ? 200 : 409).end('{}');
  });
});
payers.listen(Number(values.port), '127.0.0.1');

async function stop(): Promise<void> {
  payers.close();
  await Promise.all([paypal.close(), campay.close(), noupay.close()]);
  process.exit(0);
}
process.once('SIGTERM', () => void stop());
process.once('SIGINT', () => void stop());
