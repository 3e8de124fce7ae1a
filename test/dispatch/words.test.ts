// What the engine says about its decisions.

import { describe, expect, test } from 'vitest';
import type { Plan } from '../../dispatch/decision.ts';
import { inWords } from '../../dispatch/words.ts';
import { at, driver, order, readyAt, run } from './city.ts';

const words = (result: Plan): string => {
  const each = result.offers[0]?.decisions[0] ?? result.skipped[0];
  return each ? inWords(each.orderId, each.decision).join(' ') : '';
};

describe('inWords', () => {
  test('says who, when and why', () => {
    const result = run(
      [order(1, at(0), { dropoff: at(1_000) })],
      [driver(1, at(600)), driver(2, at(5_000))],
    );
    expect(words(result)).toBe(
      'Offered to drv_0001. ' +
        'The goods are expected at 12:00 UTC, the pickup at 12:03 UTC, the delivery at 12:10 UTC. ' +
        'One driver could come; drv_0001 costs least (1.8 minutes beyond the ideal). ' +
        'drv_0001: free now, 1.8 minutes away. ' +
        'Not considered: 1 too far away.',
    );
  });

  test('says with what an order travels', () => {
    const two = [order(1, at(0), { dropoff: at(2_000) }), order(2, at(0), { dropoff: at(2_100) })];
    const text = words(run(two, [driver(1, at(0), { capacity: 2 })]));
    expect(text).toContain('It travels with ord_0002 and is delivered first of 2');
  });

  test('says what happens next when nobody is asked', () => {
    expect(words(run([order(1, at(0))], []))).toContain('No driver can take this order now');
    const early = run([order(1, at(0), { ready: readyAt(20) })], [driver(1, at(900))]);
    expect(words(early)).toMatch(/Meant for drv_0001, who need not leave before 12:1\d UTC/);
  });
});
