// An order's life. The business stands in domain/: `decide` says what may happen, `lifecycle` what each state waits
// for and what happens by itself. This loop takes one thing at a time, records it, and lets effects follow.

import { allHandlersFinished, CancellationScope, condition } from '@temporalio/workflow';
import type { OrderInput, OrderResult } from '../domain/messages.ts';
import { isOver } from '../domain/order.ts';
import { startLife } from './life.ts';
import { listen } from './order-handlers.ts';

/** Workflow id `order:<orderId>`; started by Update-with-Start `place`. Never fails: every end is a result. */
export async function order({ facts }: OrderInput): Promise<OrderResult> {
  const life = startLife(facts);
  listen(life);
  // A cancellation from outside is a command like any other: nothing may cut an order off from its money.
  CancellationScope.current().cancelRequested.catch(() => life.enqueue({ commandId: 'engine-cancel', command: { kind: 'cancel', by: 'support' }, actor: { kind: 'support', id: 'temporal' } }));
  await CancellationScope.nonCancellable(async () => {
    await life.handle(life.placing);
    do {
      while (!isOver(life.state())) {
        life.callProvider();
        life.show();
        await life.handle(await life.next());
      }
      await life.answerTheRest();
      await condition(allHandlersFinished);
    } while (life.hasMore());
    life.show();
  });
  const { order: end, delivery, payment, sequence } = life.state();
  return { orderId: facts.orderId, status: end.status, delivery: delivery.status, payment: payment.status, sequence };
}
