// A silent city at support's desk: an order that nobody takes is in the queue, with what happened, what happens next by
// itself, and what may be done; and it leaves the queue when somebody is found, or by its end.

import { describe, expect, it } from 'vitest';
import { idsOf, listed, setUpDesk } from '../support/desk.ts';

const set = setUpDesk();
const minute = 60_000;

const queue = () =>
  set.desk.get(`exceptions?reason=no_driver_found&merchant_id=${set.shop.merchant.id}`);
const searching = async (): Promise<string> => {
  const id = await set.desk.accepted(set.shop);
  await set.world.engine.happens(id, { kind: 'markReady' });
  return id;
};

describe('an order that nobody takes', () => {
  it('is not in the queue while the search climbs its rungs', async () => {
    const id = await searching();
    await set.world.engine.elapse(id, 14 * minute);
    expect(idsOf(await queue())).toEqual([]);
  });

  it('is in it behind the last rung, in words, until it ends by itself', async () => {
    const id = await searching();
    await set.world.engine.elapse(id, 16 * minute);
    const [row] = listed(await queue());
    expect(row).toMatchObject({
      order_id: id,
      owner: 'support',
      reasons: [{ code: 'no_driver_found' }],
      next_step: { exit: 'failSearch' },
    });
    expect(JSON.stringify(row?.['reasons'])).toMatch(
      /no driver has taken it on any rung of the search.*by itself at 2.*Z: the order fails for want of a driver/,
    );
    const actions = ((row?.['actions'] ?? []) as { action: string }[]).map(({ action }) => action);
    expect(actions).toEqual(
      expect.arrayContaining(
        ['assign-driver', 'extend', 'cancel', 'stop-search'].map((name) => `actions/${name}`),
      ),
    );
    const timeline = await set.world.call('GET', `/v1/orders/${id}/timeline`, {
      secret: set.shop.owner,
    });
    expect(JSON.stringify(timeline.body['data'])).toContain(
      'no driver was found on any rung: support is told, and the search goes on',
    );
    await set.world.engine.elapse(id, 91 * minute);
    expect(idsOf(await queue())).toEqual([]);
    const { body } = await set.world.call('GET', `/v1/orders/${id}`, { secret: set.shop.owner });
    expect(body).toMatchObject({ order_status: 'failed', end_reason: 'failed_to_assign' });
  });

  it('leaves it when support has found a driver', async () => {
    const id = await searching();
    await set.world.engine.elapse(id, 16 * minute);
    const body = { reason: 'other', driver_id: set.shop.driver.id };
    expect((await set.desk.say(id, 'actions/assign-driver', { body })).status).toBe(200);
    expect(idsOf(await queue())).toEqual([]);
  });

  it('may be looked for longer: its end is put off', async () => {
    const id = await searching();
    await set.world.engine.elapse(id, 16 * minute);
    const body = { reason: 'other', seconds: 1_800 };
    expect((await set.desk.say(id, 'actions/extend', { body })).status).toBe(200);
    await set.world.engine.elapse(id, 100 * minute);
    expect(idsOf(await queue())).toEqual([id]);
    await set.world.engine.elapse(id, 121 * minute);
    expect(idsOf(await queue())).toEqual([]);
  });
});
