// An order's life. The business stands in domain/: `decide` says what may happen, `lifecycle` what each state waits
// for and what happens by itself. This loop takes one thing at a time, records it, and lets effects follow.

import { allHandlersFinished, CancellationScope, condition } from '@temporalio/workflow';
import type { OrderInput, OrderResult } from '../domain/messages.ts';
import { isOver } from '../domain/order.ts';
import { showOrder } from './display.ts';
import { answerTheRest, callProvider, handle, next, placing, startLife } from './life.ts';
import { listen } from './order-handlers.ts';

/** Workflow id `order:<orderId>`; started by Update-with-Start `place`. Never fails: every end is a result. */
export async function order({ facts }: OrderInput): Promise<OrderResult> {
  const life = startLife(facts);
  listen(life);
  await CancellationScope.nonCancellable(async () => {
    await handle(life, placing);
    do {
      while (!isOver(life.state)) {
        callProvider(life);
        showOrder(life.state);
        await handle(life, await next(life));
      }
      await answerTheRest(life);
      await condition(allHandlersFinished);
    } while (life.inbox.length > 0);
    showOrder(life.state);
  });
  const { order: end, delivery, payment, sequence } = life.state;
  return {
    orderId: facts.orderId,
    status: end.status,
    delivery: delivery.status,
    payment: payment.status,
    sequence,
  };
}
