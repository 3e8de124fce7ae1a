// Bugs in the rules of money and in their posting, planted into copies of the code: the audit sees each in what they make
// of an order. Those outside of the rules are tried on the real stack (test/e2e/money-bugs.test.ts).

import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rowOf } from '../../domain/view.ts';
import { fold } from '../../domain/evolve.ts';
import { initialState } from '../../domain/order.ts';
import { checkout } from '../../scripts/local/state.ts';
import { runChecks } from '../../scripts/audit/checks.ts';
import type { AuditedOrder, LedgerTransaction } from '../../scripts/audit/data.ts';
import { facts as plain, placedAt } from '../domain/lives.ts';
import { moneyBugs } from '../support/money-bugs.ts';
import { copyCode } from '../support/other-code.ts';
import { soundData } from './audit-world.ts';
import { collected } from './bug-lives.ts';

/** 2.346 dinars and a tip of 150, of which a card takes 2.500. */
const facts = {
  ...plain,
  currency: 'KWD',
  fulfilment: 'pickup',
  goodsMinor: 2_346,
  deliveryFeeMinor: 0,
  totalMinor: 2_496,
} as const;

/** The checks that speak of what was made of the order. */
function speaking({ events, postings }: ReturnType<typeof collected>): readonly string[] {
  const { orderId: id, merchantId, currency } = facts;
  const row = rowOf(fold(initialState(facts), events));
  const when = { placedAt, updatedAt: placedAt, deadlineAt: row.deadlineAt };
  const { sequence, status, orderStatus, deliveryStatus, paymentStatus, endReason, isOver } = row;
  const states = {
    sequence,
    status,
    orderStatus,
    deliveryStatus,
    paymentStatus,
    endReason,
    isOver,
  };
  const order: AuditedOrder = { id, merchantId, facts, events, ...states, ...when };
  const ledger = postings.map((posting): LedgerTransaction => ({
    ...posting,
    orderId: id,
    currency,
    entries: posting.entries.map((entry) => ({ ...entry, currency })),
  }));
  const sound = soundData();
  const verdicts = runChecks({
    ...sound,
    orders: [...sound.orders, order],
    ledger: [...sound.ledger, ...ledger],
  });
  return verdicts.flatMap(({ check, finding }) =>
    check.item === 1 && finding.breaches.some((breach) => breach.order === id) ? [check.id] : [],
  );
}

const isOfRules = ({ patches }: (typeof moneyBugs)[number]): boolean =>
  patches.every(({ file }) => file.startsWith('domain/') || file === 'db/ledger.ts');

describe('audit of the rules', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'waybill-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('has nothing to say about sound code', () => {
    expect(speaking(collected(facts))).toEqual([]);
  });

  it.each(moneyBugs.filter(isOfRules))('sees that $name', async ({ name, patches, seenBy }) => {
    const code = await copyCode(join(folder, name.replaceAll(/\W/g, '-')), patches);
    const lives = join(code, 'test/scripts/bug-lives.ts');
    await cp(join(checkout, 'test/scripts/bug-lives.ts'), lives);
    const buggy = (await import(lives)) as { readonly collected: typeof collected };
    expect(speaking(buggy.collected(facts))).toEqual(expect.arrayContaining([...seenBy]));
  });
});
