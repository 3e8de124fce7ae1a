// Changes of made-up data, and what the audit says to them.

import type { OrderEvent } from '../../domain/events.ts';
import { runChecks } from '../../scripts/audit/checks.ts';
import type { AuditData, AuditedOrder } from '../../scripts/audit/data.ts';

/** The ids of the checks that find something wrong. */
export const breaching = (data: AuditData): readonly string[] =>
  runChecks(data)
    .filter(({ finding }) => finding.breaches.length > 0)
    .map(({ check }) => check.id);

/** The first order, changed. */
export const withFirst = (
  data: AuditData,
  change: (order: AuditedOrder) => Partial<AuditedOrder>,
): AuditData => ({
  ...data,
  orders: data.orders.map((order, index) => (index === 0 ? { ...order, ...change(order) } : order)),
});

/** As if support had given it. */
export const byHand = (event: OrderEvent): OrderEvent =>
  event.type === 'delivery.assigned'
    ? { ...event, actor: { kind: 'support', id: 'key_1' } }
    : event;

export const firstId = (data: AuditData): string => data.orders[0]?.id ?? '';
