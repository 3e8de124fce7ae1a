// How likely the drivers of a market say yes, learnt from their answers of the last month. Called by dispatch.ts.

import { readAnswers } from '../db/answers.ts';
import type { Db } from '../db/connect.ts';
import { learnAcceptance, type Acceptance } from '../dispatch/acceptance.ts';
import type { MarketId } from '../domain/ids.ts';
import { keptByMarket } from './kept.ts';

const windowMs = 30 * 24 * 3_600_000;

type From = { readonly db: Db; readonly marketId: MarketId; readonly now: number };

export function createAcceptance() {
  const kept = keptByMarket<Acceptance>();
  return ({ db, marketId, now }: From): Promise<Acceptance> =>
    kept(marketId, async () =>
      learnAcceptance(await readAnswers(db, { marketId, since: now - windowMs })),
    );
}
