// Brings up everything that a day needs: services, schema, the provider's sandbox, API and worker, each in
// a process of its own. What it started it also stops, in order. Called by `npm start`.

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { migrate } from '../../db/migrate.ts';
import { pickPorts } from '../local/ports.ts';
import { startServices, type Services } from '../local/services.ts';
import { checkout } from '../local/state.ts';
import {
  clientLogFolder,
  findStack,
  partnerEnvironment,
  providerEnvironment,
  startFolder,
  takeSecrets,
  urlOf,
  writeStack,
  type Secrets,
  type Stack,
} from './stack.ts';
import { answers, supervise, type ChildWish, type Supervised } from './supervisor.ts';

export type House = {
  readonly stack: Stack;
  readonly secrets: Secrets;
  readonly services: Services;
  readonly worker: Supervised;
  readonly api: Supervised;
  /** Where payers of PayPal and mobile money say yes. */
  readonly payersUrl: string;
  readonly stop: () => Promise<void>;
};

export type HouseWish = {
  readonly say: (line: string) => void;
  readonly stripeLatencyMs: number;
  readonly faultRate: number;
  readonly lieRate: number;
  /** Of the providers' faults and lies. */
  readonly seed: number;
};

type Building = HouseWish & {
  readonly services: Services;
  readonly secrets: Secrets;
  readonly stack: Stack;
};

/** Ports that people type by heart, taken when they are free. */
const usualPorts = { api: 8080, worker: 9464, stripe: 12111, fleet: 12112 };

/** Stops what it has started when a part does not come up. */
export async function buildHouse(wish: HouseWish): Promise<House> {
  const services = await startServices({ profile: 'start', log: wish.say, withUi: true });
  const children: Supervised[] = [];
  const stop = async (): Promise<void> => {
    // Newest first: the API takes no more orders before the worker ends.
    for (const child of children.toReversed()) await child.stop();
    await services.stop();
  };
  try {
    mkdirSync(clientLogFolder, { recursive: true });
    const secrets = takeSecrets();
    const applied = await migrate(services.databaseUrl);
    if (applied.length > 0) wish.say(`schema: ${applied.join(', ')}`);
    const stack = await planStack(services);
    const building = { ...wish, services, secrets, stack };
    const start = async (child: ChildWish): Promise<Supervised> => {
      const started = await supervise(child);
      children.push(started);
      return started;
    };
    await start(stripeSandbox(building));
    await start(otherProviders(building));
    await start(fleetSandbox(building));
    const worker = await start(workerProcess(building));
    const api = await start(apiProcess(building));
    writeStack(stack);
    const payersUrl = urlOf(stack, 'payers');
    return { stack, secrets, services, worker, api, payersUrl, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function planStack(services: Services): Promise<Stack> {
  const names = ['api', 'worker', 'stripe', 'fleet', 'payers', 'paypal', 'campay', 'noupay'];
  const ports = await pickPorts(names, findStack()?.ports ?? usualPorts);
  const url = (name: string): string => `http://127.0.0.1:${ports[name] ?? 0}`;
  const { databaseUrl, temporalAddress, temporalNamespace, temporalMetricsUrl } = services;
  return {
    databaseUrl,
    temporalAddress,
    temporalNamespace,
    stripeApiBase: url('stripe'),
    partnerFleetUrl: url('fleet'),
    apiUrl: url('api'),
    metricsUrls: [
      `${url('api')}/metrics`,
      `${url('worker')}/metrics`,
      ...(temporalMetricsUrl === undefined ? [] : [temporalMetricsUrl]),
    ],
    ports,
  };
}

const common = ({ say, services }: Building, name: string) => ({
  name,
  say,
  record: services.record,
  logFile: join(startFolder, `${name}.log`),
});

const liarFlags = ({ lieRate, seed }: Building): readonly string[] => [
  '--lie-rate',
  String(lieRate),
  '--seed',
  String(seed),
];

const stripeSandbox = (building: Building): ChildWish => ({
  ...common(building, 'stripe-sandbox'),
  script: join(checkout, 'sandbox/stripe/main.ts'),
  args: [
    '--port',
    String(building.stack.ports['stripe']),
    '--state',
    join(startFolder, 'stripe-state.jsonl'),
    '--latency-ms',
    String(building.stripeLatencyMs),
    '--fault-rate',
    String(building.faultRate),
    ...liarFlags(building),
    '--webhook-url',
    `${building.stack.apiUrl}/v1/webhooks/stripe`,
    '--webhook-secret',
    building.secrets.stripeWebhookSecret,
  ],
  isReady: () => answers(`${building.stack.stripeApiBase}/sandbox/health`),
});

const fleetSandbox = (building: Building): ChildWish => ({
  ...common(building, 'partner-fleet-sandbox'),
  script: join(checkout, 'sandbox/partner-fleet/main.ts'),
  args: [
    '--port',
    String(building.stack.ports['fleet']),
    '--state',
    join(startFolder, 'partner-fleet-state.jsonl'),
    '--fault-rate',
    String(building.faultRate),
    '--webhook-url',
    `${building.stack.apiUrl}/v1/webhooks/partner-fleet`,
    '--webhook-secret',
    building.secrets.stripeWebhookSecret,
  ],
  isReady: () => answers(`${building.stack.partnerFleetUrl}/sandbox/health`),
});

const otherProviders = (building: Building): ChildWish => ({
  ...common(building, 'payers'),
  script: join(checkout, 'sandbox/payers/main.ts'),
  args: [
    ...['paypal', 'campay', 'noupay'].flatMap((name) => [
      `--${name}-port`,
      String(building.stack.ports[name]),
    ]),
    '--port',
    String(building.stack.ports['payers']),
    '--api-url',
    building.stack.apiUrl,
    '--fault-rate',
    String(building.faultRate),
    ...liarFlags(building),
    '--state-folder',
    startFolder,
    '--webhook-secret',
    building.secrets.stripeWebhookSecret,
  ],
  isReady: () => answers(urlOf(building.stack, 'payers')),
});

function environmentOf(building: Building): Readonly<Record<string, string>> {
  const { services, secrets, stack } = building;
  return {
    ...providerEnvironment(stack),
    DATABASE_URL: services.databaseUrl,
    REDIS_URL: services.redisUrl,
    TEMPORAL_ADDRESS: services.temporalAddress,
    TEMPORAL_NAMESPACE: services.temporalNamespace,
    STRIPE_SECRET_KEY: secrets.stripeSecretKey,
    STRIPE_API_BASE: stack.stripeApiBase,
    STRIPE_WEBHOOK_SECRET: secrets.stripeWebhookSecret,
    ...partnerEnvironment(stack),
    WAYBILL_MASTER_KEY: secrets.masterKey,
    WAYBILL_ADMIN_KEY: secrets.adminKey,
    HOST: '127.0.0.1',
  };
}

const workerProcess = (building: Building): ChildWish => ({
  ...common(building, 'worker'),
  script: join(checkout, 'worker/main.ts'),
  env: {
    ...environmentOf(building),
    METRICS_PORT: String(building.stack.ports['worker']),
    // The only worker there is: after a change of the code it goes on with the orders of yesterday's.
    WAYBILL_PROMOTE: 'always',
  },
  isReady: () => answers(`http://127.0.0.1:${building.stack.ports['worker']}/metrics`),
});

const apiProcess = (building: Building): ChildWish => ({
  ...common(building, 'api'),
  script: join(checkout, 'api/main.ts'),
  env: { ...environmentOf(building), PORT: String(building.stack.ports['api']) },
  isReady: () => answers(`${building.stack.apiUrl}/health/detailed`),
});
