// The workflow of an order whose life is told, as the engine shows it.

import type { OrderFacts, OrderState } from '../../domain/order.ts';
import type { AuditData } from '../../scripts/audit/data.ts';

type Ended = { readonly facts: OrderFacts; readonly state: OrderState };

export const workflowOf = ({
  facts,
  state,
}: Ended): readonly [
  string,
  AuditData['workflows'] extends ReadonlyMap<string, infer View> ? View : never,
] => [
  facts.orderId,
  {
    workflowId: `order:${facts.orderId}`,
    status: 'completed',
    result: {
      orderId: facts.orderId,
      status: state.order.status,
      delivery: state.delivery.status,
      payment: state.payment.status,
      sequence: state.sequence,
    },
    taskAttempt: 0,
  },
];
