// `npm run audit`: is anything lost, paid twice or left behind? Reads our rows, the provider's books, the
// clients' logs and the engine's workflows, and compares them. Exit code 1 on any breach.

import { parseArgs } from 'node:util';
import { partnerFleetOf, providersOf } from '../config.ts';
import { breachesIn, describeVerdicts, runChecks } from './audit/checks.ts';
import { loadAll, openSources, type AuditSources, type Opened } from './audit/load.ts';
import { selfCheck } from './audit/self-check.ts';
import { auditSourcesOf, readStack } from './start/stack.ts';

const usage = `npm run audit [-- options]

Without options: the stack that \`npm start\` has running.
  --database-url URL --temporal-address HOST:PORT --temporal-namespace NAME
  --stripe-api-base URL     the provider; without it the real Stripe
  --stripe-secret-key KEY   or STRIPE_SECRET_KEY in the environment
  PAYPAL_… CAMPAY_… NOUPAY_…  in the environment, as in .env.example: what they know of each payment
  PARTNER_FLEET_…           in the environment, as in .env.example: the partner fleet
  --client-log FILE         what clients were told, JSON lines; may be repeated
  --log-folder DIR          logs to search for people's data; may be repeated
  --metrics-url URL         metrics to search; may be repeated
  --histories N             how many workflow histories to search (default 200)
  --self-check              plant bugs into copies; every one must be seen`;

const { values } = parseArgs({
  options: {
    'database-url': { type: 'string' },
    'temporal-address': { type: 'string' },
    'temporal-namespace': { type: 'string' },
    'stripe-api-base': { type: 'string' },
    'stripe-secret-key': { type: 'string' },
    'client-log': { type: 'string', multiple: true },
    'log-folder': { type: 'string', multiple: true },
    'metrics-url': { type: 'string', multiple: true },
    histories: { type: 'string', default: '200' },
    'self-check': { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

function sourcesAsked(): AuditSources {
  const databaseUrl = values['database-url'];
  const running = databaseUrl === undefined ? auditSourcesOf(readStack()) : undefined;
  const historySample = Number(values.histories);
  if (!Number.isInteger(historySample) || historySample < 0)
    throw new Error(`--histories must be a whole number, not ${values.histories}`);
  const chosen = {
    databaseUrl: databaseUrl ?? running?.databaseUrl,
    temporalAddress: values['temporal-address'] ?? running?.temporalAddress,
    stripeSecretKey:
      values['stripe-secret-key'] ?? running?.stripeSecretKey ?? process.env['STRIPE_SECRET_KEY'],
  };
  const { databaseUrl: database, temporalAddress, stripeSecretKey } = chosen;
  if (database === undefined || temporalAddress === undefined || stripeSecretKey === undefined) {
    throw new Error('with --database-url also give --temporal-address and --stripe-secret-key');
  }
  return {
    databaseUrl: database,
    temporalAddress,
    stripeSecretKey,
    temporalNamespace: values['temporal-namespace'] ?? running?.temporalNamespace ?? 'default',
    stripeApiBase: values['stripe-api-base'] ?? running?.stripeApiBase,
    providers: running ? running.providers : providersOf(process.env),
    partnerFleet: running ? running.partnerFleet : partnerFleetOf(process.env),
    clientLogs: values['client-log'] ?? running?.clientLogs ?? [],
    logFolders: values['log-folder'] ?? running?.logFolders ?? [],
    metricsUrls: values['metrics-url'] ?? running?.metricsUrls ?? [],
    historySample,
  };
}

async function audit(opened: Opened): Promise<boolean> {
  const data = await loadAll(opened);
  const verdicts = runChecks(data);
  for (const line of describeVerdicts(verdicts)) console.log(line);
  const breaches = breachesIn(verdicts);
  console.log(
    breaches === 0 ? `${data.orders.length} orders: no breach.` : `${breaches} breaches.`,
  );
  if (!values['self-check']) return breaches === 0;
  const outcomes = await selfCheck(opened, data);
  console.log('\nThe audit tries itself:');
  for (const { bug, outcome } of outcomes)
    console.log(
      `${outcome === 'seen' ? 'ok    ' : 'MISSED'} ${bug.name}: ${outcome} (${bug.seenBy})`,
    );
  return breaches === 0 && outcomes.every(({ outcome }) => outcome === 'seen');
}

async function main(): Promise<void> {
  if (values.help) return console.log(usage);
  const opened = await openSources(sourcesAsked());
  try {
    if (!(await audit(opened))) process.exitCode = 1;
  } finally {
    await opened.close();
  }
}

await main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 2;
});
