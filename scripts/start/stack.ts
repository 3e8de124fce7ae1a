// What a running `npm start` tells others (the audit, curl): addresses in `.waybill/start/stack.json`,
// secrets in `secrets.json` beside it, both readable by the owner alone.

import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { AuditSources } from '../audit/load.ts';
import { partnerFleetOf, providersOf } from '../../config.ts';
import { stateRoot } from '../local/state.ts';

export const startFolder = join(stateRoot, 'start');
const stackFile = join(startFolder, 'stack.json');
const secretsFile = join(startFolder, 'secrets.json');
export const clientLogFolder = join(startFolder, 'clients');

export type Secrets = {
  readonly adminKey: string;
  readonly masterKey: string;
  readonly stripeSecretKey: string;
  readonly stripeWebhookSecret: string;
};

export type Stack = {
  readonly databaseUrl: string;
  readonly temporalAddress: string;
  readonly temporalNamespace: string;
  readonly stripeApiBase: string;
  readonly partnerFleetUrl: string;
  readonly apiUrl: string;
  readonly metricsUrls: readonly string[];
  /** Kept, so that links stay the same. */
  readonly ports: Readonly<Record<string, number>>;
};

const random = (bytes: number): string => randomBytes(bytes).toString('hex');

/** Made once and kept: what is encrypted with the master key must stay readable. */
export function takeSecrets(): Secrets {
  const known = readJson(secretsFile) as Secrets | undefined;
  if (known !== undefined) return known;
  const secrets = {
    adminKey: `wb_admin_${random(20)}`,
    masterKey: randomBytes(32).toString('base64'),
    stripeSecretKey: `sk_test_${random(12)}`,
    stripeWebhookSecret: `whsec_${random(16)}`,
  };
  writePrivate(secretsFile, secrets);
  return secrets;
}

export const writeStack = (stack: Stack): void => writePrivate(stackFile, stack);

/** Undefined before the first start. */
export const findStack = (): Stack | undefined => readJson(stackFile) as Stack | undefined;

export function readStack(): Stack {
  const stack = findStack();
  if (stack === undefined)
    throw new Error(
      'nothing has been started here yet: run `npm start`, or give --database-url and the rest',
    );
  return stack;
}

/** The sandbox takes any client, and signs with the same secret as the other one. */
export const partnerEnvironment = ({ partnerFleetUrl }: Stack): Record<string, string> => ({
  PARTNER_FLEET_URL: partnerFleetUrl,
  PARTNER_FLEET_CUSTOMER_ID: 'cus_city',
  PARTNER_FLEET_CLIENT_ID: 'city',
  PARTNER_FLEET_CLIENT_SECRET: 'city',
  PARTNER_FLEET_WEBHOOK_KEY: takeSecrets().stripeWebhookSecret,
  PARTNER_FLEET_PHONE: '+593999999999',
});

export const urlOf = ({ ports }: Stack, name: string): string =>
  `http://127.0.0.1:${ports[name] ?? 0}`;

/** PayPal and mobile money of the sandbox. */
export function providerEnvironment(stack: Stack): Record<string, string> {
  const { stripeWebhookSecret: secret } = takeSecrets();
  return {
    PAYPAL_API_BASE: urlOf(stack, 'paypal'),
    PAYPAL_CLIENT_ID: 'sandbox',
    PAYPAL_CLIENT_SECRET: secret,
    PAYPAL_WEBHOOK_ID: 'wh_1',
    PAYPAL_RETURN_URL: stack.apiUrl,
    CAMPAY_API_BASE: urlOf(stack, 'campay'),
    CAMPAY_TOKEN: 'sandbox',
    CAMPAY_WEBHOOK_KEY: secret,
    NOUPAY_API_BASE: urlOf(stack, 'noupay'),
    NOUPAY_API_KEY: 'sandbox',
    NOUPAY_WEBHOOK_SECRET: secret,
  };
}

/** The running stack as the audit needs it. */
export function auditSourcesOf(stack: Stack): AuditSources {
  return {
    databaseUrl: stack.databaseUrl,
    temporalAddress: stack.temporalAddress,
    temporalNamespace: stack.temporalNamespace,
    stripeApiBase: stack.stripeApiBase,
    stripeSecretKey: takeSecrets().stripeSecretKey,
    providers: providersOf(providerEnvironment(stack)),
    partnerFleet: partnerFleetOf(partnerEnvironment(stack)),
    clientLogs: clientLogs(),
    logFolders: [startFolder, join(startFolder, 'logs')],
    metricsUrls: stack.metricsUrls,
    historySample: 200,
  };
}

const clientLogs = (): readonly string[] => {
  try {
    return readdirSync(clientLogFolder).map((name) => join(clientLogFolder, name));
  } catch {
    return [];
  }
};

function writePrivate(file: string, content: object): void {
  mkdirSync(startFolder, { recursive: true });
  writeFileSync(file, `${JSON.stringify(content, null, 2)}\n`, { mode: 0o600 });
}

function readJson(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as unknown;
  } catch {
    return undefined;
  }
}
