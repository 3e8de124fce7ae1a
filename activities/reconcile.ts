// Once a day: every object in the provider's books against our ledger, both ways. What is safe is put right; of every
// other difference a person is told, once, and no more when it has gone. Repeating it changes nothing.

import { isOutage } from '../adapters/outage.ts';
import type { CardGateway, ProviderPayment } from '../adapters/card-gateway.ts';
import type { Db } from '../db/connect.ts';
import {
  ordersWithCaptures,
  ourPayments,
  reportDifference,
  resolveVanished,
  bookLateMoney,
  type OurPayment,
} from '../db/reconciliation.ts';
import { compare, healsByItself, missingThere, type Difference } from '../domain/reconcile.ts';
import type { Logger } from '../log.ts';
import type { Reconciled, ReconcileActivities } from './contract.ts';
import { retryable } from './retryable.ts';

type Dependencies = {
  readonly db: Db;
  readonly gateway: Pick<CardGateway, 'list' | 'void'>;
  readonly log: Logger;
  readonly now?: () => number;
};

const batchSize = 200;
const dayMs = 86_400_000;
/** A card is held up to 5 days ahead, for 7 days, and its capture tried for 3: each is looked at after its end. */
const reachMs = 16 * dayMs;
/** Captures as old as this have their payment within the reach. */
const capturesReachMs = 3 * dayMs;

export function createReconcileActivities(deps: Dependencies): ReconcileActivities {
  const { db, gateway, log, now = Date.now } = deps;

  async function readBooks(createdAfter: number) {
    const seen = new Set<string>();
    const found: Difference[] = [];
    let batch: ProviderPayment[] = [];
    for await (const payment of gateway.list({ createdAfter })) {
      seen.add(payment.providerRef);
      batch.push(payment);
      if (batch.length < batchSize) continue;
      found.push(...(await compareBatch(db, batch)));
      batch = [];
    }
    found.push(...(await compareBatch(db, batch)));
    return { seen, found };
  }

  /** True when it was put right. */
  async function heal(difference: Difference): Promise<boolean> {
    const { kind, orderId, providerRef } = difference;
    if (!healsByItself(difference) || orderId === undefined) return false;
    if (kind === 'captured_there_unknown_here') {
      await bookLateMoney(db, { difference, now: new Date(now()) });
      return true;
    }
    const key = `${orderId}:void:reconcile:${providerRef}`;
    const { status } = await gateway.void({ orderId, providerRef, key, attempt: 0 });
    return status === 'voided' || status === 'nothing_to_void';
  }

  return {
    async reconcile(): Promise<Reconciled> {
      try {
        const createdAfter = now() - reachMs;
        const { seen, found } = await readBooks(createdAfter);
        // Ours may be a little younger than their oldest: a capture comes after its payment.
        const since = new Date(now() - capturesReachMs);
        const differences = [...found, ...(await unseen(db, { since, seen }))];
        const doubtful = ordersInDoubt(differences);
        let healed = 0;
        for (const difference of differences) {
          const isHealed = !doubtful.has(difference.orderId) && (await heal(difference));
          if (isHealed) healed += 1;
          await reportDifference(db, { difference, now: new Date(now()), healed: isHealed });
          log.warn({ ...difference, healed: isHealed }, 'the provider’s books differ from ours');
        }
        const vanished = await resolveVanished(db, { found: differences, now: new Date(now()) });
        return { compared: seen.size, differences: differences.length, healed, vanished };
      } catch (error) {
        throw isOutage(error) ? retryable(error.code, error.retryAfterMs) : error;
      }
    },
  };
}

async function compareBatch(
  db: Db,
  payments: readonly ProviderPayment[],
): Promise<readonly Difference[]> {
  const ids = payments.flatMap(({ orderId }) => (orderId === undefined ? [] : [orderId]));
  const ours = await ourPayments(db, [...new Set(ids)]);
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
    const ids = await ordersWithCaptures(db, { since, after, limit: batchSize });
    for (const payments of (await ourPayments(db, ids)).values())
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

/** Ours of this very payment; an order that took nothing by it has taken 0. */
function oursOf(
  { providerRef }: ProviderPayment,
  payments: readonly OurPayment[] | undefined,
): OurPayment | undefined {
  const [any] = payments ?? [];
  const own = payments?.find((each) => each.providerRef === providerRef);
  return own ?? (any && { ...any, providerRef, capturedMinor: 0, refundedMinor: 0 });
}
