// The exact sparse assignment: each row takes at most one column, each column at most one row, at the least total
// cost; a row may also be left alone at a price of its own. Shortest augmenting paths over reduced costs (Jonker and
// Volgenant, 1987), started from the prices of an augmenting row reduction. Costs are whole numbers, so sums are exact;
// rows and columns come in the order of their ids, which settles ties. Called by solve.ts.

import { createHeap, type Heap } from './heap.ts';

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
    bringIn(row, search);
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

/** The state with the buffers that all searches share. */
type Search = State & {
  readonly distance: Float64Array;
  /** Column → the row from which it was reached. */
  readonly cameFrom: Int32Array;
  readonly heap: Heap;
  readonly touched: number[];
  readonly settled: number[];
};

const createSearch = (state: State): Search => ({
  ...state,
  distance: new Float64Array(state.columns).fill(Number.POSITIVE_INFINITY),
  cameFrom: new Int32Array(state.columns),
  heap: createHeap(),
  touched: [],
  settled: [],
});

/** Finds the cheapest way to have one more row: to a free column, or to a row that is then left alone. */
function bringIn(first: number, search: Search): void {
  const { leave, columnOf, rowOf, distance, heap, settled } = search;
  let bound = leave[first] ?? 0;
  let leaver = first;
  scan(first, { base: 0, bound }, search);
  for (let column = heap.pop(); column >= 0; column = heap.pop()) {
    const reached = distance[column] ?? 0;
    if (heap.key() > reached) continue;
    if (reached >= bound) break;
    const owner = rowOf[column] ?? -1;
    if (owner < 0) {
      finish(reached, search);
      augment(column, search);
      return;
    }
    settled.push(column);
    const base = reducedCost(owner, column, search) - reached;
    const alone = (leave[owner] ?? 0) - base;
    if (alone < bound) {
      bound = alone;
      leaver = owner;
    }
    scan(owner, { base, bound }, search);
  }
  finish(bound, search);
  if (leaver === first) return;
  const freed = columnOf[leaver] ?? -1;
  columnOf[leaver] = -1;
  augment(freed, search);
}

type Scan = { readonly base: number; readonly bound: number };

/** Looks along the arcs of a row that is `base` cheaper than its reduced costs say. */
function scan(row: number, { base, bound }: Scan, search: Search): void {
  const { starts, targets, costs, values, steps, distance, cameFrom, touched, heap } = search;
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

function reducedCost(row: number, column: number, search: Search): number {
  const { starts, targets, costs, values } = search;
  const end = starts[row + 1] ?? 0;
  for (let arc = starts[row] ?? 0; arc < end; arc += 1)
    if (targets[arc] === column) return (costs[arc] ?? 0) - (values[column] ?? 0);
  throw new Error(`row ${row} has a column that it cannot have`);
}

/** Gives the column to the row that reached it, that row's column to the row before, and so on. */
function augment(last: number, { cameFrom, columnOf, rowOf }: Search): void {
  for (let column = last; column >= 0;) {
    const row = cameFrom[column] ?? 0;
    const before = columnOf[row] ?? -1;
    rowOf[column] = row;
    columnOf[row] = column;
    column = before;
  }
}

/** Lowers the settled columns so that every arc on the way stays tight, and clears the buffers. */
function finish(total: number, search: Search): void {
  const { values, distance, touched, settled, heap } = search;
  for (const column of settled)
    values[column] = (values[column] ?? 0) + (distance[column] ?? 0) - total;
  for (const column of touched) distance[column] = Number.POSITIVE_INFINITY;
  touched.length = 0;
  settled.length = 0;
  heap.clear();
}
