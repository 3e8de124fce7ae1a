// A day in another currency: the same people, the same worth.

import { describe, expect, it } from 'vitest';
import { stepOf } from '../../domain/money.ts';
import { planInCurrency } from '../../sandbox/city/currency.ts';
import { generateDay } from '../../sandbox/city/generate.ts';
import { ordinary } from '../../sandbox/city/moods.ts';

const day = generateDay({ seed: 1, orders: 60, drivers: 5, moods: ordinary, methods: 'mixed' });

describe('a day in another currency', () => {
  it.each([
    ['JPY', 150, true],
    ['KWD', 3.1, false],
    ['HUF', 360, false],
  ] as const)('%s › has amounts of the same worth', (currency, times, hasPaypal) => {
    const plan = planInCurrency(day, currency);
    expect(plan.money?.currency).toBe(currency);
    expect(plan.money?.providers.includes('paypal')).toBe(hasPaypal);
    for (const [index, order] of plan.orders.entries()) {
      const before = day.orders[index];
      expect(order.name).toBe(before?.name);
      for (const [at, { unitPriceMinor }] of order.items.entries()) {
        expect(Number.isInteger(unitPriceMinor)).toBe(true);
        const cents = before?.items[at]?.unitPriceMinor ?? 0;
        const worth = currency === 'JPY' ? (cents * times) / 100 : cents * times;
        expect(Math.abs(unitPriceMinor - worth)).toBeLessThanOrEqual(0.5);
      }
      const { method, afterwards } = order.script;
      expect(method === 'paypal' && !hasPaypal).toBe(false);
      const laterMinor = afterwards?.kind === 'tip' ? afterwards.amountMinor : 0;
      expect(laterMinor % stepOf(currency, 'card')).toBe(0);
    }
  });
});
