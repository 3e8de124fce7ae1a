// The desk of support in tests: its calls, and orders in the states that it meets.

import { afterAll, beforeAll, beforeEach } from 'vitest';
import { newId } from '../../db/new-id.ts';
import { parseId } from '../../domain/ids.ts';
import {
  createWorld,
  openShop,
  type Json,
  type Reply,
  type Shop,
  type World,
} from '../api/world.ts';

type Ask = { readonly body?: object; readonly as?: string; readonly ifMatch?: string };

export const listed = (reply: Reply): Json[] => reply.body['data'] as Json[];
export const field = (body: object, name: string): string =>
  String((body as Readonly<Record<string, string | number>>)[name]);
/** Of a list of orders or exceptions. */
export const idsOf = (reply: Reply): string[] =>
  listed(reply).map((row) => field(row, 'order_id' in row ? 'order_id' : 'id'));

type Desk = ReturnType<typeof createDesk>;

/** A world for the file, a shop and a healthy engine for each of its tests. */
export function setUpDesk() {
  const set = {} as { world: World; shop: Shop; desk: Desk };
  beforeAll(async () => {
    set.world = await createWorld();
    set.desk = createDesk(set.world, await set.world.keyOf({ role: 'support' }));
  });
  afterAll(() => set.world.close());
  beforeEach(async () => {
    set.shop = await openShop(set.world);
    set.world.engine.faults.workflow = { kind: 'running' };
  });
  return set;
}

/** `other` is the key of a second agent. */
function createDesk(world: World, other: string) {
  async function accepted(shop: Shop, extra: object = {}): Promise<string> {
    const { body } = await shop.place(extra);
    await world.call('POST', `/v1/orders/${body.id}/accept`, { secret: shop.owner });
    return body.id;
  }
  return {
    other,
    say: (orderId: string, rest: string, ask: Ask = {}): Promise<Reply> =>
      world.call('POST', `/v1/support/orders/${orderId}/${rest}`, {
        secret: ask.as ?? world.support,
        body: ask.body ?? { reason: 'merchant_silent' },
        headers: { 'if-match': ask.ifMatch },
      }),
    get: (path: string, as = world.support): Promise<Reply> =>
      world.call('GET', `/v1/support/${path}`, { secret: as }),
    placed: async (shop: Shop, extra: object = {}): Promise<string> =>
      (await shop.place(extra)).body.id,
    accepted,
    /** Accepted, and a driver on the way. */
    async withDriver(shop: Shop, extra: object = {}): Promise<string> {
      const id = await accepted(shop, extra);
      const driverId = parseId('driver', shop.driver.id);
      if (!driverId) throw new Error('no driver');
      const pickupEtaAt = Date.now();
      const offerId = newId('offer');
      await world.engine.happens(id, { kind: 'assign', offerId, driverId, pickupEtaAt });
      return id;
    },
    decide: (approval: string, verdict: string, as: string): Promise<Reply> =>
      world.call('POST', `/v1/support/approvals/${approval}/${verdict}`, { secret: as }),
    bulk: (body: object): Promise<Reply> =>
      world.call('POST', '/v1/support/bulk', {
        secret: world.support,
        body: { action: 'cancel', reason: 'platform_fault', dry_run: true, ...body },
      }),
    attempts: (orderId: string) =>
      world.db
        .selectFrom('support_attempts')
        .select(['action', 'reason', 'outcome', 'code', 'sequence', 'note_id', 'approved_by'])
        .where('order_id', '=', orderId)
        .orderBy('at')
        .execute(),
    logged: (orderId: string, after: number) =>
      world.db
        .selectFrom('order_events')
        .select(['type', 'actor'])
        .where('order_id', '=', orderId)
        .where('sequence', '>', after)
        .orderBy('sequence')
        .execute(),
  };
}
