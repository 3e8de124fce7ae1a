// When an order counts as overdue: its deadline has passed and nothing has happened, or it has none because a call
// to a payment provider or a partner fleet is under way, and nothing has happened since.

import { sql, type RawBuilder } from 'kysely';

/** A condition on `orders AS o`. */
export const isOverdue = (before: Date): RawBuilder<boolean> =>
  sql<boolean>`NOT o.is_over AND coalesce(o.deadline_at, o.updated_at) < ${before}`;
