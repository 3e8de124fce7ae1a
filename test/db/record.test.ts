// What a step writes besides the order's own row: whom a new hold that does not come is told to.

import { afterAll, beforeAll, expect, it } from 'vitest';
import { record } from '../../db/record.ts';
import { initialState } from '../../domain/order.ts';
import { rowOf } from '../../domain/view.ts';
import { facts } from '../domain/lives.ts';
import { createMarket, type Market } from './market.ts';

let market: Market;
beforeAll(async () => {
  market = await createMarket();
});
afterAll(() => market.close());

const failed = { type: 'payment.renewal_failed', attempt: 2, code: 'card_declined' } as const;

it.each([
  ['is told as a failure, while it is tried again', failed, ['hold_not_renewed']],
  [
    'is told as a loss to come, the last time',
    { ...failed, last: true } as const,
    ['hold_will_lapse'],
  ],
  ['is not told when nobody needs it', { ...failed, code: 'not_needed' }, []],
])('a hold that is not renewed %s', async (_name, event, kinds) => {
  const orderId = await market.addOrder({ sequence: 0 });
  const own = { ...facts, orderId };
  await record(market.db, {
    facts: own,
    expectedSequence: 1,
    commandId: 'answer',
    actor: { kind: 'system' },
    at: facts.placedAt,
    events: [event],
    previousDriverId: undefined,
    row: rowOf(initialState(own)),
  });
  const told = market.db.selectFrom('incidents').select('kind').where('order_id', '=', orderId);
  expect((await told.execute()).map(({ kind }) => kind)).toEqual(kinds);
});
