// Once a day: every object in the providers' books against our ledger, both ways; of a provider without a list of its
// books, every object that we have a name for. What is safe is put right; of every other difference a person is told,
// once, and no more when it has gone. What the providers keep of each is booked. Repeating it changes nothing; interrupted, it goes on where its last heartbeat was.

import { randomUUID } from 'node:crypto';
import { isOutage, type Outage } from '../adapters/outage.ts';
import type { CardGateway, ProviderPayment } from '../adapters/card-gateway.ts';
import type { PaymentPort, Seen } from '../adapters/payment-port.ts';
import type { PayoutBooks } from '../adapters/payout-port.ts';
import type { Db } from '../db/connect.ts';
import { recordFees } from '../db/provider-fees.ts';
import type { ProviderName } from '../domain/payment-methods.ts';
import {
  namedPayments,
  paymentsInReach,
  type Named,
  type NamedPage,
} from '../db/named-payments.ts';
import {
  ordersWithCaptures,
  ourPayments,
  resolveVanished,
  type OurPayment,
} from '../db/reconciliation.ts';
import { compare, missingThere, type Difference, type Theirs } from '../domain/reconcile.ts';
import type { Logger } from '../log.ts';
import type { Reconciled, ReconcileActivities } from './contract.ts';
import { takeInDisputes } from './reconcile-disputes.ts';
import { comparePayouts, reopenRefused } from './reconcile-payouts.ts';
import { createSettling, type Books } from './reconcile-settle.ts';
import { retryable } from './retryable.ts';

type Other = Books & Pick<PaymentPort, 'look' | 'listDisputes'>;

/** How far a comparison is: small, plain, and enough to go on from. */
export type Progress = {
  /** Names the comparison: what it does not find any more has gone. */
  readonly run: string;
  readonly startedAt: number;
  /** By provider: the last payment that was dealt with, or that all were. */
  readonly done: { readonly [provider: string]: NamedPage | 'all' };
  readonly compared: number;
  readonly differences: number;
  readonly healed: number;
};

/** Where the engine keeps the progress of an activity. */
export type ProgressKeeper = {
  /** Of an attempt before this one. */
  readonly last: () => Progress | undefined;
  readonly keep: (progress: Progress) => void;
};

type PayoutsOf = Pick<PayoutBooks, 'listPayouts' | 'refusedPayouts'>;

type Dependencies = {
  readonly db: Db;
  readonly gateway: Pick<CardGateway, 'list' | 'void' | 'listDisputes'>;
  /** Undefined: nobody is paid out. */
  readonly payouts?: PayoutsOf;
  /** Providers whose payments are asked for one by one. */
  readonly others?: readonly Other[];
  readonly log: Logger;
  readonly now?: () => number;
  readonly progress?: ProgressKeeper;
};

const cards = 'stripe';
const paidOut = 'payouts';
const batchSize = 200;
const dayMs = 86_400_000;
/** A card is held up to 5 days ahead, for 7 days, and its capture tried for 3: each is looked at after its end. */
const reachMs = 16 * dayMs;
/** Captures as old as this have their payment within the reach. */
const capturesReachMs = 3 * dayMs;
/** Well within the list of what left our balance. */
const payoutsReachMs = 14 * dayMs;

const leastBudgetMs = 30 * 60_000;
/** Far more than a page of 100 cards, and than one question, take. */
const listedMs = 20;
const askedMs = 1_500;

const nothingKept: ProgressKeeper = { last: () => undefined, keep: () => undefined };

/** What a batch of payments was found to be. */
type Batch = { readonly compared: number; readonly found: readonly Difference[] };

export function createReconcileActivities(deps: Dependencies): ReconcileActivities {
  const { db, gateway, payouts, others = [], now = Date.now, progress = nothingKept } = deps;
  const disputing = [{ provider: cards, listDisputes: gateway.listDisputes } as const, ...others];
  const settle = createSettling(deps);

  async function compareCards(track: Track): Promise<void> {
    const found: Difference[] = [];
    let compared = 0;
    for await (const batch of readBooks({ ...deps, now }, track.at())) {
      compared += batch.compared;
      found.push(...batch.found);
      track.beat();
    }
    const books = { provider: cards, void: gateway.void } as const;
    const healed = await settle(books, { track, found });
    const differences = found.length;
    track.advance({ provider: cards, reached: 'all', compared, differences, healed });
  }

  async function compareOneByOne(other: Other, track: Track): Promise<void> {
    const { provider } = other;
    for (;;) {
      const { startedAt, done } = track.at();
      const after = done[provider];
      if (after === 'all') return;
      const since = new Date(startedAt - reachMs);
      const { named, isLast } = await pageOf(db, { provider, after, since });
      const found = await ask({ db, now }, other, { named, beat: track.beat });
      const healed = await settle(other, { track, found });
      const reached = isLast ? 'all' : (named.at(-1) ?? 'all');
      const [compared, differences] = [named.length, found.length];
      track.advance({ provider, reached, compared, differences, healed });
    }
  }

  return {
    async reconciliationBudgetMs(): Promise<number> {
      const since = new Date(now() - reachMs);
      const askedOf = others.map(({ provider }) => provider);
      const { listed, asked } = await paymentsInReach(db, { since, askedOf });
      return leastBudgetMs + listed * listedMs + asked * askedMs;
    },

    async reconcile(): Promise<Reconciled> {
      const track = createTrack(progress, now());
      const sources = [
        async () => track.at().done[cards] ?? compareCards(track),
        async () =>
          payouts && (track.at().done[paidOut] ?? comparePaidOut(deps, { payouts, settle, track })),
        ...others.map((other) => () => compareOneByOne(other, track)),
        ...disputing.map((other) => () => compareDisputes(deps, { other, track })),
      ];
      const away = await track.beating(() => tryAll(sources));
      // Whoever is away is compared at the next try; until then nothing counts as gone.
      if (away) throw retryable(away.code, away.retryAfterMs);
      const { run, startedAt, compared, differences, healed } = track.at();
      const ended = { run, startedAt: new Date(startedAt), now: new Date(now()) };
      const vanished = await resolveVanished(db, ended);
      return { compared, differences, healed, vanished };
    },
  };
}

