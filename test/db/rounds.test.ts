// Rounds are kept for some days and then dropped, partition by partition.

import { afterAll, beforeAll, expect, test } from 'vitest';
import { ensurePartitions } from '../../db/partitions.ts';
import { newId } from '../../db/new-id.ts';
import { dropOldRounds, insertRound, pack, readRounds, roundsKeptDays } from '../../db/rounds.ts';
import { createMarket, type Market } from './market.ts';

let market: Market;
beforeAll(async () => {
  market = await createMarket();
});
afterAll(() => market.close());

const dayMs = 86_400_000;

test('rounds › what is older than a week goes, whether it has a partition or not', async () => {
  const first = Date.UTC(2026, 4, 4, 12);
  const write = async (at: number): Promise<void> =>
    insertRound(market.db, {
      roundId: newId('round', at),
      marketId: market.marketId,
      at,
      engine: 'test',
      policyVersion: 'test',
      inputHash: '',
      orderIds: [newId('order')],
      drivers: 0,
      input: await pack({ at }),
      plan: await pack({}),
    });
  const kept = async (): Promise<readonly number[]> => {
    const rounds = await readRounds(market.db, { marketId: market.marketId, limit: 10 });
    return rounds.map(({ at, input }) => {
      expect(JSON.parse(input)).toEqual({ at: at.getTime() });
      return (at.getTime() - first) / dayMs;
    });
  };
  await write(first - dayMs);
  const made = await ensurePartitions(market.db, new Date(first));
  expect(made).toContain('dispatch_rounds_2026_05_04');
  for (const days of [0, 1, 9]) await write(first + days * dayMs);
  expect(await kept()).toEqual([9, 1, 0, -1]);
  const dropped = await dropOldRounds(market.db, new Date(first + (roundsKeptDays + 1) * dayMs));
  expect(dropped).toEqual(['dispatch_rounds_2026_05_04']);
  expect(await kept()).toEqual([9, 1]);
});
