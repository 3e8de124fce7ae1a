// What a driver may carry, as the audit judges it.

import { describe, expect, it } from 'vitest';
import type { OrderEvent } from '../../domain/events.ts';
import { breaching, byHand, firstId, withFirst } from './audit-changes.ts';
import { offeredForMs } from './audit-offers.ts';
import { soundData } from './audit-world.ts';

describe('capacity-kept', () => {
  it.each(['delivery.returned', 'delivery.discarded'] as const)(
    'knows that after %s the driver is free',
    (type) => {
      const data = withFirst(soundData(), ({ events }) => ({
        events: events.map((event) =>
          event.type === 'delivery.delivered' ? ({ ...event, type } as OrderEvent) : event,
        ),
      }));
      expect(breaching(data)).not.toContain('capacity-kept');
    },
  );

  it.each([
    ['after the offer of another was made', 0, false],
    ['before the offer of another was made', -offeredForMs, true],
  ])('what support gives a full driver %s', (_name, afterMs, isWrong) => {
    const data = soundData();
    const [second] = data.orders.slice(1);
    const whenSecond = (what: OrderEvent['type']): number =>
      second?.events.find(({ type }) => type === what)?.at ?? 0;
    const given = withFirst(data, ({ events }) => ({
      events: events.flatMap((event): OrderEvent[] => {
        if (event.type === 'delivery.assigned')
          return [{ ...byHand(event), at: whenSecond(event.type) + afterMs }];
        return event.type === 'delivery.delivered'
          ? [{ ...event, at: whenSecond(event.type) }]
          : [event];
      }),
    }));
    const offers = data.offers.filter(({ orderId }) => orderId !== firstId(data));
    expect(breaching({ ...given, offers }).includes('capacity-kept')).toBe(isWrong);
  });
});
