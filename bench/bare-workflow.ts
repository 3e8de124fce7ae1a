// The yardstick: a workflow with the same Updates, timer, upserts, local activities, activities and payloads as a
// delivered order, and nothing else: no rules, no state, empty activities. Its history has the shape of ours.

import {
  allHandlersFinished,
  condition,
  defineUpdate,
  proxyActivities,
  proxyLocalActivities,
  setHandler,
  sleep,
  upsertSearchAttributes,
} from '@temporalio/workflow';
import { defineSearchAttributeKey } from '@temporalio/common';
import type { BareActivities, BareInput } from './bare-contract.ts';

const stageKey = defineSearchAttributeKey('Stage', 'KEYWORD');
const timerMs = 90_000;

const { record } = proxyLocalActivities<BareActivities>({
  startToCloseTimeout: '3s',
  scheduleToCloseTimeout: '3s',
});
const { callProvider } = proxyActivities<BareActivities>({
  taskQueue: 'bare-payments',
  startToCloseTimeout: '20s',
  scheduleToCloseTimeout: '900s',
  summary: 'hold 23.50 EUR on the card',
});

export async function bareOrder({ facts, padding }: BareInput): Promise<object> {
  const inbox: { readonly settle?: () => void }[] = [];
  let sequence = 0;
  const answer = () => ({ status: 'PENDING', sequence });
  const step = async (commandId: string): Promise<void> => {
    await record({ facts, padding, commandId, sequence: sequence + 1 });
    sequence += 1;
  };
  const next = async (): Promise<void> => {
    await condition(() => inbox.length > 0);
    const item = inbox.shift();
    await step('next');
    item?.settle?.();
  };
  const ask = (stepName: string): void =>
    void callProvider({ facts: facts.orderId, step: stepName }).then(() => inbox.push({}));
  listen(inbox, { isPlaced: () => sequence > 0, answer });
  await step('place');
  ask('authorize');
  await next();
  void sleep(timerMs, { summary: "merchant's move until then; then the merchant is reminded" });
  await next(); // accept
  upsertSearchAttributes([{ key: stageKey, value: 'finding_driver' }]);
  await next(); // markReady
  await next(); // assign
  upsertSearchAttributes([{ key: stageKey, value: 'delivering' }]);
  await next(); // pickUp
  await next(); // deliver
  ask('capture');
  await next();
  await condition(allHandlersFinished);
  return {
    orderId: facts.orderId,
    status: 'completed',
    delivery: 'delivered',
    payment: 'captured',
    sequence,
  };
}

type Loop = { readonly isPlaced: () => boolean; readonly answer: () => object };

function listen(inbox: { readonly settle?: () => void }[], { isPlaced, answer }: Loop): void {
  setHandler(defineUpdate<object>('place'), async () => {
    await condition(isPlaced);
    return answer();
  });
  for (const name of ['accept', 'markReady', 'assign', 'pickUp', 'deliver']) {
    setHandler(
      defineUpdate<object, [object]>(name),
      async () => {
        let settled = false;
        inbox.push({ settle: () => (settled = true) });
        await condition(() => settled);
        return answer();
      },
      { validator: (_envelope: object) => undefined },
    );
  }
}
