// The exact sparse assignment: each row takes at most one column, each column at most one row, at the least total
// cost; a row may also be left alone at a price of its own. Shortest augmenting paths over reduced costs (Jonker and
// Volgenant, 1987), started from the prices of an augmenting row reduction. Costs are whole numbers, so sums are exact;
// rows and columns come in the order of their ids, which settles ties. Called by solve.ts.

import { createHeap } from './heap.ts';

/** A cost matrix by rows: the arcs of row i stand at `starts[i]` until before `starts[i + 1]`. */
export type SparseCosts = {
  readonly rows: number;
  readonly columns: number;
  readonly starts: Int32Array;
  readonly targets: Int32Array;
  /** Whole numbers below 2^40. */
  readonly costs: Float64Array;
  /** The cost of leaving a row without a column. */
  readonly leave: Float64Array;
};

export type Assignment = {
  /** The column of every row; -1: left. */
  readonly columnOf: Int32Array;
  /** What one more unit of a column would save, zero or above. */
  readonly prices: Float64Array;
};

/** Undefined when more than `stepLimit` arcs would have to be looked at: the same on every machine. */
export function assign(problem: SparseCosts, stepLimit: number): Assignment | undefined {
  const state: State = {
    ...problem,
    columnOf: new Int32Array(problem.rows).fill(-1),
    rowOf: new Int32Array(problem.columns).fill(-1),
    values: new Float64Array(problem.columns),
    steps: { left: stepLimit },
  };
  const waiting = reduceRows(state);
  const search = createSearch(state);
  for (const row of waiting) {
    if (state.steps.left < 0) return undefined;
    search(row);
  }
  if (state.steps.left < 0) return undefined;
  return { columnOf: state.columnOf, prices: state.values.map((value) => -value + 0) };
}

type State = SparseCosts & {
  readonly columnOf: Int32Array;
  readonly rowOf: Int32Array;
  /** Column duals: zero while nobody has the column, falling as it is fought for. */
  readonly values: Float64Array;
  readonly steps: { left: number };
};

/** How often, on average, a row may be outbid before it is left to the exact search. */
const bidsPerRow = 12;

/**
 * Every row takes its best column and raises its price by the distance to its second best, which may turn somebody
 * else out. Returns the rows that are still without a column and were not better left alone.
 */
function reduceRows(state: State): readonly number[] {
  const { rows, columnOf, rowOf, values, steps } = state;
  const queue = Array.from({ length: rows }, (_, row) => row);
  const undecided: number[] = [];
  let bids = rows * bidsPerRow;
  for (let head = 0; head < queue.length; head += 1) {
    const row = queue[head] ?? 0;
    if (bids <= 0 || steps.left < 0) {
      undecided.push(row);
      continue;
    }
    bids -= 1;
    const { column, margin } = bestOf(state, row);
    if (column < 0) continue;
    const owner = rowOf[column] ?? -1;
    if (owner >= 0 && margin === 0) {
      undecided.push(row);
      continue;
    }
    values[column] = (values[column] ?? 0) - margin;
    rowOf[column] = row;
    columnOf[row] = column;
    if (owner < 0) continue;
    columnOf[owner] = -1;
    queue.push(owner);
  }
  // A free column must have price zero; raising it for a row that keeps it is what the margin did, which is sound.
  return undecided;
}

function bestOf(state: State, row: number): { readonly column: number; readonly margin: number } {
  const { starts, targets, costs, leave, values, steps } = state;
  let best = leave[row] ?? 0;
  let second = Number.POSITIVE_INFINITY;
  let column = -1;
  const end = starts[row + 1] ?? 0;
  const start = starts[row] ?? 0;
  steps.left -= end - start;
  for (let arc = start; arc < end; arc += 1) {
    const target = targets[arc] ?? 0;
    const reduced = (costs[arc] ?? 0) - (values[target] ?? 0);
    if (reduced < best) {
      second = best;
      best = reduced;
      column = target;
    } else if (reduced < second) second = reduced;
  }
  return { column, margin: column < 0 ? 0 : second - best };
}

/** The search for the cheapest way to bring one more row in; its buffers are shared by all searches. */
function createSearch(state: State) {
  const { columns, starts, targets, costs, leave, columnOf, rowOf, values, steps } = state;
  const distance = new Float64Array(columns).fill(Number.POSITIVE_INFINITY);
  const cameFrom = new Int32Array(columns);
  const heap = createHeap();
  const touched: number[] = [];
  const settled: number[] = [];

  /** Looks along the arcs of a row that is `base` cheaper than its reduced costs say. */
  function scan(row: number, base: number, bound: number): void {
    const end = starts[row + 1] ?? 0;
    const start = starts[row] ?? 0;
    steps.left -= end - start;
    for (let arc = start; arc < end; arc += 1) {
      const target = targets[arc] ?? 0;
      const reach = (costs[arc] ?? 0) - (values[target] ?? 0) - base;
      const known = distance[target] ?? 0;
      if (reach >= known || reach >= bound) continue;
      if (known === Number.POSITIVE_INFINITY) touched.push(target);
      distance[target] = reach;
      cameFrom[target] = row;
      heap.push(reach, target);
    }
  }

  /** Gives `column` to the row that reached it, that row's column to the row before, and so on. */
  function augment(last: number): void {
    let column = last;
    while (column >= 0) {
      const row = cameFrom[column] ?? 0;
      const before = columnOf[row] ?? -1;
      rowOf[column] = row;
      columnOf[row] = column;
      column = before;
    }
  }

  function finish(total: number): void {
    for (const column of settled)
      values[column] = (values[column] ?? 0) + (distance[column] ?? 0) - total;
    for (const column of touched) distance[column] = Number.POSITIVE_INFINITY;
    touched.length = 0;
    settled.length = 0;
    heap.clear();
  }

  return function bringIn(first: number): void {
    let bound = leave[first] ?? 0;
    let leaver = first;
    scan(first, 0, bound);
    for (;;) {
      const column = heap.pop();
      if (column < 0) break;
      const reached = distance[column] ?? 0;
      if (heap.key() > reached) continue;
      if (reached >= bound) break;
      const owner = rowOf[column] ?? -1;
      if (owner < 0) {
        finish(reached);
        augment(column);
        return;
      }
      settled.push(column);
      const base = baseOf(owner, column) - reached;
      const alone = (leave[owner] ?? 0) - base;
      if (alone < bound) {
        bound = alone;
        leaver = owner;
      }
      scan(owner, base, bound);
    }
    // Cheapest: somebody on the way, or the newcomer, is left alone.
    finish(bound);
    const freed = columnOf[leaver] ?? -1;
    if (leaver === first) return;
    columnOf[leaver] = -1;
    augment(freed);
  };

  function baseOf(row: number, column: number): number {
    for (let arc = starts[row] ?? 0; arc < (starts[row + 1] ?? 0); arc += 1)
      if (targets[arc] === column) return (costs[arc] ?? 0) - (values[column] ?? 0);
    return 0;
  }
}