/** Whoever is away keeps nobody from being compared; told of is the last of them. */
async function tryAll(sources: readonly (() => Promise<unknown>)[]): Promise<Outage | undefined> {
  let away: Outage | undefined;
  for (const source of sources) {
    try {
      await source();
    } catch (error) {
      if (!isOutage(error)) throw error;
      away = error;
    }
  }
  return away;
}

type Listed = {
  readonly other: Pick<PaymentPort, 'provider' | 'listDisputes'>;
  readonly track: Track;
};

/** What is new is taken in. */
async function compareDisputes(
  { db, log, now = Date.now }: Dependencies,
  { other: { provider, listDisputes }, track }: Listed,
): Promise<void> {
  const name = `${provider}_disputes`;
  const { startedAt, done } = track.at();
  if (!listDisputes || done[name]) return;
  const tools = { db, log, now, beat: track.beat };
  const books = { provider, listDisputes, changedAfter: startedAt - reachMs };
  const { compared, unknown } = await takeInDisputes(tools, books);
  const taken = { differences: unknown, healed: unknown };
  track.advance({ provider: name, reached: 'all', compared, ...taken });
}

type PaidOut = {
  readonly payouts: PayoutsOf;
  readonly settle: ReturnType<typeof createSettling>;
  readonly track: Track;
};

/** What a bank sent back is looked at again; nothing else is put right by itself. */
async function comparePaidOut(
  { db, log, gateway }: Dependencies,
  { payouts: books, settle, track }: PaidOut,
): Promise<void> {
  const { startedAt } = track.at();
  const span = {
    createdAfter: startedAt - reachMs,
    sentSince: new Date(startedAt - payoutsReachMs),
  };
  const { compared, found } = await comparePayouts({ db, books }, span);
  const settled = await settle({ provider: cards, void: gateway.void }, { track, found });
  const reopened = await reopenRefused({ db, books, log }, span, track.beat);
  const [differences, healed] = [found.length + reopened, settled + reopened];
  track.advance({ provider: paidOut, reached: 'all', compared, differences, healed });
}

type Step = Pick<Progress, 'compared' | 'differences' | 'healed'> & {
  /** Or another part of the comparison. */
  readonly provider: string;
  readonly reached: NamedPage | 'all';
};
type Track = ReturnType<typeof createTrack>;

const betweenBeatsMs = 5_000;

/** From where the attempt before was, else from the beginning. */
function createTrack(keeper: ProgressKeeper, now: number) {
  let at: Progress = keeper.last() ?? {
    run: randomUUID(),
    startedAt: now,
    done: {},
    compared: 0,
    differences: 0,
    healed: 0,
  };
  const beat = (): void => keeper.keep(at);
  return {
    at: (): Progress => at,
    beat,
    /** Long lists in which there is nothing to tell of are no silence. */
    async beating<T>(work: () => Promise<T>): Promise<T> {
      const timer = setInterval(beat, betweenBeatsMs);
      try {
        return await work();
      } finally {
        clearInterval(timer);
      }
    },
    advance({ provider, reached, compared, differences, healed }: Step): void {
      at = {
        ...at,
        done: { ...at.done, [provider]: reached === 'all' ? reached : placeOf(reached) },
        compared: at.compared + compared,
        differences: at.differences + differences,
        healed: at.healed + healed,
      };
      beat();
    },
  };
}

const placeOf = ({ orderId, providerRef }: NamedPage): NamedPage => ({ orderId, providerRef });

type Clocked = { readonly db: Db; readonly now: () => number };

