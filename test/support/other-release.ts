// Another release of the order: it begins with a timer that today's code does not know.

import { sleep } from '@temporalio/workflow';
import type { OrderInput, OrderResult } from '../../domain/messages.ts';
import { order as today } from '../../workflows/order.ts';

export async function order(input: OrderInput): Promise<OrderResult> {
  void sleep('400 hours');
  return today(input);
}

export { dispatcher, maintenance } from '../../workflows/index.ts';
