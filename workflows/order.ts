// An order's life. The business stands in domain/: `decide` says what may happen, `lifecycle` what each state waits
// for and what happens by itself. This loop takes one thing at a time, records it, and lets effects follow.

import {
  allHandlersFinished,
  CancellationScope,
  condition,
  makeContinueAsNewFunc,
} from '@temporalio/workflow';
import type { OrderInput, OrderResult } from '../domain/messages.ts';
import { isOver } from '../domain/order.ts';
import { showOrder } from './display.ts';
import {
  answerTheRest,
  callPartner,
  callProvider,
  handle,
  next,
  placing,
  resuming,
  startLife,
  type Life,
} from './life.ts';
import { listen } from './order-handlers.ts';

/** Workflow id `order:<orderId>`; started by Update-with-Start `place`. Never fails: every end is a result. */
export async function order(input: OrderInput): Promise<OrderResult> {
  const life = startLife(input);
  listen(life);
  await CancellationScope.nonCancellable(async () => {
    await handle(life, input.resume ? resuming : placing);
    do {
      while (!isOver(life.state)) {
        if (life.released) await goOn(life);
        callProvider(life);
        callPartner(life);
        showOrder(life.state);
        await handle(life, await next(life));
      }
      await settleInbox(life);
    } while (life.inbox.length > 0);
    showOrder(life.state);
  });
  const { order: end, delivery, payment, sequence } = life.state;
  return {
    orderId: input.facts.orderId,
    status: end.status,
    delivery: delivery.status,
    payment: payment.status,
    sequence,
  };
}

async function settleInbox(life: Life): Promise<void> {
  await answerTheRest(life);
  await condition(allHandlersFinished);
}

/** An order that has waited for days goes on in a run of its own, which starts on the newest version of this code. */
async function goOn(life: Life): Promise<void> {
  do await settleInbox(life);
  while (life.inbox.length > 0);
  const { state } = life;
  const continueAsNew = makeContinueAsNewFunc<typeof order>({
    initialVersioningBehavior: 'AUTO_UPGRADE',
  });
  await continueAsNew({ facts: state.facts, resume: true });
}
