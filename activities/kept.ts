// What changes slowly in a market is looked at once in a while, not every round. Used by what a round learns from.

import type { MarketId } from '../domain/ids.ts';

/** Real time, as it bounds work. */
const freshMs = 5 * 60_000;

/** A look that fails is not kept. */
export function keptByMarket<T>() {
  const known = new Map<MarketId, { readonly at: number; readonly of: Promise<T> }>();
  return (marketId: MarketId, look: () => Promise<T>): Promise<T> => {
    const before = known.get(marketId);
    if (before && performance.now() - before.at < freshMs) return before.of;
    const of = look();
    known.set(marketId, { at: performance.now(), of });
    of.catch(() => known.delete(marketId));
    return of;
  };
}