/** The cards' provider lists its books. */
async function* readBooks(
  { db, gateway, now }: Clocked & Pick<Dependencies, 'gateway'>,
  { startedAt }: Progress,
): AsyncIterable<Batch> {
  const seen = new Set<string>();
  let batch: ProviderPayment[] = [];
  for await (const payment of gateway.list({ createdAfter: startedAt - reachMs })) {
    seen.add(payment.providerRef);
    batch.push(payment);
    if (batch.length < batchSize) continue;
    yield { compared: batch.length, found: await compareBatch({ db, now }, cards, batch) };
    batch = [];
  }
  yield { compared: batch.length, found: await compareBatch({ db, now }, cards, batch) };
  // Ours may be a little younger than their oldest: a capture comes after its payment.
  const since = new Date(startedAt - capturesReachMs);
  yield* unseen(db, { since, seen });
}

type Place = {
  readonly provider: ProviderName;
  readonly after: NamedPage | undefined;
  readonly since: Date;
};

/** Whole orders alone: what is in doubt about one is seen together. */
async function pageOf(
  db: Db,
  place: Place,
): Promise<{ readonly named: readonly Named[]; readonly isLast: boolean }> {
  const named = await namedPayments(db, { ...place, limit: batchSize });
  if (named.length < batchSize) return { named, isLast: true };
  const last = named.at(-1)?.orderId;
  const whole = named.filter(({ orderId }) => orderId !== last);
  return { named: whole.length > 0 ? whole : named, isLast: false };
}

type Asking = { readonly named: readonly Named[]; readonly beat: () => void };

async function ask(
  { db, now }: Clocked,
  { provider, look }: Other,
  { named, beat }: Asking,
): Promise<readonly Difference[]> {
  const found: Difference[] = [];
  const orderIds = [...new Set(named.flatMap(({ orderId }) => orderId ?? []))];
  const ours = await ourPayments(db, { provider, orderIds });
  for (const payment of named) {
    const { providerRef, orderId } = payment;
    const own = oursOf(payment, ours.get(orderId ?? ''));
    const seen = await settled(look({ providerRef, refundRefs: own?.refundRefs ?? undefined }));
    if (seen) found.push(...compare(objectOf(payment, seen, own), own));
    if (seen?.fee && own)
      await recordFees(
        db,
        [{ ...seen.fee, provider, providerRef, payerId: own.orderId }],
        new Date(now()),
      );
    beat();
  }
  return found;
}

/** Undefined while the provider itself has not decided: it is compared another night. */
const settled = (asked: Promise<Seen>): Promise<Seen | undefined> =>
  asked.catch((error: unknown) => {
    if (isOutage(error) && error.code === 'not_settled') return undefined;
    throw error;
  });

async function compareBatch(
  { db, now }: Clocked,
  provider: string,
  payments: readonly ProviderPayment[],
): Promise<readonly Difference[]> {
  const ids = payments.flatMap(({ orderId }) => (orderId === undefined ? [] : [orderId]));
  const ours = await ourPayments(db, { provider, orderIds: [...new Set(ids)] });
  const fees = payments.flatMap(({ fee, providerRef, orderId }) =>
    fee && orderId !== undefined && ours.has(orderId)
      ? [{ ...fee, provider, providerRef, payerId: orderId }]
      : [],
  );
  await recordFees(db, fees, new Date(now()));
  return payments.flatMap((theirs) =>
    compare(theirs, oursOf(theirs, ours.get(theirs.orderId ?? ''))),
  );
}

/** Captures of ours since then whose object was not seen in the provider's books. */
async function* unseen(
  db: Db,
  { since, seen }: { readonly since: Date; readonly seen: ReadonlySet<string> },
): AsyncGenerator<Batch> {
  for (let after = ''; ;) {
    const found: Difference[] = [];
    const ids = await ordersWithCaptures(db, { provider: cards, since, after, limit: batchSize });
    for (const payments of (await ourPayments(db, { provider: cards, orderIds: ids })).values())
      for (const each of payments)
        if (each.providerRef !== undefined && !seen.has(each.providerRef))
          found.push(...missingThere(each.providerRef, each));
    yield { compared: 0, found };
    if (ids.length < batchSize) return;
    after = ids.at(-1) ?? '';
  }
}

/** Where it does not say what it gave back, our own word stands. */
function objectOf(
  { orderId, providerRef, currency }: Named,
  seen: Seen,
  ours: OurPayment | undefined,
): Theirs {
  const { status } = seen;
  const taken = seen.status === 'captured' ? seen : undefined;
  return {
    providerRef,
    orderId,
    status,
    capturedMinor: taken?.amountMinor ?? 0,
    refundedMinor: seen.refundedMinor ?? ours?.refundedMinor ?? 0,
    currency: taken?.currency ?? currency ?? '',
  };
}

/** Ours of this very payment; an order that took nothing by it has taken 0. */
function oursOf(
  { providerRef }: { readonly providerRef: string },
  payments: readonly OurPayment[] | undefined,
): OurPayment | undefined {
  const [any] = payments ?? [];
  const own = payments?.find((each) => each.providerRef === providerRef);
  const nothing = { capturedMinor: 0, refundedMinor: 0, refundRefs: [] };
  return own ?? (any && { ...any, providerRef, ...nothing });
}
