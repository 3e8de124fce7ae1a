// The order's doors. A handler guesses a refusal before anything is written, queues its command and waits for the
// loop; it never touches the state.

import { ApplicationFailure, condition, currentUpdateInfo, defineSignal, defineUpdate, setHandler } from '@temporalio/workflow';
import { decide } from '../domain/decide.ts';
import type { Refusal } from '../domain/errors.ts';
import {
  catchUpSignal, paymentSettledSignal, placeUpdate, updateNames,
  type CommandAnswer, type CommandEnvelope, type PaymentSettled,
} from '../domain/messages.ts';
import type { Life, Outcome } from './life.ts';

/** The refusal's details carry the sequence it was judged at: a caller that knows a later one asks to catch up. */
const refusal = (life: Life, { code, reason, at }: Refusal): ApplicationFailure =>
  ApplicationFailure.create({
    type: code,
    message: reason,
    nonRetryable: true,
    category: 'BENIGN',
    details: [{ code, reason, at, sequence: life.state().sequence }],
  });

export function listen(life: Life): void {
  setHandler(defineUpdate<CommandAnswer>(placeUpdate), async () => {
    await condition(() => life.state().sequence > 0);
    return life.answer();
  });
  for (const name of updateNames) {
    setHandler(
      defineUpdate<CommandAnswer, [CommandEnvelope]>(name),
      (envelope) => submit(life, envelope),
      { validator: (envelope) => refuseEarly(life, envelope) },
    );
  }
  setHandler(defineSignal<[PaymentSettled]>(paymentSettledSignal), ({ providerRef }) =>
    life.enqueue({
      commandId: `settled:${providerRef}:${life.state().sequence}`,
      command: { kind: 'checkPayment', providerRef },
      actor: { kind: 'system' },
    }),
  );
  setHandler(defineSignal(catchUpSignal), () =>
    life.enqueue({ commandId: 'catch-up', command: { kind: 'catchUp' }, actor: { kind: 'system' } }),
  );
}

const commandId = (): string => currentUpdateInfo()?.id ?? 'unknown';

/** A rejected update leaves no history. Only a guess: with others in the queue, the loop decides. */
function refuseEarly(life: Life, { command }: CommandEnvelope): void {
  if (!life.isIdle() || life.hasFound(commandId())) return;
  const decision = decide(life.state(), command, Date.now());
  if (decision.kind === 'refused') throw refusal(life, decision.refusal);
}

async function submit(life: Life, { command, actor }: CommandEnvelope): Promise<CommandAnswer> {
  let outcome: Outcome | undefined;
  life.enqueue({ commandId: commandId(), command, actor, settle: (result) => (outcome = result) });
  await condition(() => outcome !== undefined);
  const settled = outcome as Outcome | undefined;
  if (settled?.kind === 'refused') throw refusal(life, settled.refusal);
  return life.answer();
}
