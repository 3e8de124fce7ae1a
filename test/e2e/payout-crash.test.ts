// Payouts on the real stack: the worker is killed once, at every point of a payout's step, while the provider breaks at
// either of its requests in every way; each payout reaches its bank once.

import { afterAll, beforeAll, expect, test } from 'vitest';
import { payoutWorkflowId } from '../../domain/ids.ts';
import { auditOf } from '../support/audit.ts';
import { addParty, askForPayout, earn, movedByPayouts } from '../support/payouts.ts';
import { openShop } from '../support/shop.ts';
import { startStack, type Stack } from '../support/stack.ts';

let stack: Stack;
let marketId: string;
beforeAll(async () => {
  stack = await startStack();
  const { ids } = await openShop(stack);
  marketId = ids.market;
}, 90_000);
afterAll(() => stack.close());

const points = ['payout:before', 'payout:after-effect', 'payout:after-record'] as const;
const faults = ['execute_then_timeout', '409', '429', '500'] as const;
const paths = ['/v1/transfers', '/v1/payouts'] as const;
const cells = points.flatMap((point) =>
  faults.flatMap((kind) => paths.map((path) => ({ point, kind, path }))),
);
const period = '2026-05-04';

async function prepare({ point, kind, path }: (typeof cells)[number]) {
  const { db, stripe } = stack;
  const party = await addParty({ db, marketId }, { destination: stripe.control.openAccount() });
  await earn(db, party, { amountMinor: 9_000, at: new Date(Date.now() - 1_000) });
  const payout = `${party}:${period}`;
  stripe.control.addFault({ kind, match: { method: 'POST', path, orderId: payout } });
  return { party, place: `${point}#sending#${party}` };
}

test(`${cells.length} payouts survive one kill at every point and every fault, each paid once`, async () => {
  const prepared = [];
  for (const cell of cells) prepared.push(await prepare(cell));
  await stack.kill('worker');
  await stack.start('worker', { CRASH_AT: prepared.map(({ place }) => place).join(',') });
  const now = new Date();
  for (const { party } of prepared) {
    const name = await askForPayout(
      { db: stack.db, marketId },
      { party, period, endsAt: now, now },
    );
    const workflowId = payoutWorkflowId(name);
    await stack.client.workflow.start('payout', { workflowId, taskQueue: 'orders', args: [name] });
  }
  await stack.ended('worker');
  const { control } = stack.stripe;
  expect(control.books().transfers.length).toBeGreaterThan(0);
  await stack.start('worker');
  const statuses = async () => {
    const rows = await stack.db.selectFrom('payouts').select('status').execute();
    return rows.map(({ status }) => status);
  };
  await expect.poll(statuses, { timeout: 90_000, interval: 500 }).toEqual(cells.map(() => 'paid'));
  const { transfers, payouts } = control.books();
  for (const { party } of prepared) {
    const name = `${party}:${period}`;
    const left = transfers.filter((each) => each.transfer_group === name && !each.reversed);
    const arrived = payouts.filter((each) => each.metadata['payout'] === name);
    expect([left, arrived.filter(({ status }) => status === 'paid')]).toMatchObject([
      [{ amount: 9_000 }],
      [{ amount: 9_000 }],
    ]);
    expect(await movedByPayouts(stack.db, party)).toEqual({
      merchant: 9_000,
      provider_clearing: -9_000,
    });
  }
  expect(control.listFaults().filter(({ left }) => left > 0)).toEqual([]);
  expect((await auditOf(stack)).breaches).toBe(0);
}, 300_000);
