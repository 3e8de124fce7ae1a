// The environment, read once in each `main.ts`. A missing or bad value names itself and what it should be.

import { pathToFileURL } from 'node:url';
import type { ProviderSettings } from './adapters/payment-ports.ts';
import type { BucketKeys } from './adapters/proof-store.ts';
import type { RoadSettings } from './adapters/roads.ts';
import type { UberDirectOptions } from './adapters/uber-direct.ts';

export type Config = {
  readonly databaseUrl: string;
  readonly redisUrl: string;
  readonly temporalAddress: string;
  readonly temporalNamespace: string;
  readonly stripeSecretKey: string;
  /** Undefined: the real Stripe. */
  readonly stripeApiBase: string | undefined;
  readonly stripeWebhookSecret: string;
  /** Providers beside cards: those whose settings are given. */
  readonly providers: ProviderSettings;
  /** Undefined: no partner fleet is ever asked. */
  readonly partnerFleet: UberDirectOptions | undefined;
  /** Worker only: who knows how long ways take; undefined: they are estimated from straight lines. */
  readonly roads: RoadSettings | undefined;
  /** 32 bytes, base64: wraps the keys of people's data. */
  readonly masterKey: string;
  /** Secret of the first platform_admin key; created at start when given. */
  readonly adminKey: string | undefined;
  /** Where pictures of hand-overs are kept: a folder, or a bucket with its keys. */
  readonly proofsUrl: URL;
  readonly bucketKeys: BucketKeys | undefined;
  readonly host: string;
  readonly port: number;
  /** Addresses or CIDR ranges of the proxies in front of the API, which say who calls. */
  readonly trustedProxies: readonly string[];
  readonly logLevel: string;
  /** Worker only: `/metrics` on this port when given. */
  readonly metricsPort: number | undefined;
  /** Worker only: the version's name; derived from the workflows' code when undefined. */
  readonly buildId: string | undefined;
  /** Worker only: see `promotions`. */
  readonly promote: Promotion;
};

/**
 * When a starting worker makes its own version the current one. `first`: when there is none yet. `always`: at once, and
 * it takes over the orders of every other version: for a single fleet that is replaced as a whole. `never`.
 */
const promotions = ['first', 'always', 'never'] as const;
type Promotion = (typeof promotions)[number];

type Environment = Readonly<Record<string, string | undefined>>;

function required(env: Environment, name: string, what: string): string {
  const value = env[name];
  if (!value) throw new Error(`${name} is not set: it must be ${what} (see .env.example)`);
  return value;
}

function portOf(env: Environment, name: string): number | undefined {
  const text = env[name];
  if (text === undefined || text === '') return undefined;
  const port = Number(text);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new Error(`${name}=${text} is not a port (0–65535)`);
  }
  return port;
}

function promotionOf(env: Environment): Promotion {
  const text = env['WAYBILL_PROMOTE'] || 'first';
  const promotion = promotions.find((each) => each === text);
  if (promotion) return promotion;
  throw new Error(`WAYBILL_PROMOTE=${text} is none of ${promotions.join(', ')}`);
}

function buildIdOf(env: Environment): string | undefined {
  const text = env['WAYBILL_BUILD_ID'] || undefined;
  if (text === undefined || /^[\w.-]{1,100}$/.test(text)) return text;
  throw new Error(
    `WAYBILL_BUILD_ID=${text} is no build id: at most 100 letters, digits, dots, dashes and underscores`,
  );
}

const productionUrls = {
  paypal: 'https://api-m.paypal.com',
  campay: 'https://www.campay.net',
} as const;

/** Each by its first secret: with it, the others of the same provider must be there too. */
export function providersOf(env: Environment): ProviderSettings {
  const [paypal, campay, noupay] = [
    env['PAYPAL_CLIENT_ID'],
    env['CAMPAY_TOKEN'],
    env['NOUPAY_API_KEY'],
  ];
  return {
    paypal: paypal
      ? {
          baseUrl: env['PAYPAL_API_BASE'] || productionUrls.paypal,
          clientId: paypal,
          clientSecret: required(env, 'PAYPAL_CLIENT_SECRET', 'the secret of the PayPal app'),
          webhookId: required(env, 'PAYPAL_WEBHOOK_ID', 'the id of the webhook at PayPal'),
          returnUrl: required(env, 'PAYPAL_RETURN_URL', 'where PayPal sends the payer back to'),
        }
      : undefined,
    campay: campay
      ? {
          baseUrl: env['CAMPAY_API_BASE'] || productionUrls.campay,
          token: campay,
          webhookKey: required(env, 'CAMPAY_WEBHOOK_KEY', 'the webhook key of the CamPay app'),
        }
      : undefined,
    noupay: noupay
      ? {
          baseUrl: required(env, 'NOUPAY_API_BASE', 'the URL of NouPay’s API'),
          apiKey: noupay,
          webhookSecret: required(env, 'NOUPAY_WEBHOOK_SECRET', 'the secret of NouPay’s webhooks'),
        }
      : undefined,
  };
}

