// The small values: ids, money, places, policies, and the fold's refusal of a gap.

import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { errorTable, isErrorCode } from '../../domain/errors.ts';
import { evolve, fold } from '../../domain/evolve.ts';
import { distanceM, travelMs } from '../../domain/geo.ts';
import {
  formatId,
  idPattern,
  orderWorkflowId,
  parseId,
  parseOrderWorkflowId,
  type IdKind,
} from '../../domain/ids.ts';
import {
  currencies,
  exponentOf,
  formatMoney,
  maxAmountMinor,
  shareOf,
} from '../../domain/money.ts';
import { initialState } from '../../domain/order.ts';
import {
  completePolicy,
  defaultPolicy,
  rungAt,
  scalePolicy,
  type Policy,
} from '../../domain/policy.ts';
import { facts, stamp } from './lives.ts';

const kinds: readonly IdKind[] = [
  'order',
  'offer',
  'driver',
  'merchant',
  'branch',
  'market',
  'customer',
  'note',
  'key',
];
const randomBytes = fc.uint8Array({ minLength: 10, maxLength: 16 });
const times = fc.integer({ min: 0, max: 2 ** 47 });

describe('ids', () => {
  it('are a UUIDv7 behind the prefix of their kind, and parse as that kind only', () => {
    fc.assert(
      fc.property(fc.constantFrom(...kinds), times, randomBytes, (kind, nowMs, random) => {
        const id = formatId(kind, nowMs, random);
        expect(id).toMatch(/^[a-z]{3,4}_[0-9a-f]{12}7[0-9a-f]{3}[89ab][0-9a-f]{15}$/);
        expect(Number.parseInt(id.split('_')[1]?.slice(0, 12) ?? '', 16)).toBe(nowMs);
        expect(kinds.filter((other) => parseId(other, id) !== undefined)).toEqual([kind]);
      }),
      { seed: 2 },
    );
  });

  it('sort by time', () => {
    fc.assert(
      fc.property(times, times, randomBytes, (a, b, random) => {
        fc.pre(a < b);
        expect(formatId('order', a, random) < formatId('order', b, new Uint8Array(10))).toBe(true);
      }),
      { seed: 3 },
    );
  });

  it.each([
    '',
    'ord_',
    'ord_123',
    `ord_${'g'.repeat(32)}`,
    `ord_${'A'.repeat(32)}`,
    `ord_${'0'.repeat(33)}`,
    ` ord_${'0'.repeat(32)}`,
    `ord_${'0'.repeat(32)}\n`,
    `xord_${'0'.repeat(32)}`,
    `drv_${'0'.repeat(32)}`,
  ])('refuse %j as an order', (text) => {
    expect(parseId('order', text)).toBeUndefined();
    expect(parseOrderWorkflowId(`order:${text}`)).toBeUndefined();
  });

  it('name a workflow and are found in its name', () => {
    expect(parseOrderWorkflowId(orderWorkflowId(facts.orderId))).toBe(facts.orderId);
    expect(parseOrderWorkflowId(`offer:${facts.orderId}`)).toBeUndefined();
    expect(new Set(kinds.map(idPattern)).size).toBe(kinds.length);
  });
});

describe('money', () => {
  it.each([
    [0, 'EUR', '0.00 EUR'],
    [5, 'EUR', '0.05 EUR'],
    [2_350, 'EUR', '23.50 EUR'],
    [2_350, 'JPY', '2350 JPY'],
    [2_350, 'KWD', '2.350 KWD'],
    [maxAmountMinor, 'USD', '999999.99 USD'],
    [-5, 'EUR', '-0.05 EUR'],
  ])('formats %d %s as %s', (amountMinor, currency, text) => {
    expect(formatMoney(amountMinor, currency)).toBe(text);
  });

  it('formats every amount exactly', () => {
    fc.assert(
      fc.property(
        fc.nat(maxAmountMinor),
        fc.constantFrom(...currencies),
        (amountMinor, currency) => {
          const digits = formatMoney(amountMinor, currency).split(' ')[0] ?? '';
          expect(Number(digits.replace('.', ''))).toBe(amountMinor);
          expect((digits.split('.')[1] ?? '').length).toBe(exponentOf(currency));
        },
      ),
      { seed: 4 },
    );
  });

  it('knows no other currency', () => {
    expect(() => exponentOf('XXX')).toThrow('unknown currency XXX');
    expect(() => exponentOf('toString')).toThrow('unknown currency');
  });

  it('takes a share rounded half up, exactly', () => {
    expect([
      shareOf(2_000, 2_000),
      shareOf(1, 5_000),
      shareOf(1, 4_999),
      shareOf(3, 3_333),
    ]).toEqual([400, 1, 0, 1]);
    fc.assert(
      fc.property(fc.nat(maxAmountMinor), fc.nat(10_000), (amountMinor, bps) => {
        const exact = (BigInt(amountMinor) * BigInt(bps) + 5_000n) / 10_000n;
        expect(shareOf(amountMinor, bps)).toBe(Number(exact));
        expect(shareOf(amountMinor, bps)).toBeLessThanOrEqual(amountMinor);
      }),
      { seed: 5 },
    );
  });
});

const degrees = (max: number) => fc.double({ min: -max, max, noNaN: true });

