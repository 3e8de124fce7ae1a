// One call to the payment provider, retried by the engine until it is answered or its time is up. Silence is an
// answer too: each step says what it means.

import { ActivityFailure, log, proxyActivities } from '@temporalio/workflow';
import type { PaymentActivities } from '../activities/contract.ts';
import type { PaymentResult } from '../domain/messages.ts';
import { formatMoney } from '../domain/money.ts';
import type { OrderFacts } from '../domain/order.ts';
import { providerOf } from '../domain/payment-methods.ts';
import type { PaymentCall } from '../domain/payment.ts';

export async function askProvider(facts: OrderFacts, call: PaymentCall): Promise<PaymentResult> {
  const { overdueGraceMs, overdueExtensionMs } = facts.policy;
  const giveUpAt = Math.max(call.giveUpAt, Date.now() + leastMs);
  const answer = await ask(facts, call, giveUpAt);
  if (answer) return answer;
  // While the engine was away nobody asked: that silence is not the provider's.
  const lateMs = Date.now() - giveUpAt;
  const again =
    lateMs > overdueGraceMs
      ? await ask(facts, call, Date.now() + Math.min(lateMs, overdueExtensionMs))
      : undefined;
  if (again) return again;
  log.error('the payment provider gave no answer in time', { step: call.step, key: call.key });
  return silence(call);
}

/** A call is always tried, however late its turn has come. */
const leastMs = 1_000;

/** Undefined: no answer until then. */
async function ask(
  facts: OrderFacts,
  call: PaymentCall,
  giveUpAt: number,
): Promise<PaymentResult | undefined> {
  const { callProvider } = proxyActivities<PaymentActivities>({
    taskQueue: 'payments',
    startToCloseTimeout: '20s',
    scheduleToCloseTimeout: giveUpAt - Date.now(),
    retry: { initialInterval: '500ms', maximumInterval: '60s' },
    summary: inWords(facts, call),
  });
  try {
    const { orderId, currency, paymentMethod } = facts;
    return await callProvider({ orderId, currency, provider: providerOf(paymentMethod), call });
  } catch (error) {
    if (error instanceof ActivityFailure) return undefined;
    throw error;
  }
}

function silence({ step }: PaymentCall): PaymentResult {
  switch (step) {
    case 'authorize':
    case 'check':
      return { kind: 'paymentUnanswered' };
    case 'capture':
      return { kind: 'paymentCaptureFailed', code: 'unanswered', final: true };
    case 'void':
      return { kind: 'paymentVoidFailed', code: 'void_unanswered' };
  }
}

function inWords({ currency }: OrderFacts, call: PaymentCall): string {
  switch (call.step) {
    case 'authorize':
      return `hold ${formatMoney(call.amountMinor, currency)} on the card`;
    case 'check':
      return 'ask whether the customer has confirmed the payment';
    case 'capture':
      return `capture ${formatMoney(call.amountMinor, currency)}`;
    case 'void':
      return 'release the hold on the card';
  }
}
