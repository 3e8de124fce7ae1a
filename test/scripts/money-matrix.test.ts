// The matrix of money is whole: a step, provider, fault or point of death without cells has a reason.

import { describe, expect, it } from 'vitest';
import { moneyCrashPoints } from '../../adapters/crash-point.ts';
import type { PaymentCall } from '../../domain/payment-call.ts';
import { crashes, faults } from '../support/money-faults.ts';
import { cells, reasons, stepNames } from '../support/money-matrix.ts';
import { columns, matrix } from '../support/money-rows.ts';

const asked = Object.keys({
  authorize: true,
  check: true,
  capture: true,
  void: true,
  release: true,
} satisfies Record<PaymentCall['step'], true>);

describe('the matrix of money', () => {
  it('has every call about an order’s payment, and every step of money beside it, with three points of death', () => {
    const points = new Set(Object.values(matrix).flatMap((step): readonly string[] => step.points));
    const named = new Set([...points].map((point) => point.split('#')[0]));
    expect(moneyCrashPoints.filter((point) => !named.has(point))).toEqual([]);
    const wanted = asked.flatMap((step) => [
      `payment:before#${step}`,
      `payment:after-effect#${step}`,
      `record:after-commit#answer:${step}`,
    ]);
    expect(wanted.filter((point) => !points.has(point))).toEqual([]);
  });

  it('plays every step × provider × fault, killed at each point, or says why not', () => {
    const names = new Set(cells.map(({ name }) => name));
    const whys = new Map(reasons.map(({ name, why }) => [name, why]));
    const wrong = stepNames.flatMap((step) =>
      columns.flatMap((column) =>
        faults.filter((fault) => {
          const name = `${step} × ${column} × ${fault}`;
          const played = crashes.filter((crash) => names.has(`${name} × killed ${crash}`));
          const why = whys.get(`${step} × ${column}`) ?? whys.get(name) ?? '';
          return played.length !== (why === '' ? crashes.length : 0);
        }),
      ),
    );
    expect(wrong).toEqual([]);
    expect(cells).toHaveLength(names.size);
  });

  it('names every other end than the usual one with its reason', () => {
    const ends = cells.filter(({ row, end }) => end !== row.end);
    expect(ends.filter(({ end }) => !('why' in end))).toEqual([]);
    expect(ends.length).toBeLessThan(cells.length / 10);
  });
});
