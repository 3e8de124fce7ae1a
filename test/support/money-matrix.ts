// The matrix of money: every step × every provider × every fault × every point where a worker may die.

import { crashes, faults, type Fault } from './money-faults.ts';
import {
  columns,
  isNever,
  matrix,
  type End,
  type Row,
  type Step,
  type StepName,
} from './money-rows.ts';
import type { RigName } from './payment-rigs.ts';

export type Cell = {
  readonly name: string;
  readonly provider: RigName;
  readonly row: Row;
  readonly fault: Fault;
  /** As the crash points have it: `refund:after-effect`. Undefined: nobody dies. */
  readonly place: string | undefined;
  readonly end: End;
};

export const stepNames = Object.keys(matrix) as readonly StepName[];
const stepOf = (name: StepName): Step => matrix[name];

/** Everything that can happen. */
export const cells: readonly Cell[] = stepNames.flatMap((step) =>
  columns.flatMap((column) => {
    const row = stepOf(step).rows[column];
    return isNever(row)
      ? []
      : faults.flatMap((fault) => cellsOf(step, column as RigName, { row, fault }));
  }),
);

function cellsOf(
  step: StepName,
  provider: RigName,
  { row, fault }: { readonly row: Row; readonly fault: Fault },
): readonly Cell[] {
  const other = row.but?.[fault];
  if (other && isNever(other)) return [];
  return crashes.map((crash, n) => ({
    name: `${step} × ${provider} × ${fault} × killed ${crash}`,
    provider,
    row,
    fault,
    place: n === 0 ? undefined : stepOf(step).points[n - 1],
    end: other ?? row.end,
  }));
}

type Reason = { readonly name: string; readonly why: string };

/** What stands in the table instead of cells. */
export const reasons: readonly Reason[] = stepNames.flatMap((step) =>
  columns.flatMap((column): readonly Reason[] => {
    const row = stepOf(step).rows[column];
    if (isNever(row)) return [{ name: `${step} × ${column}`, why: row.never }];
    return faults.flatMap((fault): readonly Reason[] => {
      const other = row.but?.[fault];
      const name = `${step} × ${column} × ${fault}`;
      return other && isNever(other) ? [{ name, why: other.never }] : [];
    });
  }),
);