describe('places', () => {
  const place = fc.record({ lat: degrees(90), lng: degrees(180) });

  it('are as far apart as the map says', () => {
    const [budapest, vienna] = [
      { lat: 47.4979, lng: 19.0402 },
      { lat: 48.2082, lng: 16.3738 },
    ];
    expect(distanceM(budapest, vienna) / 1_000).toBeCloseTo(214.3, 0);
    expect(distanceM({ lat: 0, lng: 0 }, { lat: 0, lng: 1 })).toBeCloseTo(111_195.08, 1);
    expect(distanceM({ lat: 90, lng: 0 }, { lat: -90, lng: 77 })).toBeCloseTo(
      Math.PI * 6_371_008.8,
      0,
    );
  });

  it('are as far there as back, and never further than half the globe', () => {
    fc.assert(
      fc.property(place, place, (a, b) => {
        expect(distanceM(a, b)).toBeCloseTo(distanceM(b, a), 3);
        expect(distanceM(a, a)).toBe(0);
        expect(distanceM(a, b)).toBeLessThanOrEqual(Math.PI * 6_371_008.8 + 1);
      }),
      { seed: 6 },
    );
  });

  it('take as long as the road and the speed say', () => {
    const [a, b] = [
      { lat: 0, lng: 0 },
      { lat: 0, lng: 0.1 },
    ];
    expect(travelMs(a, b, { metersPerMinute: 320, roadFactor: 1.3 })).toBeCloseTo(
      ((distanceM(a, b) * 1.3) / 320) * 60_000,
      6,
    );
  });
});

describe('policy', () => {
  it('scales every duration and speed, and nothing else', () => {
    const scaled = scalePolicy(defaultPolicy, 60);
    const changed = Object.keys(defaultPolicy).filter(
      (name) =>
        JSON.stringify(scaled[name as never]) !== JSON.stringify(defaultPolicy[name as never]),
    );
    const durations = Object.keys(defaultPolicy).filter(
      (name) =>
        name.endsWith('Ms') &&
        !name.startsWith('overdue') &&
        !['dispatchIdleMs', 'positionMaxAgeMs'].includes(name),
    );
    expect(changed.toSorted()).toEqual(
      [...durations, 'version', 'metersPerMinute', 'rungs'].toSorted(),
    );
    expect(scaled.expireMs).toBe(11_500);
    expect(scaled.metersPerMinute).toBe(320 * 60);
    expect(scaled.rungs.map(({ durationMs }) => durationMs)).toEqual([5_000, 5_000, 5_000]);
    expect(scaled.rungs.map(({ radiusM }) => radiusM)).toEqual([3_000, 6_000, 10_000]);
  });

  it('keeps the patience after an outage in real time', () => {
    const scaled = scalePolicy(defaultPolicy, 60);
    expect([scaled.overdueGraceMs, scaled.overdueExtensionMs]).toEqual([5_000, 300_000]);
  });

  it('says its speed in its version, and is itself at speed 1', () => {
    expect(scalePolicy(defaultPolicy, 10).version).toBe('default-1@10x');
    expect(scalePolicy(defaultPolicy, 1)).toEqual(defaultPolicy);
  });

  it('that lacks a field has the default one, at its own speed', () => {
    const { maxPinAttempts, problemMs, ...old } = scalePolicy(defaultPolicy, 60);
    const stored = { ...old, maxHolds: 7 } as Policy;
    expect(completePolicy(stored)).toEqual({ ...stored, maxPinAttempts, problemMs });
    expect(completePolicy({ version: 'summer' } as Policy).problemMs).toBe(defaultPolicy.problemMs);
    const fast = completePolicy({ version: 'summer@9x' } as Policy);
    expect([fast.vehiclePercent, fast.hourPercent]).toEqual([
      defaultPolicy.vehiclePercent,
      defaultPolicy.hourPercent,
    ]);
  });

  it('widens the search with the time that it has lasted, up to the last rung', () => {
    const rungs = [0, 299_999, 300_000, 600_000, 9e9].map((ms) => rungAt(defaultPolicy, ms));
    expect(rungs).toEqual([0, 0, 1, 2, 2]);
    expect(rungAt({ rungs: [{ radiusM: 1, durationMs: 1 }] }, 5)).toBe(0);
  });
});

describe('evolve', () => {
  const [placed] = stamp(
    [{ type: 'order.placed', totalMinor: 2_500, currency: 'EUR', itemCount: 2 }],
    {
      sequence: 0,
      at: facts.placedAt,
      commandId: 'place',
    },
  );
  if (!placed) throw new Error('nothing was stamped');

  it.each([0, 2, 3, -1])('refuses event %d after none', (sequence) => {
    expect(() => evolve(initialState(facts), { ...placed, sequence })).toThrow('cannot follow 0');
  });

  it('refuses the same event twice', () => {
    expect(() => fold(initialState(facts), [placed, placed])).toThrow('event 1 cannot follow 1');
  });

  it('refuses an event that it does not know', () => {
    for (const type of ['order.teleported', 'delivery.flown', 'payment.lent', 'robot.born', '']) {
      expect(() => evolve(initialState(facts), { ...placed, type } as never)).toThrow('unexpected');
    }
  });

  it('leaves the state that it was given as it was', () => {
    const state = initialState(facts);
    evolve(state, placed);
    expect(state).toEqual(initialState(facts));
  });
});

describe('errors', () => {
  it('have a status that fits and a title, each', () => {
    for (const { status, title } of Object.values(errorTable)) {
      expect([400, 401, 403, 404, 405, 409, 412, 413, 415, 422, 429, 500, 503]).toContain(status);
      expect(title.length).toBeGreaterThan(5);
    }
    expect([isErrorCode('not_found'), isErrorCode('toString'), isErrorCode('')]).toEqual([
      true,
      false,
      false,
    ]);
  });
});
