// The order's doors. A handler guesses a refusal before anything is written, queues its command and waits for the
// loop; it never touches the state.

import {
  ApplicationFailure,
  CancellationScope,
  condition,
  currentUpdateInfo,
  defineQuery,
  defineSignal,
  defineUpdate,
  setHandler,
} from '@temporalio/workflow';
import type { Refusal } from '../domain/errors.ts';
import type { Actor } from '../domain/events.ts';
import {
  catchUpSignal,
  deadlinesViewQuery,
  orderViewQuery,
  partnerDeliveryChangedSignal,
  paymentSettledSignal,
  placeUpdate,
  updateNames,
  type CommandAnswer,
  type CommandEnvelope,
  type PartnerDeliveryChanged,
  type PaymentSettled,
  type UpdateName,
} from '../domain/messages.ts';
import { hasEnded, simpleStatus } from '../domain/order.ts';
import { deadlinesOf } from '../domain/lifecycle.ts';
import { rowOf } from '../domain/view.ts';
import { judge, type Life, type Outcome } from './life.ts';

/** The refusal's details carry the sequence it was judged at: a caller that knows a later one asks to catch up. */
const refusal = (life: Life, { code, reason, at }: Refusal): ApplicationFailure =>
  ApplicationFailure.create({
    type: code,
    message: reason,
    nonRetryable: true,
    category: 'BENIGN',
    details: [{ code, reason, at, sequence: life.state.sequence }],
  });

const answerOf = ({ state }: Life): CommandAnswer => ({
  status: simpleStatus(state),
  sequence: state.sequence,
});

const system: Actor = { kind: 'system' };

export function listen(life: Life): void {
  setHandler(defineUpdate<CommandAnswer>(placeUpdate), async () => {
    await condition(() => life.state.sequence > 0);
    return answerOf(life);
  });
  for (const name of updateNames) {
    setHandler(
      defineUpdate<CommandAnswer, [CommandEnvelope]>(name),
      (envelope) => submit(life, envelope),
      { validator: (envelope) => refuseEarly(life, envelope) },
    );
  }
  setHandler(defineQuery(orderViewQuery), () => rowOf(life.state));
  setHandler(defineQuery(deadlinesViewQuery), () => deadlinesOf(life.state));
  setHandler(defineSignal<[PaymentSettled]>(paymentSettledSignal), ({ providerRef }) => {
    const commandId = `settled:${providerRef}:${life.state.sequence}`;
    life.inbox.push({ commandId, command: { kind: 'checkPayment', providerRef }, actor: system });
  });
  setHandler(
    defineSignal<[PartnerDeliveryChanged]>(partnerDeliveryChangedSignal),
    ({ partnerRef }) => {
      const commandId = `changed:${partnerRef}:${life.state.sequence}`;
      life.inbox.push({ commandId, command: { kind: 'checkPartner', partnerRef }, actor: system });
    },
  );
  setHandler(defineSignal(catchUpSignal), () => {
    life.inbox.push({ commandId: 'catch-up', command: { kind: 'catchUp' }, actor: system });
  });
  // A cancellation from outside is a command like any other: nothing may cut an order off from its money.
  CancellationScope.current().cancelRequested.catch(() =>
    life.inbox.push({
      commandId: 'engine-cancel',
      command: { kind: 'cancel', by: 'support' },
      actor: { kind: 'support', id: 'temporal' },
    }),
  );
}

/** Once the order is known again: what is still owed after a settling by hand. */
export function listenForCash(life: Life): void {
  setHandler(
    defineUpdate<CommandAnswer, [CommandEnvelope]>('remitCash' satisfies UpdateName),
    async (envelope) => {
      await condition(() => hasEnded(life.state));
      return submit(life, envelope);
    },
  );
}

const commandId = (): string => currentUpdateInfo()?.id ?? 'unknown';

/** A rejected update leaves no history. Only a guess: with others in the queue, the loop decides. */
function refuseEarly(life: Life, { command, ifSequence }: CommandEnvelope): void {
  const { inbox, working, found } = life;
  if (inbox.length > 0 || working || found.has(commandId())) return;
  const decision = judge(life.state, { command, ifSequence });
  if (decision.kind === 'refused') throw refusal(life, decision.refusal);
}

async function submit(
  life: Life,
  { command, actor, ifSequence }: CommandEnvelope,
): Promise<CommandAnswer> {
  const outcome = await new Promise<Outcome>((settle) => {
    life.inbox.push({ commandId: commandId(), command, actor, ifSequence, settle });
  });
  if (outcome.kind === 'refused') throw refusal(life, outcome.refusal);
  return answerOf(life);
}
