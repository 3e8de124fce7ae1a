// How the orders of a day ended, end by end, against what was planned for them. Pure. Called by `npm start`.

import { ends } from '../../sandbox/city/fates.ts';
import type { OrderEvent, OrderEventType } from '../../domain/events.ts';
import { plannedEnds, type End, type PlannedOrder } from '../../sandbox/city/plan.ts';
import type { OrderLife } from '../../sandbox/city/world.ts';
import type { AuditedOrder } from '../audit/data.ts';

export type DayEnds = {
  /** Every end of the design, also those that never occurred. */
  readonly counts: ReadonlyMap<End, number>;
  /** Orders to which something else happened than was planned. */
  readonly others: readonly {
    readonly name: string;
    readonly orderId: string;
    readonly planned: string;
    readonly actual: string;
    readonly story: string;
  }[];
};

type Ended = Pick<AuditedOrder, 'id' | 'status' | 'endReason' | 'deliveryStatus'> & {
  readonly events: readonly Pick<OrderEvent, 'type'>[];
};

/** Undefined while the order goes on. */
function endOf({ status, endReason, deliveryStatus }: Ended): End | undefined {
  if (endReason !== undefined) return endReason as End;
  if (status !== 'DELIVERED') return undefined;
  return deliveryStatus === 'delivered' ? 'delivered' : 'collected';
}

export function endsOf(orders: readonly Ended[], lives: readonly OrderLife[]): DayEnds {
  const counts = new Map(ends.map((end) => [end, 0]));
  const byId = new Map(orders.map((order) => [order.id, order]));
  for (const end of orders.map(endOf))
    if (end !== undefined) counts.set(end, (counts.get(end) ?? 0) + 1);
  const others = lives.flatMap(({ plan, orderId = '' }) => {
    const order = byId.get(orderId);
    const judged = order && unplanned(plan, order);
    const name = plan.fate === undefined ? plan.name : `${plan.name} (${plan.fate.name})`;
    return order === undefined || judged === undefined
      ? []
      : [{ name, orderId, ...judged, story: storyOf(order) }];
  });
  return { counts, others };
}

function unplanned(plan: PlannedOrder, order: Ended) {
  const planned = plannedEnds(plan);
  const end = endOf(order);
  if (end === undefined || !planned.includes(end))
    return { planned: planned.join(' or '), actual: end ?? 'still open' };
  const lacking = firstLacking(plan.fate?.shows ?? [], order);
  return lacking === undefined ? undefined : { planned: lacking, actual: `${end} without it` };
}

/** The last things that happened, one word each. */
const storyOf = ({ events }: Ended): string =>
  events
    .slice(-storyLength)
    .map(({ type }) => type.split('.')[1] ?? type)
    .join(' → ');
const storyLength = 16;

/** The first of these events that does not follow the others before it. */
function firstLacking(
  shows: readonly OrderEventType[],
  { events }: Ended,
): OrderEventType | undefined {
  let next = 0;
  for (const { type } of events) if (type === shows[next]) next += 1;
  return shows[next];
}

export const neverOccurred = ({ counts }: DayEnds): readonly End[] =>
  [...counts].flatMap(([end, count]) => (count === 0 ? [end] : []));

export function describeEnds({ counts, others }: DayEnds): readonly string[] {
  const rows = [...counts]
    .toSorted((a, b) => b[1] - a[1])
    .map(([end, count]) => `${String(count).padStart(6)}  ${end}`);
  return [
    ...rows,
    ...others.flatMap(({ name, orderId, planned, actual, story }) => [
      `unplanned: ${name}  ${orderId}  planned: ${planned}, actual: ${actual}`,
      `           … ${story}`,
    ]),
  ];
}
