// What becomes of the differences that a comparison has found: what is safe is put right, all are reported.

import { isOutage } from '../adapters/outage.ts';
import type { PaymentPort } from '../adapters/payment-port.ts';
import type { Db } from '../db/connect.ts';
import { keepUndecided, ordersInDoubt, reportDifference } from '../db/differences.ts';
import { bookLateMoney } from '../db/reconciliation.ts';
import { returnLateTopUp } from '../db/top-ups.ts';
import { parseId } from '../domain/ids.ts';
import type { ProviderName } from '../domain/payment-methods.ts';
import { bringsDoubt, healsByItself, type Difference } from '../domain/reconcile.ts';
import type { Logger } from '../log.ts';
import type { Looked } from './reconcile-books.ts';

export type Books = Pick<PaymentPort, 'void' | 'provider'>;

type Dependencies = { readonly db: Db; readonly log: Logger; readonly now?: () => number };

type Found = Looked & {
  readonly track: { readonly at: () => { readonly run: string }; readonly beat: () => void };
  /** In whose books, if not the payments'. */
  readonly source?: string;
};

/** Heals what is safe and reports all; how many were put right. */
export function createSettling({ db, log, now = Date.now }: Dependencies) {
  /** True when it was put right. */
  async function heal(
    { provider, void: release }: Books,
    difference: Difference,
  ): Promise<boolean> {
    const { kind, orderId, providerRef } = difference;
    if (!healsByItself(difference) || orderId === undefined) return false;
    if (kind === 'captured_there_unknown_here') return returnLate(provider, difference);
    const key = `${orderId}:void:reconcile:${providerRef}`;
    const { status } = await release({ orderId, providerRef, key, attempt: 0 });
    return status === 'voided' || status === 'nothing_to_void';
  }

  async function returnLate(provider: ProviderName, difference: Difference): Promise<boolean> {
    const { providerRef, theirsMinor: amountMinor } = difference;
    const at = new Date(now());
    const id = parseId('topUp', difference.orderId ?? '');
    if (id) return returnLateTopUp(db, { id, providerRef, amountMinor, now: at });
    if (!parseId('order', difference.orderId ?? '')) return false;
    await bookLateMoney(db, { provider, difference, now: at });
    return true;
  }

  /** One that cannot be put right keeps none of the others waiting; a provider that is away keeps all. */
  const tried = (books: Books, difference: Difference): Promise<boolean> =>
    heal(books, difference).catch((error: unknown) => {
      if (isOutage(error) && error.code !== 'not_settled') throw error;
      log.error({ ...difference, err: error }, 'a difference could not be put right');
      return false;
    });

  /** By what was found now, or is open from before: that may be out of reach now, or be found by itself. */
  async function inDoubt(
    found: readonly Difference[],
  ): Promise<ReadonlySet<string | null | undefined>> {
    const orderIds = found.filter(healsByItself).flatMap(({ orderId }) => orderId ?? []);
    const before = orderIds.length > 0 ? await ordersInDoubt(db, orderIds) : [];
    return new Set([...before, ...found.filter(bringsDoubt).map(({ orderId }) => orderId)]);
  }

  return async function settle(books: Books, looked: Found): Promise<number> {
    const { track, found, undecided, source } = looked;
    const doubtful = await inDoubt(found);
    const seen = { provider: source ?? books.provider, run: track.at().run };
    await keepUndecided(db, { ...seen, undecided });
    let healed = 0;
    for (const difference of found) {
      const isHealed = !doubtful.has(difference.orderId) && (await tried(books, difference));
      if (isHealed) healed += 1;
      await reportDifference(db, { ...seen, now: new Date(now()), difference, healed: isHealed });
      log.warn({ ...difference, healed: isHealed }, 'the provider’s books differ from ours');
      track.beat();
    }
    return healed;
  };
}
