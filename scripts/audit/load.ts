// Opens everything that the audit reads and loads it. The rows are read in one transaction; `change` may
// do something to them first, which is always rolled back (the self-check plants its bugs so).

import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { sql, type Transaction } from 'kysely';
import type { CardGateway } from '../../adapters/card-gateway.ts';
import type { DeliveryPartner } from '../../adapters/delivery-partner.ts';
import type { PayoutBooks } from '../../adapters/payout-port.ts';
import { isOutage } from '../../adapters/outage.ts';
import { createStripePayouts } from '../../adapters/stripe-payouts.ts';
import { createStripeGateway } from '../../adapters/stripe.ts';
import {
  createPaymentPorts,
  othersIn,
  type ProviderSettings,
} from '../../adapters/payment-ports.ts';
import type { PaymentPort } from '../../adapters/payment-port.ts';
import { createUberDirect, type UberDirectOptions } from '../../adapters/uber-direct.ts';
import { connect, type Db } from '../../db/connect.ts';
import type { Database } from '../../db/schema.ts';
import type { ClientLogLine } from '../../sandbox/city/client-log.ts';
import { searchLogs, searchPages } from './canaries.ts';
import type { AuditData, ListedDispute } from './data.ts';
import { loadObjects } from './load-objects.ts';
import { loadRows, type Rows } from './load-rows.ts';
import { loadWorkflows, openEngine, searchHistories, type Engine } from './load-workflows.ts';

export type AuditSources = {
  readonly databaseUrl: string;
  readonly temporalAddress: string;
  readonly temporalNamespace: string;
  /** Undefined: the real Stripe. */
  readonly stripeApiBase: string | undefined;
  readonly stripeSecretKey: string;
  /** Those beside Stripe that are asked. */
  readonly providers: ProviderSettings;
  /** Undefined: there is no partner fleet. */
  readonly partnerFleet: UberDirectOptions | undefined;
  readonly clientLogs: readonly string[];
  readonly logFolders: readonly string[];
  readonly metricsUrls: readonly string[];
  /** How many histories are searched for people's data, the newest first. */
  readonly historySample: number;
};

export type Opened = {
  readonly sources: AuditSources;
  readonly db: Db;
  readonly engine: Engine;
  readonly gateway: Pick<CardGateway, 'list' | 'listDisputes'>;
  readonly others: readonly Pick<PaymentPort, 'provider' | 'look' | 'listDisputes'>[];
  readonly payouts: Pick<PayoutBooks, 'listPayouts'>;
  readonly partner: Pick<DeliveryPartner, 'list'> | undefined;
  readonly close: () => Promise<void>;
};

export async function openSources(sources: AuditSources): Promise<Opened> {
  const {
    databaseUrl,
    temporalAddress: address,
    temporalNamespace: namespace,
    stripeApiBase: apiBase,
    stripeSecretKey: secretKey,
  } = sources;
  const db = connect({ url: databaseUrl, poolSize: 2 });
  const engine = await openEngine({ address, namespace });
  const gateway = createStripeGateway({ secretKey, apiBase, webhookSecret: 'whsec_unused' });
  const ports = createPaymentPorts({
    gateway,
    settings: sources.providers,
    // Nothing is asked for here, so no phone is needed and no key claimed.
    phoneOf: async () => undefined,
    claim: async () => ({ state: 'burnt', ageMs: 0 }),
  });
  return {
    sources,
    db,
    engine,
    gateway,
    others: othersIn(ports),
    payouts: createStripePayouts({ secretKey, apiBase }),
    partner: sources.partnerFleet && createUberDirect(sources.partnerFleet),
    close: async () => void (await Promise.all([db.destroy(), engine.close()])),
  };
}

/** False when there was nothing to change. */
export type Change = (trx: Transaction<Database>) => Promise<boolean>;

/** The rows alone, after `change`, of which nothing stays; undefined when it changed nothing. */
export async function loadChangedRows(db: Db, change: Change): Promise<Rows | undefined> {
  const trx = await db.startTransaction().setIsolationLevel('repeatable read').execute();
  try {
    // Bugs are planted where the database itself would not let them in.
    await sql`SET LOCAL session_replication_role = 'replica'`.execute(trx);
    return (await change(trx)) ? await loadRows(trx) : undefined;
  } finally {
    await trx.rollback().execute();
  }
}

/** Everything. Rows first: what the others know more of is newer. */
export async function loadAll(opened: Opened): Promise<AuditData> {
  const { db, engine, sources } = opened;
  const rows = await db.transaction().setIsolationLevel('repeatable read').execute(loadRows);
  const ids = rows.orders.map((order) => order.id);
  const placed = rows.orders.filter((order) => order.sequence > 0).map((order) => order.id);
  const sample = placed.slice(-sources.historySample);
  const [workflows, money, clientLog, hits, logs, pages] = await Promise.all([
    loadWorkflows(engine, ids),
    loadBooks(opened),
    loadClientLogs(sources.clientLogs),
    searchHistories(engine, sample),
    searchLogs(sources.logFolders),
    searchPages(sources.metricsUrls),
  ]);
  const canaries = {
    searched: sample.length + logs.searched + pages.searched,
    hits: [...hits, ...logs.hits, ...pages.hits],
  };
  return { ...rows, ...workflows, ...money, clientLog, canaries };
}

type Books = Pick<
  AuditData,
  'books' | 'objects' | 'asked' | 'payoutBooks' | 'disputeBooks' | 'partnerBooks'
>;

async function loadBooks({ db, gateway, others, payouts, partner }: Opened): Promise<Books> {
  const disputing = [{ provider: 'stripe', listDisputes: gateway.listDisputes }, ...others];
  const [books, objects, payoutBooks, disputes, partnerBooks] = await Promise.all([
    collect(() => gateway.list({ createdAfter: 0 })),
    Promise.all(others.map((other) => collect(() => loadObjects(db, other)))),
    collect(() => payouts.listPayouts({ createdAfter: 0 })),
    Promise.all(disputing.map(loadDisputes)),
    partner ? collect(() => partner.list()) : [],
  ]);
  const asked = others.map(({ provider }) => provider);
  const disputeBooks = disputes.flat();
  return { books, objects: objects.flat(), asked, payoutBooks, disputeBooks, partnerBooks };
}

/** PayPal lists what has changed within so long. */
const disputesReachMs = 180 * 86_400_000;

async function loadDisputes({
  provider,
  listDisputes,
}: Pick<Opened['others'][number], 'listDisputes'> & { readonly provider: string }): Promise<
  readonly ListedDispute[]
> {
  if (!listDisputes) return [];
  const changedAfter = Date.now() - disputesReachMs;
  const listed = await collect(() => listDisputes({ changedAfter }));
  return listed.map((each) => ({ ...each, provider }));
}

const tries = 5;
const pauseMs = 1_000;

/** From the start again when a provider does not answer on the way. */
async function collect<T>(pages: () => AsyncIterable<T>): Promise<readonly T[]> {
  for (let n = 1; ; n++) {
    try {
      const all: T[] = [];
      for await (const each of pages()) all.push(each);
      return all;
    } catch (error) {
      if (!isOutage(error) || n === tries) throw error;
      await sleep(n * pauseMs);
    }
  }
}

async function loadClientLogs(files: readonly string[]): Promise<readonly ClientLogLine[]> {
  const texts = await Promise.all(files.map((file) => readFile(file, 'utf8')));
  return texts.flatMap((text) =>
    text
      .split('\n')
      .filter((line) => line.endsWith('}'))
      .map((line) => JSON.parse(line) as ClientLogLine),
  );
}
