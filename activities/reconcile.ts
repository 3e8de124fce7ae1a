// Once a day: every object in the providers' books against our ledger, both ways; of a provider without a list of its
// books, every object that we have a name for. What is safe is put right; of every
// other difference a person is told, once, and no more when it has gone. Repeating it changes nothing.

import { isOutage, type Outage } from '../adapters/outage.ts';
import type { CardGateway, PaymentTruth, ProviderPayment } from '../adapters/card-gateway.ts';
import type { PaymentPort } from '../adapters/payment-port.ts';
import type { PayoutBooks } from '../adapters/payout-port.ts';
import type { Db } from '../db/connect.ts';
import {
  ordersWithCaptures,
  ourPayments,
  reportDifference,
  resolveVanished,
  bookLateMoney,
  namedPayments,
  type Named,
  type OurPayment,
} from '../db/reconciliation.ts';
import {
  compare,
  healsByItself,
  missingThere,
  type Difference,
  type Theirs,
} from '../domain/reconcile.ts';
import type { Logger } from '../log.ts';
import type { Reconciled, ReconcileActivities } from './contract.ts';
import { comparePayouts } from './reconcile-payouts.ts';
import { retryable } from './retryable.ts';

type Other = Pick<PaymentPort, 'provider' | 'look' | 'void'>;
type Compared = {
  readonly from: Books;
  /** Objects in the provider’s books. */
  readonly compared: number;
  readonly found: readonly Difference[];
};
type Books = Pick<PaymentPort, 'void' | 'provider'>;

type Dependencies = {
  readonly db: Db;
  readonly gateway: Pick<CardGateway, 'list' | 'void'>;
  /** Undefined: nobody is paid out. */
  readonly payouts?: Pick<PayoutBooks, 'listPayouts'>;
  /** Providers whose payments are asked for one by one. */
  readonly others?: readonly Other[];
  readonly log: Logger;
  readonly now?: () => number;
};

const cards = 'stripe';
const batchSize = 200;
const dayMs = 86_400_000;
/** A card is held up to 5 days ahead, for 7 days, and its capture tried for 3: each is looked at after its end. */
const reachMs = 16 * dayMs;
/** Captures as old as this have their payment within the reach. */
const capturesReachMs = 3 * dayMs;
/** Well within the list of what left our balance. */
const payoutsReachMs = 14 * dayMs;

export function createReconcileActivities(deps: Dependencies): ReconcileActivities {
  const { db, gateway, payouts, others = [], log, now = Date.now } = deps;

  /** True when it was put right. */
  async function heal(
    { provider, void: release }: Books,
    difference: Difference,
  ): Promise<boolean> {
    const { kind, orderId, providerRef } = difference;
    if (!healsByItself(difference) || orderId === undefined) return false;
    if (kind === 'captured_there_unknown_here') {
      await bookLateMoney(db, { provider, difference, now: new Date(now()) });
      return true;
    }
    const key = `${orderId}:void:reconcile:${providerRef}`;
    const { status } = await release({ orderId, providerRef, key, attempt: 0 });
    return status === 'voided' || status === 'nothing_to_void';
  }

  /** Heals what is safe and reports all; how many were put right. */
  async function settle({ from, found }: Compared): Promise<number> {
    const doubtful = ordersInDoubt(found);
    let healed = 0;
    for (const difference of found) {
      const isHealed = !doubtful.has(difference.orderId) && (await heal(from, difference));
      if (isHealed) healed += 1;
      await reportDifference(db, { difference, now: new Date(now()), healed: isHealed });
      log.warn({ ...difference, healed: isHealed }, 'the provider’s books differ from ours');
    }
    return healed;
  }

  return {
    async reconcile(): Promise<Reconciled> {
      const createdAfter = now() - reachMs;
      const sources = [
        () => readBooks(deps, { createdAfter, now: now() }),
        ...(payouts
          ? [() => readPayouts({ db, gateway, payouts }, { createdAfter, now: now() })]
          : []),
        ...others.map((other) => () => askOneByOne(db, other, new Date(createdAfter))),
      ];
      const found: Difference[] = [];
      let [compared, healed] = [0, 0];
      let away: Outage | undefined;
      for (const source of sources) {
        try {
          const books = await source();
          healed += await settle(books);
          compared += books.compared;
          found.push(...books.found);
        } catch (error) {
          if (!isOutage(error)) throw error;
          away = error;
        }
      }
      // Whoever is away is compared at the next try; until then nothing counts as gone.
      if (away) throw retryable(away.code, away.retryAfterMs);
      const vanished = await resolveVanished(db, { found, now: new Date(now()) });
      return { compared, differences: found.length, healed, vanished };
    },
  };
}

