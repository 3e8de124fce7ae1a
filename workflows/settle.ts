// Break-glass: ends an order whose own workflow is gone, from the event log alone. The same loop, the same write-once
// record and the same keys at the provider as the order itself had, so it may be started twice, die anywhere, and even
// run beside a call that the lost workflow had left behind.

import {
  allHandlersFinished,
  CancellationScope,
  condition,
  proxyActivities,
  setCurrentDetails,
} from '@temporalio/workflow';
import type { SupportActivities } from '../activities/contract.ts';
import { isOver } from '../domain/order.ts';
import { paymentCallOf } from '../domain/payment-call.ts';
import type { SettleInput, SettleResult } from '../domain/settling.ts';
import { detailsOf } from '../domain/view.ts';
import {
  answerTheRest,
  callPartner,
  callProvider,
  handle,
  next,
  placing,
  startLife,
  type Life,
  type Outcome,
} from './life.ts';
import { listenForCash } from './order-handlers.ts';

const { isOrderRunning } = proxyActivities<SupportActivities>({
  taskQueue: 'dispatch',
  startToCloseTimeout: '10s',
  retry: { initialInterval: '500ms', maximumInterval: '15s' },
  summary: 'make sure that the order’s own workflow is not running',
});

/** Workflow id `settle:<orderId>`. Refuses with order_running while the order decides for itself; never fails. */
export async function settle(input: SettleInput): Promise<SettleResult> {
  const { facts } = input;
  if (await isOrderRunning({ orderId: facts.orderId })) {
    const reason = 'the order’s workflow runs: use an ordinary action';
    return { kind: 'refused', refusal: { code: 'order_running', reason } };
  }
  const life = startLife({ facts });
  listenForCash(life);
  return CancellationScope.nonCancellable(async () => {
    const outcome = await end(life, input);
    if (outcome.kind === 'refused') return outcome;
    while (!isOver(life.state)) {
      callProvider(life);
      callPartner(life);
      setCurrentDetails(detailsOf(life.state));
      await handle(life, await next(life));
    }
    // Cash that is handed in while the order is being ended comes into the queue only then.
    do {
      await answerTheRest(life);
      await condition(() => life.inbox.length > 0 || allHandlersFinished());
    } while (life.inbox.length > 0);
    setCurrentDetails(detailsOf(life.state));
    const { order, delivery, payment, sequence } = life.state;
    return {
      kind: 'settled',
      orderId: facts.orderId,
      status: order.status,
      delivery: delivery.status,
      payment: payment.status,
      sequence,
    };
  });
}

async function end(life: Life, { outcome, actor, commandId }: SettleInput): Promise<Outcome> {
  await handle(life, { commandId: 'catch-up', command: { kind: 'catchUp' }, actor });
  // The workflow was lost before it wrote anything.
  if (life.state.sequence === 0) await handle(life, placing);
  let answer: Outcome = { kind: 'done' };
  const command = { kind: 'settleOrder', outcome } as const;
  await handle(life, { commandId, command, actor, settle: (given) => (answer = given) });
  if (answer.kind === 'done') await doNotAuthorize(life);
  return answer;
}

/** A hold that nobody wants any more is not asked for again: whatever the call left behind is found and released. */
async function doNotAuthorize(life: Life): Promise<void> {
  const call = paymentCallOf(life.state);
  if (call?.step !== 'authorize') return;
  const { key } = call;
  const command = { kind: 'paymentUnanswered', key } as const;
  await handle(life, { commandId: `answer:${key}`, command, actor: { kind: 'system' } });
}
