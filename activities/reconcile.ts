// Once a day: every object in the providers' books against our ledger, both ways; of a provider without a list of its
// books, every object that we have a name for. What is safe is put right; of every other difference a person is told,
// once, and no more when it has gone. What the providers keep of each is booked. Repeating it changes nothing; interrupted, it goes on where its last heartbeat was.

import { randomUUID } from 'node:crypto';
import { isOutage, type Outage } from '../adapters/outage.ts';
import type { CardGateway } from '../adapters/card-gateway.ts';
import type { PaymentPort } from '../adapters/payment-port.ts';
import type { PayoutBooks } from '../adapters/payout-port.ts';
import type { Db } from '../db/connect.ts';
import { oldestDifference, paymentsInDoubt, resolveVanished } from '../db/differences.ts';
import { paymentsInReach, type Named, type NamedPage } from '../db/named-payments.ts';
import { destinationsPaid } from '../db/payouts.ts';
import type { Difference } from '../domain/reconcile.ts';
import type { Logger } from '../log.ts';
import type { Reconciled, ReconcileActivities } from './contract.ts';
import { ask, cards, pageOf, reachMs, readAgain, readBooks } from './reconcile-books.ts';
import type { Looked } from './reconcile-books.ts';
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
  readonly vanished: number;
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
  readonly gateway: Pick<CardGateway, 'list' | 'read' | 'void' | 'listDisputes'>;
  /** Undefined: nobody is paid out. */
  readonly payouts?: PayoutsOf;
  /** Providers whose payments are asked for one by one. */
  readonly others?: readonly Other[];
  readonly log: Logger;
  readonly now?: () => number;
  readonly progress?: ProgressKeeper;
};

const paidOut = 'payouts';
const sentBack = 'payouts_sent_back';
const dayMs = 86_400_000;
/** Well within the list of what left our balance. */
const payoutsReachMs = 14 * dayMs;

const leastBudgetMs = 30 * 60_000;
/** Far more than a page of 100 cards, and than one question, take. */
const listedMs = 20;
const askedMs = 1_500;

const nothingKept: ProgressKeeper = { last: () => undefined, keep: () => undefined };

export function createReconcileActivities(deps: Dependencies): ReconcileActivities {
  const { db, gateway, payouts, others = [], now = Date.now, progress = nothingKept } = deps;
  const disputing = [{ provider: cards, listDisputes: gateway.listDisputes } as const, ...others];
  const settle = createSettling(deps);
  const { compareCards, compareOneByOne } = createComparing(deps, settle);

  return {
    async reconciliationBudgetMs(): Promise<number> {
      const since = new Date(now() - reachMs);
      const askedOf = others.map(({ provider }) => provider);
      const { listed, asked } = await paymentsInReach(db, { since, askedOf });
      const paidSince = new Date(now() - payoutsReachMs);
      const accounts = payouts ? await destinationsPaid(db, { since: paidSince }) : [];
      return leastBudgetMs + listed * listedMs + (asked + accounts.length) * askedMs;
    },

    async reconcile(): Promise<Reconciled> {
      const track = createTrack(progress, now());
      const sources = [
        async () => track.at().done[cards] ?? compareCards(track),
        async () =>
          payouts && (track.at().done[paidOut] ?? comparePaidOut(deps, { payouts, settle, track })),
        async () => payouts && lookAfterAccounts(deps, { payouts, track }),
        ...others.map((other) => () => compareOneByOne(other, track)),
        ...disputing.map((other) => () => compareDisputes(deps, { other, track })),
      ];
      const away = await track.beating(() => tryAll(sources));
      // Whoever is away is compared at the next try; until then nothing of theirs counts as gone.
      if (away) throw retryable(away.code, away.retryAfterMs);
      const { compared, differences, healed, vanished } = track.at();
      return { compared, differences, healed, vanished };
    },
  };
}

type Settle = ReturnType<typeof createSettling>;

