// What every plain order has: a restaurant's delivery, for now, paid by card.

import type { OrderFacts } from '../../domain/order.ts';

export const plainDelivery = {
  fulfilment: 'delivery',
  goodsKind: 'restaurant',
  ageCheck: false,
  prescription: false,
  substitution: 'remove',
  undeliverable: 'return',
  proofs: [],
  restockableMinor: 0,
  bufferMinor: 0,
  method: 'card',
} as const satisfies Partial<OrderFacts>;