type Span = { readonly createdAfter: number; readonly now: number };

/** The cards' provider lists its books. */
async function readBooks(
  { db, gateway }: Pick<Dependencies, 'db' | 'gateway'>,
  { createdAfter, now }: Span,
): Promise<Compared> {
  const seen = new Set<string>();
  const found: Difference[] = [];
  let batch: ProviderPayment[] = [];
  for await (const payment of gateway.list({ createdAfter })) {
    seen.add(payment.providerRef);
    batch.push(payment);
    if (batch.length < batchSize) continue;
    found.push(...(await compareBatch(db, cards, batch)));
    batch = [];
  }
  found.push(...(await compareBatch(db, cards, batch)));
  // Ours may be a little younger than their oldest: a capture comes after its payment.
  found.push(...(await unseen(db, { since: new Date(now - capturesReachMs), seen })));
  return { from: { provider: cards, void: gateway.void }, compared: seen.size, found };
}

/** Nothing of it is put right by itself. */
async function readPayouts(
  { db, gateway, payouts }: Pick<Required<Dependencies>, 'db' | 'gateway' | 'payouts'>,
  { createdAfter, now }: Span,
): Promise<Compared> {
  const sentSince = new Date(now - payoutsReachMs);
  const books = await comparePayouts({ db, books: payouts }, { createdAfter, sentSince });
  return { from: { provider: cards, void: gateway.void }, ...books };
}

async function askOneByOne(db: Db, other: Other, since: Date): Promise<Compared> {
  const { provider } = other;
  const found: Difference[] = [];
  let compared = 0;
  for (let after: Named | undefined; ;) {
    const named = await namedPayments(db, { provider, since, after, limit: batchSize });
    const orderIds = [...new Set(named.flatMap(({ orderId }) => orderId ?? []))];
    const ours = await ourPayments(db, { provider, orderIds });
    for (const payment of named) {
      const { providerRef, orderId } = payment;
      const own = oursOf(payment, ours.get(orderId ?? ''));
      found.push(...compare(objectOf(payment, await other.look({ providerRef }), own), own));
    }
    compared += named.length;
    if (named.length < batchSize) return { from: other, compared, found };
    after = named.at(-1);
  }
}

async function compareBatch(
  db: Db,
  provider: string,
  payments: readonly ProviderPayment[],
): Promise<readonly Difference[]> {
  const ids = payments.flatMap(({ orderId }) => (orderId === undefined ? [] : [orderId]));
  const ours = await ourPayments(db, { provider, orderIds: [...new Set(ids)] });
  return payments.flatMap((theirs) =>
    compare(theirs, oursOf(theirs, ours.get(theirs.orderId ?? ''))),
  );
}

/** Captures of ours since then whose object was not seen in the provider's books. */
async function unseen(
  db: Db,
  { since, seen }: { readonly since: Date; readonly seen: ReadonlySet<string> },
): Promise<readonly Difference[]> {
  const found: Difference[] = [];
  for (let after = ''; ;) {
    const ids = await ordersWithCaptures(db, { provider: cards, since, after, limit: batchSize });
    for (const payments of (await ourPayments(db, { provider: cards, orderIds: ids })).values())
      for (const each of payments)
        if (each.providerRef !== undefined && !seen.has(each.providerRef))
          found.push(...missingThere(each.providerRef, each));
    if (ids.length < batchSize) return found;
    after = ids.at(-1) ?? '';
  }
}

/** What such an order took is under another name there, perhaps: a person must look before anything is given back. */
const ordersInDoubt = (differences: readonly Difference[]): ReadonlySet<string | undefined> =>
  new Set(
    differences
      .filter(({ kind }) => kind === 'captured_here_unknown_there')
      .map(({ orderId }) => orderId),
  );

/** What it gave back a single object does not say: our own word stands. */
function objectOf(
  { orderId, providerRef, currency }: Named,
  truth: PaymentTruth,
  ours: OurPayment | undefined,
): Theirs {
  const { status } = truth;
  const capturedMinor = truth.status === 'captured' ? truth.amountMinor : 0;
  const refundedMinor = ours?.refundedMinor ?? 0;
  return { providerRef, orderId, status, capturedMinor, refundedMinor, currency: currency ?? '' };
}

/** Ours of this very payment; an order that took nothing by it has taken 0. */
function oursOf(
  { providerRef }: { readonly providerRef: string },
  payments: readonly OurPayment[] | undefined,
): OurPayment | undefined {
  const [any] = payments ?? [];
  const own = payments?.find((each) => each.providerRef === providerRef);
  return own ?? (any && { ...any, providerRef, capturedMinor: 0, refundedMinor: 0 });
}
