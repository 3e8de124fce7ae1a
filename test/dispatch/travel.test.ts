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

test('roads are those of who drives, rides or walks; other vehicles on them go at their own pace', () => {
  const otherwise = { ...circle, vehicleFactors: { foot: 0.25, car: 0.8, van: 0.4 } };
  const data: TravelData = {
    kind: 'table',
    places: [at(0), at(1_000)],
    legs: { car: [[0, 1, 10 * minute]], bicycle: [[0, 1, 9 * minute]] },
    otherwise,
  };
  expect(minutesOf(data, 'car')).toBe(10);
  expect(minutesOf(data, 'van')).toBe(20);
  expect(minutesOf(data, 'scooter')).toBe(8);
  expect(minutesOf(data, 'bicycle')).toBe(9);
  expect(minutesOf(data, 'foot')).toBeCloseTo(12, 3);
});
