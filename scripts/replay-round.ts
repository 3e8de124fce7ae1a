// `npm run replay-round`: plans stored dispatch rounds again and compares. What a round saw is kept for some days, so
// a decision can be looked into long after everything has moved.

import { parseArgs } from 'node:util';
import { engineId } from '../activities/engine-id.ts';
import { connect } from '../db/connect.ts';
import { readRounds, type StoredRound } from '../db/rounds.ts';
import type { Plan } from '../dispatch/decision.ts';
import { inWords } from '../dispatch/words.ts';
import { offersIn, replay } from './audit/replay-rounds.ts';
import { readStack } from './start/stack.ts';

const usage = `npm run replay-round -- [options]

Without options: the last hundred rounds of the stack that \`npm start\` has running.
  --round ID           one round (GET /v1/orders/{id}/explain names it), also told in words
  --market ID          only rounds of this market
  --last N             so many, the newest first (default 100)
  --database-url URL   another database

Exit code 0: every plan is identical; 1: one is not; 2: nothing could be read. Rounds that other code has planned are
counted, not compared.`;

const { values } = parseArgs({
  options: {
    round: { type: 'string' },
    market: { type: 'string' },
    last: { type: 'string', default: '100' },
    'database-url': { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});

function tell(round: StoredRound): void {
  const { offers, skipped, exhausted } = JSON.parse(round.plan) as Plan;
  console.log(`${round.roundId}: market ${round.marketId} at ${round.at.toISOString()}`);
  const all = [...offers.flatMap(({ decisions }) => decisions), ...skipped, ...exhausted];
  for (const { orderId, decision } of all)
    console.log(`\n${orderId}\n  ${inWords(orderId, decision).join('\n  ')}`);
}

async function main(): Promise<void> {
  if (values.help) return console.log(usage);
  const limit = Number(values.last);
  if (!Number.isSafeInteger(limit) || limit < 1)
    throw new Error(`--last must be a whole number above 0, not ${values.last}`);
  const db = connect({ url: values['database-url'] ?? readStack().databaseUrl, poolSize: 1 });
  try {
    const wanted = { roundId: values.round, marketId: values.market, limit };
    const rounds = await readRounds(db, wanted);
    if (rounds.length === 0) throw new Error('no such round is stored');
    const ours = rounds.filter(({ engine }) => engine === engineId);
    const breaches = ours.flatMap((round) => replay(round));
    for (const { order, expected, actual } of breaches)
      console.log(`${order}: stored ${expected}; planned again: ${actual}`);
    const [first] = rounds;
    if (values.round !== undefined && first) tell(first);
    else if (first)
      console.log(`the newest, ${first.roundId}: ${offersIn(JSON.parse(first.plan) as Plan)}`);
    console.log(
      `${ours.length} rounds planned again, ${breaches.length} differ; ${rounds.length - ours.length} are of other code`,
    );
    if (breaches.length > 0) process.exitCode = 1;
  } finally {
    await db.destroy();
  }
}

await main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 2;
});
