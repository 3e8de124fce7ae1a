// The fallback of the exact assignment, on the same costs: again and again the row that would lose most by getting
// its second best column takes its best. Deterministic, and fast whatever the numbers. Called by solve.ts.

import type { Assignment, SparseCosts } from './assignment.ts';
import { createHeap } from './heap.ts';

/** Regret-greedy; prices are all zero, as it knows none. */
export function assignGreedily(problem: SparseCosts): Assignment {
  const { rows, columns } = problem;
  const columnOf = new Int32Array(rows).fill(-1);
  const isTaken = new Uint8Array(columns);
  const heap = createHeap();
  const push = (row: number): void => {
    const { column, regret } = bestOf(problem, isTaken, row);
    if (column >= 0) heap.push(-regret, row);
  };
  for (let row = 0; row < rows; row += 1) push(row);
  for (let row = heap.pop(); row >= 0; row = heap.pop()) {
    const believed = -heap.key();
    const { column, regret } = bestOf(problem, isTaken, row);
    if (column < 0) continue;
    // Somebody took a column meanwhile, so it stands elsewhere in the queue now.
    if (regret !== believed) {
      heap.push(-regret, row);
      continue;
    }
    columnOf[row] = column;
    isTaken[column] = 1;
  }
  return { columnOf, prices: new Float64Array(columns) };
}

function bestOf(
  { starts, targets, costs, leave }: SparseCosts,
  isTaken: Uint8Array,
  row: number,
): { readonly column: number; readonly regret: number } {
  let best = leave[row] ?? 0;
  let second = best;
  let column = -1;
  for (let arc = starts[row] ?? 0; arc < (starts[row + 1] ?? 0); arc += 1) {
    const target = targets[arc] ?? 0;
    const cost = costs[arc] ?? 0;
    if (isTaken[target] === 1 || cost >= second) continue;
    if (cost < best) {
      second = best;
      best = cost;
      column = target;
    } else second = cost;
  }
  return { column, regret: second - best };
}
