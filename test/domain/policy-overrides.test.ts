// A policy that somebody wrote is taken as it is or refused by the name of its field.

import { expect, test } from 'vitest';
import { parsePolicyOverrides } from '../../domain/policy-overrides.ts';
import { defaultPolicy } from '../../domain/policy.ts';

test('takes a whole policy, and a part of one', () => {
  expect(parsePolicyOverrides({ ...defaultPolicy })).toEqual(defaultPolicy);
  expect(parsePolicyOverrides({ bundleLimit: 2 })).toEqual({ bundleLimit: 2 });
});

test.each([
  [[], 'a policy is an object'],
  [{ bundelLimit: 2 }, 'bundelLimit: no field of a policy; is bundleLimit meant?'],
  [{ bundleLimit: 0 }, 'bundleLimit: must be a whole number of at least 1, not 0'],
  [{ bundleLimit: 1.5 }, 'bundleLimit: must be a whole number, not 1.5'],
  [{ offerTtlMs: -1 }, 'offerTtlMs: must be a whole number of at least 0, not -1'],
  [{ offerTtlMs: '45s' }, 'offerTtlMs: must be a whole number of at least 0, not "45s"'],
  [{ roadFactor: null }, 'roadFactor: must be a number of at least 0, not null'],
  [{ version: 3 }, 'version: must be a text, not 3'],
  [{ matching: 'best' }, 'matching: must be rolling or nearest, not "best"'],
  [{ hourPercent: [100] }, 'hourPercent: must be a list of 24, each a whole number from 1 to 1000'],
  [{ hourPercent: Array.from({ length: 24 }, () => 0) }, 'hourPercent: must be a list of 24'],
  [
    { vehiclePercent: { foot: 25 } },
    'vehiclePercent: must have foot, bicycle, scooter, car, van, each a whole number',
  ],
  [
    { vehiclePercent: { foot: 2.5, bicycle: 75, scooter: 100, car: 100, van: 90 } },
    'vehiclePercent: must have',
  ],
  [{ rungs: [] }, 'rungs: must be a list of at least one'],
  [{ rungs: [{ radiusM: 0, durationMs: 1 }] }, 'rungs: must be a list of at least one'],
  [{ rungs: [{ radiusKm: 1, durationMs: 1 }] }, 'rungs: must be a list of at least one'],
  [{ rungs: [{ radiusM: 1, durationMs: 1, payBps: -1 }] }, 'whole basis points up to 10000, not'],
  [{ rungs: [{ radiusM: 1, durationMs: 1, payBps: 10_001 }] }, 'rungs: must be a list'],
  [{ rungs: [{ radiusM: 1, durationMs: 1, payBps: 1.5 }] }, 'rungs: must be a list'],
  [{ bonusCapMinor: -1 }, 'bonusCapMinor: must be a whole number of at least 0, not -1'],
])('refuses %j', (value, message) => {
  expect(() => parsePolicyOverrides(value)).toThrow(message);
});
