// A plan in spite of rows that nothing can be planned with: the order or driver without which the engine does not throw
// is set aside, and the rest of the market is planned for. Called by activities/dispatch.ts.

import type { Plan } from './decision.ts';
import type { PlanInput } from './plan.ts';
import type { OnlineDriver, SearchingOrder } from './snapshot.ts';

type Row =
  | { readonly kind: 'order'; readonly order: SearchingOrder }
  | { readonly kind: 'driver'; readonly driver: OnlineDriver };

/** Why nothing can be planned with it. */
export type Aside = Row & { readonly why: string };

export type Around = {
  /** Without what is set aside: planned again it gives the identical plan. */
  readonly input: PlanInput;
  readonly plan: Plan;
  readonly aside: readonly Aside[];
};

type Planning = (input: PlanInput) => Promise<Plan>;

/** Throws what the engine throws when it cannot plan even for an empty market: then it is no row's fault. */
export async function planAround(input: PlanInput, planning: Planning): Promise<Around> {
  try {
    return { input, plan: await planning(input), aside: [] };
  } catch {
    return planWithout(input, planning);
  }
}

/** Halves what is left again and again: with one bad row among 3,000 some 25 plans, of which few are whole ones. */
async function planWithout(input: PlanInput, planning: Planning): Promise<Around> {
  const empty = withRows(input, []);
  let found: Around = { input: empty, plan: await planning(empty), aside: [] };
  async function add(rows: readonly Row[]): Promise<void> {
    const tried = withRows(input, [...rowsOf(found.input), ...rows]);
    try {
      found = { ...found, input: tried, plan: await planning(tried) };
    } catch (error) {
      const [only, ...others] = rows;
      if (!only) return;
      if (others.length === 0) {
        const why = error instanceof Error ? error.message : String(error);
        found = { ...found, aside: [...found.aside, { ...only, why }] };
        return;
      }
      const half = rows.length >> 1;
      await add(rows.slice(0, half));
      await add(rows.slice(half));
    }
  }
  await add(rowsOf(input));
  return found;
}

/** Drivers first: a plan of drivers without orders costs next to nothing. */
const rowsOf = ({ snapshot: { orders, drivers } }: PlanInput): readonly Row[] => [
  ...drivers.map((driver) => ({ kind: 'driver', driver }) as const),
  ...orders.map((order) => ({ kind: 'order', order }) as const),
];

const withRows = (input: PlanInput, rows: readonly Row[]): PlanInput => ({
  ...input,
  snapshot: {
    ...input.snapshot,
    orders: rows.flatMap((row) => (row.kind === 'order' ? [row.order] : [])),
    drivers: rows.flatMap((row) => (row.kind === 'driver' ? [row.driver] : [])),
  },
});