function createComparing({ db, gateway, now = Date.now }: Dependencies, settle: Settle) {
  /** Earlier differences out of the comparison's reach are looked at, however old; what is not found again has gone. */
  async function lookAgain(books: Books, { track, look }: Again): Promise<Ended> {
    const { run, startedAt } = track.at();
    const { provider } = books;
    const comparison = { provider, run, startedAt: new Date(startedAt) };
    const looked = await look(await paymentsInDoubt(db, comparison));
    const healed = await settle(books, { track, ...looked });
    const vanished = await resolveVanished(db, { ...comparison, now: new Date(now()) });
    return { differences: looked.found.length, healed, vanished };
  }

  async function compareCards(track: Track): Promise<void> {
    const found: Difference[] = [];
    const undecided: string[] = [];
    let compared = 0;
    const tools = { db, gateway, now };
    for await (const batch of readBooks(tools, track.at().startedAt)) {
      compared += batch.compared;
      found.push(...batch.found);
      undecided.push(...batch.undecided);
      track.beat();
    }
    const books = { provider: cards, void: gateway.void } as const;
    const healed = await settle(books, { track, found, undecided });
    const look = (named: readonly Named[]) => readAgain(tools, { named, beat: track.beat });
    const again = await lookAgain(books, { track, look });
    track.advance({
      provider: cards,
      reached: 'all',
      compared,
      differences: found.length + again.differences,
      healed: healed + again.healed,
      vanished: again.vanished,
    });
  }

  async function compareOneByOne(other: Other, track: Track): Promise<void> {
    const { provider } = other;
    const look = (named: readonly Named[]) => ask({ db, now }, other, { named, beat: track.beat });
    for (;;) {
      const { startedAt, done } = track.at();
      const after = done[provider];
      if (after === 'all') return;
      const since = new Date(startedAt - reachMs);
      const { named, isLast } = await pageOf(db, { provider, after, since });
      const looked = await look(named);
      const healed = await settle(other, { track, ...looked });
      const again = isLast ? await lookAgain(other, { track, look }) : nothing;
      track.advance({
        provider,
        reached: isLast ? 'all' : (named.at(-1) ?? 'all'),
        compared: named.length,
        differences: looked.found.length + again.differences,
        healed: healed + again.healed,
        vanished: again.vanished,
      });
    }
  }

  return { compareCards, compareOneByOne };
}

type Ended = Pick<Progress, 'differences' | 'healed' | 'vanished'>;
const nothing: Ended = { differences: 0, healed: 0, vanished: 0 };
type Again = {
  readonly track: Track;
  readonly look: (named: readonly Named[]) => Promise<Looked>;
};

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
  const taken = { differences: unknown, healed: unknown, vanished: 0 };
  track.advance({ provider: name, reached: 'all', compared, ...taken });
}

type PaidOut = {
  readonly payouts: PayoutsOf;
  readonly settle: Settle;
  readonly track: Track;
};

/** Nothing of it is put right by itself. As far back as the oldest difference is open. */
async function comparePaidOut(
  { db, gateway, now = Date.now }: Dependencies,
  { payouts: books, settle, track }: PaidOut,
): Promise<void> {
  const { run, startedAt } = track.at();
  const oldest = (await oldestDifference(db, paidOut))?.getTime() ?? startedAt;
  const from = Math.min(startedAt, oldest);
  const span = { createdAfter: from - reachMs, sentSince: new Date(from - payoutsReachMs) };
  const { compared, found, undecided } = await comparePayouts({ db, books }, span);
  const ways = { provider: cards, void: gateway.void } as const;
  const healed = await settle(ways, { track, found, undecided, source: paidOut });
  const comparison = { provider: paidOut, run, startedAt: new Date(startedAt) };
  const vanished = await resolveVanished(db, { ...comparison, now: new Date(now()) });
  const differences = found.length;
  track.advance({ provider: paidOut, reached: 'all', compared, differences, healed, vanished });
}

/** What a bank sent back after it had counted as paid is looked at again, account by account. */
async function lookAfterAccounts(
  { db, log }: Dependencies,
  { payouts: books, track }: Omit<PaidOut, 'settle'>,
): Promise<void> {
  const { startedAt, done } = track.at();
  const after = done[sentBack];
  if (after === 'all') return;
  const sentSince = new Date(startedAt - payoutsReachMs);
  const account = { sentSince, beat: track.beat };
  const step = { provider: sentBack, compared: 0, vanished: 0 };
  for (const destination of await destinationsPaid(db, {
    since: sentSince,
    after: after?.providerRef,
  })) {
    const reopened = await reopenRefused({ db, books, log }, { ...account, destination });
    const reached = { orderId: undefined, providerRef: destination };
    track.advance({ ...step, reached, differences: reopened, healed: reopened });
  }
  track.advance({ ...step, reached: 'all', differences: 0, healed: 0 });
}

type Step = Pick<Progress, 'compared' | 'differences' | 'healed' | 'vanished'> & {
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
    vanished: 0,
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
    advance({ provider, reached, ...step }: Step): void {
      at = {
        ...at,
        done: { ...at.done, [provider]: reached === 'all' ? reached : placeOf(reached) },
        compared: at.compared + step.compared,
        differences: at.differences + step.differences,
        healed: at.healed + step.healed,
        vanished: at.vanished + step.vanished,
      };
      beat();
    },
  };
}

const placeOf = ({ orderId, providerRef }: NamedPage): NamedPage => ({ orderId, providerRef });
