// How a day is judged by its ends: what occurred, what never did, and what was not planned.

import { describe, expect, it } from 'vitest';
import type { OrderEventType } from '../../domain/events.ts';
import type { PlannedOrder } from '../../sandbox/city/plan.ts';
import type { OrderLife } from '../../sandbox/city/world.ts';
import { describeEnds, endsOf, neverOccurred } from '../../scripts/start/ends.ts';

const order = (id: string, part: object = {}) => ({
  id,
  status: 'DELIVERED',
  endReason: undefined,
  deliveryStatus: 'delivered',
  events: [{ type: 'order.placed' }, { type: 'order.accepted' }] as const,
  ...part,
});

const life = (orderId: string | undefined, part: Partial<PlannedOrder> = {}): OrderLife => ({
  plan: {
    name: 'o1',
    merchantMood: 'prompt',
    customerMood: { kind: 'calm' },
    ...part,
  } as PlannedOrder,
  orderId,
  stage: 'delivered',
  endReason: undefined,
  placedAt: 0,
  deliveredAt: 30,
});

/** What is wrong with a delivered order whose fate shows these events. */
const judge = (...shows: readonly OrderEventType[]) =>
  endsOf([order('a')], [life('a', { fate: { name: 'x', ends: 'delivered', shows } })]).others;

describe('ends of a day', () => {
  it('are counted by reason, delivered and collected; the others never occurred', () => {
    const day = endsOf(
      [
        order('a'),
        order('b', { deliveryStatus: 'none' }),
        order('c', { status: 'CANCELLED', endReason: 'lost' }),
        order('d', { status: 'PREPARING', deliveryStatus: 'searching' }),
      ],
      [],
    );
    expect(Object.fromEntries(day.counts)).toMatchObject({ delivered: 1, collected: 1, lost: 1 });
    expect(neverOccurred(day)).toHaveLength(day.counts.size - 3);
    expect(neverOccurred(day)).toContain('damaged');
    expect(describeEnds(day)).toContain('     0  damaged');
  });

  it('that were not planned are named, as are orders that have not ended', () => {
    const lost = order('a', { status: 'CANCELLED', endReason: 'lost' });
    const open = order('b', { status: 'READY', deliveryStatus: 'searching' });
    const day = endsOf(
      [lost, open, order('c')],
      [
        life('a'),
        life('b', { fate: { name: 'paid elsewhere', ends: 'delivered', shows: [] } }),
        life('c'),
        life(undefined),
      ],
    );
    expect(describeEnds(day).filter((line) => line.startsWith('unplanned'))).toEqual([
      'unplanned: o1  a  planned: delivered, actual: lost',
      'unplanned: o1 (paid elsewhere)  b  planned: delivered, actual: still open',
    ]);
    expect(
      endsOf([lost], [life('a', { fate: { name: 'x', ends: 'lost', shows: [] } })]).others,
    ).toEqual([]);
  });

  it('that came without what the fate shows, or in another order, are named too', () => {
    expect(judge('order.placed', 'order.accepted')).toEqual([]);
    expect(judge('order.accepted', 'order.placed')).toMatchObject([
      { planned: 'order.placed', actual: 'delivered without it' },
    ]);
    expect(judge('order.accepted', 'order.accepted')).toHaveLength(1);
  });
});
