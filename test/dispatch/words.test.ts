// What the engine says about its decisions.

import { describe, expect, test } from 'vitest';
import { changeInWords, lostTo } from '../../dispatch/change-words.ts';
import type { Decision, Plan } from '../../dispatch/decision.ts';
import { inWords } from '../../dispatch/words.ts';
import {
  at,
  delivery,
  driver,
  driverId,
  minute,
  now,
  order,
  orderId,
  readyAt,
  run,
} from './city.ts';

const words = (result: Plan): readonly string[] => {
  const each = result.offers[0]?.decisions[0] ?? result.skipped[0] ?? result.exhausted[0];
  return each ? inWords(each.orderId, each.decision) : [];
};

const ideal = 'than if a driver had been waiting when the goods were ready';
const declined = { driverId: driverId(4), search: 1, outcome: 'declined' } as const;

/** The first order's. */
const decisionIn = ({ offers, skipped }: Plan): Decision => {
  const all = [...offers.flatMap(({ decisions }) => decisions), ...skipped];
  const found = all.find((each) => each.orderId === orderId(1));
  if (!found) throw new Error('not decided');
  return found.decision;
};

const changed = (
  before: Pick<Decision, 'chosen' | 'together'>,
  result: Plan,
): readonly string[] => {
  const decision = decisionIn(result);
  const gone = before.chosen === decision.chosen ? undefined : before.chosen;
  const lost = gone && lostTo(gone, result, decision);
  return changeInWords(orderId(1), { change: { at: now, before, lost }, decision });
};

describe('changeInWords', () => {
  const one = order(1, at(0), { dropoff: at(1_000) });
  const alone = { chosen: driverId(1), together: [orderId(1)] };

  test('says for whom the driver of before is needed', () => {
    const near = driver(1, at(0));
    const other = order(2, at(-2_500), { dropoff: at(-3_500) });
    const result = run([one, other], [near, driver(2, at(600))]);
    expect(changed(alone, result)).toEqual([
      'Changed from drv_0001 at 12:00:00 UTC, because that driver was needed for ord_0002.',
    ]);
  });

  test('says what the driver of before would have cost more', () => {
    const result = run([one], [driver(1, at(900)), driver(2, at(600))]);
    expect(changed(alone, result)).toEqual([
      'Changed from drv_0001 at 12:00:00 UTC, because that driver would have cost 0.9 minutes more.',
    ]);
  });

  test('gives no reason that nobody knows, and says what it was to travel with', () => {
    const result = run([one], [driver(2, at(600))]);
    const before = { chosen: driverId(1), together: [orderId(3), orderId(1)] };
    expect(changed(before, result)).toEqual([
      'Changed from drv_0001 at 12:00:00 UTC.',
      'Until then it was to travel together with ord_0003.',
    ]);
    expect(changed({ ...alone, chosen: undefined }, result)).toEqual([]);
    const same = { ...before, chosen: driverId(2), together: [orderId(3), orderId(1)] };
    expect(changed(same, result)).toEqual([
      'Until 12:00:00 UTC it was to travel together with ord_0003.',
    ]);
    expect(changed({ ...alone, chosen: driverId(2) }, result)).toEqual([]);
  });

  test('says why the driver of before could not take it any more', () => {
    const result = run([one], [driver(2, at(600))]);
    const lost = { kind: 'excluded', reason: 'open_offer', awayM: undefined } as const;
    const change = { at: now, before: alone, lost };
    expect(changeInWords(orderId(1), { change, decision: decisionIn(result) })).toEqual([
      'Changed from drv_0001 at 12:00:00 UTC, because that driver was thinking about another offer.',
    ]);
  });
});

