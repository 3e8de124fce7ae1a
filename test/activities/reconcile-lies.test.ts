// A Stripe that has lied, against a real database: the nightly comparison tells somebody of what it may not put right, and
// no more when it has come true.

import { afterEach, describe, expect, it } from 'vitest';
import { createReconcileActivities } from '../../activities/reconcile.ts';
import { createLog } from '../../log.ts';
import { payOrder } from '../support/paid-order.ts';
import { setUpStripe } from '../support/stripe-rig.ts';

const set = setUpStripe();
// The next test's Stripe does not know them.
afterEach(() => set.market.db.updateTable('orders').set({ is_over: false }).execute());

const log = createLog({ name: 'test', level: 'silent' });
const reconcile = () =>
  createReconcileActivities({ db: set.market.db, gateway: set.gateway, log }).reconcile();

const incidentsOf = async (orderId: string) =>
  (
    await set.market.db
      .selectFrom('incidents')
      .select(['kind', 'order_id', 'resolved_at'])
      .where('order_id', '=', orderId)
      .orderBy('kind')
      .execute()
  ).map(({ kind, order_id: id, resolved_at: at }) => [kind, id, at ? 'resolved' : 'open']);

describe('after a capture that was said and not made', () => {
  it('somebody is told, and the hold is kept for whoever looks', async () => {
    set.stripe.control.planLies('says_captured');
    const { id } = await payOrder(set.market, set);
    for (let night = 1; night <= 2; night += 1)
      expect(await reconcile()).toMatchObject({ differences: 2, healed: 0, vanished: 0 });
    expect(await incidentsOf(id)).toEqual([
      ['reconcile_captured_here_unknown_there', id, 'open'],
      ['reconcile_hold_left', id, 'open'],
    ]);
    expect(set.stripe.control.books().payment_intents).toMatchObject([
      { status: 'requires_capture' },
    ]);
  });

  it('nobody has to look any more once it was made after all', async () => {
    set.stripe.control.planLies('captures_late');
    const { id } = await payOrder(set.market, set);
    expect(await reconcile()).toMatchObject({ differences: 2, healed: 0 });
    set.stripe.control.settleLies();
    expect(await reconcile()).toMatchObject({ differences: 0, vanished: 2 });
    expect(await incidentsOf(id)).toEqual([
      ['reconcile_captured_here_unknown_there', id, 'resolved'],
      ['reconcile_hold_left', id, 'resolved'],
    ]);
  });
});