/** All of it or nothing. */
export function partnerFleetOf(env: Environment): UberDirectOptions | undefined {
  const baseUrl = env['PARTNER_FLEET_URL'] || undefined;
  if (baseUrl === undefined) return undefined;
  if (!URL.canParse(baseUrl)) throw new Error(`PARTNER_FLEET_URL=${baseUrl} is not an address`);
  const contactPhone = required(
    env,
    'PARTNER_FLEET_PHONE',
    'a phone for couriers, like +49301234567',
  );
  if (!/^\+[1-9]\d{6,14}$/.test(contactPhone))
    throw new Error(`PARTNER_FLEET_PHONE=${contactPhone} is not E.164, like +49301234567`);
  return {
    baseUrl,
    authUrl: env['PARTNER_FLEET_AUTH_URL'] || undefined,
    customerId: required(env, 'PARTNER_FLEET_CUSTOMER_ID', 'our customer id at the partner'),
    clientId: required(env, 'PARTNER_FLEET_CLIENT_ID', 'the client id of the application there'),
    clientSecret: required(env, 'PARTNER_FLEET_CLIENT_SECRET', 'its secret'),
    webhookKey: required(env, 'PARTNER_FLEET_WEBHOOK_KEY', 'the signing key of its webhooks'),
    contactPhone,
  };
}

/** One provider at most. */
export function roadsOf(env: Environment): RoadSettings | undefined {
  const address = (name: string): string | undefined => {
    const text = env[name] || undefined;
    if (text === undefined || URL.canParse(text)) return text?.replace(/\/+$/, '');
    throw new Error(`${name}=${text} is not an address, like http://osrm:5000`);
  };
  const apiKey = env['GOOGLE_MAPS_API_KEY'] || undefined;
  const car = address('OSRM_URL');
  const [bicycle, foot] = [address('OSRM_BICYCLE_URL'), address('OSRM_FOOT_URL')];
  if (car && apiKey)
    throw new Error('OSRM_URL and GOOGLE_MAPS_API_KEY are both set: road times come from one');
  if (apiKey) return { kind: 'google_maps', apiKey, url: address('GOOGLE_MAPS_API_BASE') };
  if (car) return { kind: 'osrm', urls: { car, bicycle, foot } };
  if (!bicycle && !foot) return undefined;
  throw new Error('OSRM_URL is not set: OSRM_BICYCLE_URL and OSRM_FOOT_URL only go with it');
}

/** The names are those that Amazon's own tools read. */
function proofsOf(env: Environment): Pick<Config, 'proofsUrl' | 'bucketKeys'> {
  const text = env['WAYBILL_PROOFS'] || pathToFileURL('.waybill/proofs').href;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol === 'file:') return { proofsUrl: url, bucketKeys: undefined };
  if (url?.protocol !== 's3:' || url.hostname === '')
    throw new Error(`WAYBILL_PROOFS=${text} is neither file:///a/folder nor s3://bucket`);
  return {
    proofsUrl: url,
    bucketKeys: {
      accessKeyId: required(env, 'AWS_ACCESS_KEY_ID', 'the key of the bucket'),
      secretAccessKey: required(env, 'AWS_SECRET_ACCESS_KEY', 'the secret of that key'),
      region: required(env, 'AWS_REGION', 'the bucket’s region'),
      endpoint: env['AWS_ENDPOINT_URL_S3'] || undefined,
    },
  };
}

export function readConfig(env: Environment): Config {
  const masterKey = required(env, 'WAYBILL_MASTER_KEY', '32 random bytes in base64');
  if (Buffer.from(masterKey, 'base64').length !== 32) {
    throw new Error('WAYBILL_MASTER_KEY must be 32 bytes in base64 (openssl rand -base64 32)');
  }
  return {
    databaseUrl: required(env, 'DATABASE_URL', 'a postgres:// URL'),
    redisUrl: required(env, 'REDIS_URL', 'a redis:// URL'),
    temporalAddress: required(env, 'TEMPORAL_ADDRESS', 'host:port of the Temporal frontend'),
    temporalNamespace: env['TEMPORAL_NAMESPACE'] ?? 'default',
    stripeSecretKey: required(env, 'STRIPE_SECRET_KEY', 'a Stripe secret key (sk_…)'),
    stripeApiBase: env['STRIPE_API_BASE'] || undefined,
    stripeWebhookSecret: required(
      env,
      'STRIPE_WEBHOOK_SECRET',
      'the signing secret of the webhook endpoint (whsec_…)',
    ),
    providers: providersOf(env),
    partnerFleet: partnerFleetOf(env),
    roads: roadsOf(env),
    masterKey,
    adminKey: env['WAYBILL_ADMIN_KEY'] || undefined,
    ...proofsOf(env),
    host: env['HOST'] ?? '127.0.0.1',
    port: portOf(env, 'PORT') ?? 8080,
    trustedProxies: (env['TRUSTED_PROXIES'] ?? '').split(',').flatMap((text) => text.trim() || []),
    logLevel: env['LOG_LEVEL'] ?? 'info',
    metricsPort: portOf(env, 'METRICS_PORT'),
    buildId: buildIdOf(env),
    promote: promotionOf(env),
  };
}
