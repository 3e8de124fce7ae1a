// Wakes a market's dispatcher when a delivery needs a driver. Called by `record` after its commit.

import type { OrderEngine } from '../adapters/order-engine.ts';
import type { Db } from '../db/connect.ts';
import { claimWake, returnWake } from '../db/dispatchers.ts';
import type { MarketId } from '../domain/ids.ts';

type Dependencies = { readonly db: Db; readonly engine: Pick<OrderEngine, 'wakeDispatcher'> };

/** A dispatcher that has shown no sign of life for so long is started again. */
const silenceMs = 60_000;

/** One signal per sleep, however many callers. Throws when the engine cannot be reached; the next caller tries again. */
export async function wakeIfAsleep(
  { db, engine }: Dependencies,
  marketId: MarketId,
): Promise<void> {
  if (!(await claimWake(db, { marketId, aliveSince: Date.now() - silenceMs }))) return;
  try {
    await engine.wakeDispatcher(marketId);
  } catch (error) {
    await returnWake(db, marketId);
    throw error;
  }
}
