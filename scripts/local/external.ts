// Services whose address is given in the environment: checked, used, never restarted or emptied.
// A throwaway run gets a database of its own on the given PostgreSQL, dropped at its end.
import { dropDatabase, ensureDatabase, urlOf } from './postgres.ts';
import { pingRedis } from './redis.ts';
import type { Profile } from './state.ts';
import { checkNamespace, ensureNamespace } from './temporal-namespace.ts';
import { messageOf } from './ways.ts';

export type External = {
  readonly databaseUrl: string | undefined;
  readonly redisUrl: string | undefined;
  readonly temporalAddress: string | undefined;
  readonly close: () => Promise<void>;
};

type Wish = {
  readonly profile: Profile;
  readonly namespace: string;
  readonly searchAttributes: readonly string[];
  readonly log: (line: string) => void;
};

export async function useExternal(wish: Wish): Promise<External> {
  const { log } = wish;
  const databaseUrl = databaseFor(wish.profile, given('DATABASE_URL'));
  const redisUrl = given('REDIS_URL');
  const temporalAddress = given('TEMPORAL_ADDRESS');
  await Promise.all([
    databaseUrl === undefined
      ? undefined
      : check('DATABASE_URL', () => ensureDatabase(databaseUrl)),
    redisUrl === undefined ? undefined : check('REDIS_URL', () => pingRedis(redisUrl)),
    temporalAddress === undefined
      ? undefined
      : check('TEMPORAL_ADDRESS', () => prepareTemporal(temporalAddress, wish)),
  ]);
  if (databaseUrl !== undefined) log('PostgreSQL: the one of DATABASE_URL');
  if (redisUrl !== undefined) log('Redis: the one of REDIS_URL');
  if (temporalAddress !== undefined) log(`Temporal: ${temporalAddress}, from TEMPORAL_ADDRESS`);
  return {
    databaseUrl,
    redisUrl,
    temporalAddress,
    close: async () => {
      if (databaseUrl !== undefined && wish.profile !== 'start') await dropDatabase(databaseUrl);
    },
  };
}

function databaseFor(profile: Profile, url: string | undefined): string | undefined {
  if (url === undefined || profile === 'start') return url;
  return urlOf(url, `waybill_${profile}_${process.pid}`);
}

// Somebody else's server may refuse to be configured (Temporal Cloud does): then it must be so already.
async function prepareTemporal(address: string, wish: Wish): Promise<void> {
  const { namespace, searchAttributes, log } = wish;
  try {
    await ensureNamespace({ address, namespace, searchAttributes });
  } catch (error) {
    await checkNamespace(address, namespace);
    log(`Temporal: search attributes not checked (${messageOf(error)})`);
  }
}

async function check(variable: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    throw new Error(
      `${variable} is set, but the service does not answer as needed: ${messageOf(error)}\n` +
        `Correct ${variable}, start that service, or unset it to have one brought up here.`,
      { cause: error },
    );
  }
}

function given(variable: string): string | undefined {
  return process.env[variable] || undefined;
}
