// Orders as their logs tell them: what support's previews and the exceptions queue judge from.

import type { OrderEvent } from '../domain/events.ts';
import { fold } from '../domain/evolve.ts';
import { initialState, type OrderFacts, type OrderState } from '../domain/order.ts';
import type { Db } from './connect.ts';
import { eventOf } from './record.ts';

export type OrderLog = {
  readonly orderId: string;
  readonly facts: OrderFacts;
  /** The read model says that nothing is left to do. */
  readonly isOver: boolean;
  readonly log: readonly OrderEvent[];
  /** The fold of the log. */
  readonly state: OrderState;
};

/** One per order that exists. Throws (a bug) on a log that cannot be folded. */
export async function readOrderLogs(
  db: Db,
  orderIds: readonly string[],
): Promise<ReadonlyMap<string, OrderLog>> {
  if (orderIds.length === 0) return new Map();
  const [orders, events] = await Promise.all([
    db
      .selectFrom('orders')
      .select(['id', 'facts', 'is_over'])
      .where('id', 'in', orderIds)
      .execute(),
    db
      .selectFrom('order_events')
      .select(['order_id', 'sequence', 'type', 'body', 'actor', 'command_id', 'at'])
      .where('order_id', 'in', orderIds)
      .orderBy('order_id')
      .orderBy('sequence')
      .execute(),
  ]);
  const logs = Map.groupBy(events, (event) => event.order_id);
  return new Map(
    orders.map(({ id, facts, is_over: isOver }) => {
      const log = (logs.get(id) ?? []).map(eventOf);
      return [id, { orderId: id, facts, isOver, log, state: fold(initialState(facts), log) }];
    }),
  );
}
