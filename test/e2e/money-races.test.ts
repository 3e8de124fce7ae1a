// Every race about money (test/support/money-races.ts) on real processes: one wins, the other gets a typed refusal, and
// the provider's books and the ledger agree afterwards. At the end the audit reads the whole stack.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { auditOf } from '../support/audit.ts';
import { moneyRaces } from '../support/money-races.ts';
import { run } from '../support/race.ts';
import { startStack, type Stack } from '../support/stack.ts';

let stack: Stack;
beforeAll(async () => {
  stack = await startStack();
}, 120_000);
afterAll(() => stack.close());

describe('about money, at the same moment', () => {
  test.for(Object.entries(moneyRaces))('%s', { timeout: 240_000 }, async ([name, race]) =>
    expect(await run(stack, name, race)).toEqual([]),
  );
});

test('and the audit is clean', { timeout: 60_000 }, async () => {
  expect((await auditOf(stack)).breaches).toBe(0);
});
