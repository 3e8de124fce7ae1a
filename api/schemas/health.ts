// Answers of the health and status routes.

import { Type } from 'typebox';

export const Health = Type.Object({ ok: Type.Boolean() });

const Check = Type.Object({ ok: Type.Boolean(), latency_ms: Type.Integer() });
export const Detailed = Type.Object({
  ok: Type.Boolean(),
  postgres: Check,
  temporal: Check,
  redis: Check,
});

export const Status = Type.Object({
  open_orders: Type.Array(
    Type.Object({
      order_status: Type.String(),
      delivery_status: Type.String(),
      count: Type.Integer(),
    }),
  ),
  overdue: Type.Integer({ description: 'Orders whose deadline passed more than two minutes ago' }),
  open_incidents: Type.Integer({ description: 'What a person must look at; at most 10,000' }),
  event_feed_lag_seconds: Type.Number(),
});
