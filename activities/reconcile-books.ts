// Payments in the providers' books against our ledger: from a list of the books, or asked for one by one.

import type { CardGateway, ProviderPayment } from '../adapters/card-gateway.ts';
import { isOutage } from '../adapters/outage.ts';
import type { PaymentPort, Seen } from '../adapters/payment-port.ts';
import type { Db } from '../db/connect.ts';
import { namedPayments, type Named, type NamedPage } from '../db/named-payments.ts';
import { recordFees } from '../db/provider-fees.ts';
import { ordersWithCaptures, ourPayments, type OurPayment } from '../db/reconciliation.ts';
import type { ProviderName } from '../domain/payment-methods.ts';
import { compare, isUndecided, missingThere } from '../domain/reconcile.ts';
import type { Difference, Theirs } from '../domain/reconcile.ts';

/** Whose books are a list. */
export const cards = 'stripe';
const batchSize = 200;
const dayMs = 86_400_000;
/** A card is held up to 5 days ahead, for 7 days, and its capture tried for 3: each is looked at after its end. */
export const reachMs = 16 * dayMs;
/** Captures as old as this have their payment within the reach. */
const capturesReachMs = 3 * dayMs;

/** What payments were found to be. */
export type Looked = {
  readonly found: readonly Difference[];
  /** Payments of which it could not be told. */
  readonly undecided: readonly string[];
};
type Batch = Looked & { readonly compared: number };

type Clocked = { readonly db: Db; readonly now: () => number };
type Listing = Clocked & { readonly gateway: Pick<CardGateway, 'list'> };
type Reading = Clocked & { readonly gateway: Pick<CardGateway, 'read'> };

/** The cards' provider lists its books. */
export async function* readBooks(
  { db, gateway, now }: Listing,
  startedAt: number,
): AsyncIterable<Batch> {
  const seen = new Set<string>();
  let batch: ProviderPayment[] = [];
  for await (const payment of gateway.list({ createdAfter: startedAt - reachMs })) {
    seen.add(payment.providerRef);
    batch.push(payment);
    if (batch.length < batchSize) continue;
    yield await compareBatch({ db, now }, cards, batch);
    batch = [];
  }
  yield await compareBatch({ db, now }, cards, batch);
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
export async function pageOf(
  db: Db,
  place: Place,
): Promise<{ readonly named: readonly Named[]; readonly isLast: boolean }> {
  const named = await namedPayments(db, { ...place, limit: batchSize });
  if (named.length < batchSize) return { named, isLast: true };
  const last = named.at(-1)?.orderId;
  const whole = named.filter(({ orderId }) => orderId !== last);
  return { named: whole.length > 0 ? whole : named, isLast: false };
}

/** Cards out of the reach of the list, one by one. */
export async function readAgain(
  { db, gateway, now }: Reading,
  { named, beat }: Asking,
): Promise<Looked> {
  const found: Difference[] = [];
  const undecided: string[] = [];
  for (const { orderId, providerRef } of named) {
    const theirs = await gateway.read({ providerRef });
    const orderIds = orderId === undefined ? [] : [orderId];
    const ours = (await ourPayments(db, { provider: cards, orderIds })).get(orderId ?? '');
    const own = oursOf({ providerRef }, ours);
    if (theirs) found.push(...(await compareBatch({ db, now }, cards, [theirs])).found);
    else if (own) found.push(...missingThere(providerRef, own));
    if (own && isUndecided(own)) undecided.push(providerRef);
    beat();
  }
  return { found, undecided };
}

type Asking = { readonly named: readonly Named[]; readonly beat: () => void };

export async function ask(
  { db, now }: Clocked,
  { provider, look }: Pick<PaymentPort, 'provider' | 'look'>,
  { named, beat }: Asking,
): Promise<Looked> {
  const found: Difference[] = [];
  const undecided: string[] = [];
  const orderIds = [...new Set(named.flatMap(({ orderId }) => orderId ?? []))];
  const ours = await ourPayments(db, { provider, orderIds });
  for (const payment of named) {
    const { providerRef, orderId } = payment;
    const own = oursOf(payment, ours.get(orderId ?? ''));
    const seen = await settled(look({ providerRef, refundRefs: own?.refundRefs ?? undefined }));
    if (seen) found.push(...compare(objectOf(payment, seen, own), own));
    if (!seen || (own && isUndecided(own))) undecided.push(providerRef);
    if (seen?.fee && own)
      await recordFees(
        db,
        [{ ...seen.fee, provider, providerRef, payerId: own.orderId }],
        new Date(now()),
      );
    beat();
  }
  return { found, undecided };
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
): Promise<Batch> {
  const ids = payments.flatMap(({ orderId }) => (orderId === undefined ? [] : [orderId]));
  const ours = await ourPayments(db, { provider, orderIds: [...new Set(ids)] });
  const fees = payments.flatMap(({ fee, providerRef, orderId }) =>
    fee && orderId !== undefined && ours.has(orderId)
      ? [{ ...fee, provider, providerRef, payerId: orderId }]
      : [],
  );
  await recordFees(db, fees, new Date(now()));
  const pairs = payments.map(
    (theirs) => [theirs, oursOf(theirs, ours.get(theirs.orderId ?? ''))] as const,
  );
  return {
    compared: payments.length,
    found: pairs.flatMap(([theirs, own]) => compare(theirs, own)),
    undecided: pairs.flatMap(([{ providerRef }, own]) =>
      own && isUndecided(own) ? [providerRef] : [],
    ),
  };
}

/** Captures of ours since then whose object was not seen in the provider's books. */
async function* unseen(
  db: Db,
  { since, seen }: { readonly since: Date; readonly seen: ReadonlySet<string> },
): AsyncGenerator<Batch> {
  for (let after = ''; ;) {
    const found: Difference[] = [];
    const undecided: string[] = [];
    const ids = await ordersWithCaptures(db, { provider: cards, since, after, limit: batchSize });
    for (const payments of (await ourPayments(db, { provider: cards, orderIds: ids })).values())
      for (const each of payments)
        if (each.providerRef !== undefined && !seen.has(each.providerRef)) {
          found.push(...missingThere(each.providerRef, each));
          if (isUndecided(each)) undecided.push(each.providerRef);
        }
    yield { compared: 0, found, undecided };
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
