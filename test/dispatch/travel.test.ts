// How long a way takes: by vehicle, by the hour, by roads.

import { expect, test } from 'vitest';
import { createTravel, type TravelData } from '../../dispatch/travel.ts';
import type { Vehicle } from '../../domain/vehicles.ts';
import { at, minute } from './city.ts';

const circle = { kind: 'great_circle', metersPerMinute: 500, roadFactor: 1.5 } as const;

const minutesOf = (data: TravelData, vehicle?: Vehicle): number => {
  const { spotOf, ms, speedOf } = createTravel(data);
  return ms(spotOf(at(0)), spotOf(at(1_000)), speedOf(vehicle)) / minute;
};

test('a slow hour slows everybody', () => {
  expect(minutesOf(circle)).toBeCloseTo(3, 3);
  expect(minutesOf({ ...circle, hourFactor: 0.75 })).toBeCloseTo(4, 3);
});

test('a vehicle has its own speed; without one, or without a word about it, the usual', () => {
  const data = { ...circle, vehicleFactors: { foot: 0.25, van: 0.5 } };
  expect(minutesOf(data, 'foot')).toBeCloseTo(12, 3);
  expect(minutesOf(data, 'van')).toBeCloseTo(6, 3);
  expect(minutesOf(data, 'car')).toBeCloseTo(3, 3);
  expect(minutesOf(data)).toBeCloseTo(3, 3);
});