describe('inWords', () => {
  test('says who, when and why', () => {
    const result = run(
      [order(1, at(0), { dropoff: at(1_000) })],
      [driver(1, at(600)), driver(2, at(5_000))],
    );
    expect(words(result)).toEqual([
      'Offered to drv_0001.',
      'The goods are expected at 12:00 UTC, the pickup at 12:03 UTC, the delivery at 12:10 UTC.',
      'Why drv_0001: free now and 1.8 minutes from the counter.',
      `One driver could come; drv_0001 costs 1.8 minutes, for arriving at the customer later ${ideal}.`,
      'Not considered: 1 driver too far away (more than 3 km).',
    ]);
  });

  test('tells the whole story of a bundled order', () => {
    const result = run(
      [
        order(1, at(0), { dropoff: at(2_000), ready: readyAt(4, 3), earlier: [declined] }),
        order(2, at(0), { dropoff: at(2_400, 300), ready: readyAt(5, 2), earlier: [declined] }),
      ],
      [
        driver(1, at(300), { capacity: 2, acceptance: 0.8, idleSince: now - 20 * minute }),
        driver(2, at(2_400), { capacity: 2, rating: 4.6, placeFrom: now + 9 * minute }),
        driver(3, at(-2_700), { capacity: 2, placeFrom: now + 12 * minute }),
        driver(4, at(100), { capacity: 2 }),
        driver(5, at(9_000)),
      ],
      {
        policy: { pressurePercent: 600 },
        snapshot: { demand: [{ place: at(400), weight: 10 }] },
      },
    );
    expect(words(result)).toEqual([
      'Offered to drv_0001, together with ord_0002.',
      'The goods are expected: those of this order at 12:04 UTC and those of ord_0002 at 12:05 UTC. Those of this order then wait 1 minute at the counter.',
      'The stops: 12:05 UTC pickup of this order and ord_0002, 12:15 UTC delivery of this order, 12:20 UTC delivery of ord_0002. This order is delivered first of 2.',
      'Why together: otherwise drv_0001 would carry ord_0002 only, and drv_0002 this one, delivered 13 minutes later.',
      'The plan for all orders of the market would then cost 7.8 minutes more.',
      'Because this order comes along, ord_0002 arrives 4.2 minutes later.',
      'Why drv_0001: free now and 0.9 minutes from the counter, to wait 2.1 minutes there for the goods.',
      '3 drivers could take both orders, counting those about to be free.',
      'Of these, drv_0001 costs least: 7 minutes in sum (5.2 for arriving at the customers later than if a driver had been waiting when the goods were ready, 1.5 for goods that may be late, 1.3 off for a long wait for work, 1.2 for ending far from where orders arise and 0.4 for a likely refusal).',
      'Instead (counting this trip only): drv_0002 (at the counter in 16 minutes) would cost 26 minutes more (26 for arriving later, 1.3 for a shorter wait for work, 1.2 off for ending nearer to where orders arise, 0.4 off for a likelier yes and 0.3 for a lower rating); drv_0003 (at the counter in 20 minutes) would cost 33 minutes more (34 for arriving later, 1.8 off for ending nearer to where orders arise, 1.3 for a shorter wait for work and 0.4 off for a likelier yes).',
      'Could not take the two orders: 1 driver who said no to one of them before and 1 too far away (more than 3 km).',
    ]);
  });

  test('says what an order adds that is taken along', () => {
    const passing = driver(1, at(-600), { capacity: 2, route: delivery(9, at(2_000), at(0)) });
    const text = words(run([order(1, at(0), { dropoff: at(2_100) })], [passing]));
    expect(text[0]).toBe(
      'Offered to drv_0001, who is on the way with ord_0009 and takes this order along.',
    );
    expect(text).toContain('Why drv_0001: already on a route, and at this counter in 1.8 minutes.');
    expect(text.join(' ')).toContain(
      'Taking this order along costs 5.8 minutes, for arriving at the customers later',
    );
    expect(text).toContain(
      'Because ord_0009 is delivered first, this order arrives 4 minutes later than straight from the counter.',
    );
  });

  test('says why a driver comes from further than the search reaches', () => {
    const passing = driver(1, at(-600), {
      capacity: 2,
      route: delivery(9, at(4_000), at(0)),
    });
    const text = words(run([order(1, at(0), { dropoff: at(4_100) })], [passing]));
    expect(text).toContain(
      'drv_0001 is further away than the search reaches (3 km), but is on the way to this counter already.',
    );
    expect(text.join(' ')).not.toContain('too far away');
  });

  test('says what happens next when nobody is asked', () => {
    const nobody = words(run([order(1, at(0))], []));
    expect(nobody[0]).toBe('No driver can take this order now.');
    expect(nobody.at(-1)).toBe(
      'It is looked at again in the next round. From 12:04 UTC on the search reaches 6 km.',
    );
    const early = words(run([order(1, at(0), { ready: readyAt(20) })], [driver(1, at(900))]));
    expect(early[0]).toMatch(
      /Meant for drv_0001, but not offered yet: setting off at 12:1\d UTC is early enough\. Until then/,
    );
  });

  test('says what a task costs that comes after another', () => {
    const orders = [1, 2].map((n) => order(n, at(50 * n), { dropoff: at(1_500) }));
    const result = run(orders, [driver(1, at(100), { idleSince: now - 40 * minute })]);
    const text = result.skipped.flatMap(({ orderId: id, decision }) => inWords(id, decision));
    expect(text.join(' ')).toMatch(
      /brings ord_0002 first, and this afterwards\. One driver could come; with this first, drv_0001 would cost minus 0\.\d minutes \(1 off for a long wait for work and/,
    );
  });

  test('says what a person has fixed, and that nobody else gets it', () => {
    const fixed = order(1, at(0), { dropoff: at(1_500), assignedTo: driverId(2) });
    const busy = driver(2, at(2_500), { route: delivery(5, at(2_800), at(2_600)) });
    const held = words(run([fixed], [driver(1, at(100)), busy]));
    expect(held[0]).toBe('A person assigned this order to drv_0002; the plan works around that.');
    expect(held.slice(-2)).toEqual([
      'Not considered: 1 driver passed over because a person chose somebody else.',
      'Every round plans anew, but nobody else gets it.',
    ]);
    expect(words(run([fixed], [driver(1, at(100))]))[0]).toBe(
      'The driver whom a person chose for this order cannot take it now.',
    );
  });

  test('says that the offers of a search are used up', () => {
    const used = Array.from({ length: 20 }, (_, index) => ({
      driverId: driverId(index + 1),
      search: 1,
      outcome: index < 12 ? ('declined' as const) : ('expired' as const),
    }));
    expect(words(run([order(1, at(0), { earlier: used })], [driver(1, at(0))]))[0]).toBe(
      'All 20 offers that a search may make are used up: 12 declined and 8 not answered in time.',
    );
  });
});
