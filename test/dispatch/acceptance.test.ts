// What drivers answered lately says how likely they say yes.

import { expect, test } from 'vitest';
import { learnAcceptance } from '../../dispatch/acceptance.ts';
import { driverId } from './city.ts';

const answers = (n: number, accepted: number, refused: number) => ({
  driverId: driverId(n),
  accepted,
  refused,
});

test('nobody who was asked: everybody says yes', () => {
  expect(learnAcceptance([])).toEqual({ byDriver: new Map(), usual: 1 });
});

test('who always says yes is believed to, to the last figure', () => {
  const { byDriver, usual } = learnAcceptance([answers(1, 7, 0), answers(2, 90, 0)]);
  expect([usual, ...byDriver.values()]).toEqual([1, 1, 1]);
});

test('one no counts little, many count nearly in full', () => {
  const { byDriver } = learnAcceptance([answers(1, 0, 1), answers(2, 0, 90), answers(3, 900, 0)]);
  expect(byDriver.get(driverId(1))).toBeGreaterThan(0.8);
  expect(byDriver.get(driverId(2))).toBeLessThan(0.1);
  expect(byDriver.get(driverId(3))).toBeGreaterThan(0.99);
});
