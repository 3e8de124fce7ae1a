// One call to the payment provider, retried by the engine until it is answered or its time is up. Silence is an
// answer too: each step says what it means.

import { proxyActivities } from '@temporalio/workflow';
import type { PaymentActivities } from '../activities/contract.ts';
import type { PaymentResult } from '../domain/messages.ts';
import { formatMoney } from '../domain/money.ts';
import type { OrderFacts } from '../domain/order.ts';
import { providerOf } from '../domain/payment-methods.ts';
import type { PaymentCall } from '../domain/payment-call.ts';
import { askInTime } from './patience.ts';

export async function askProvider(facts: OrderFacts, call: PaymentCall): Promise<PaymentResult> {
  const answer = await askInTime(facts, call, (giveUpAt) => {
    const { callProvider } = proxyActivities<PaymentActivities>({
      taskQueue: 'payments',
      startToCloseTimeout: '20s',
      scheduleToCloseTimeout: giveUpAt - Date.now(),
      retry: { initialInterval: '500ms', maximumInterval: '60s' },
      summary: inWords(facts, call),
    });
    const { orderId, currency, paymentMethod } = facts;
    return callProvider({ orderId, currency, provider: providerOf(paymentMethod), call });
  });
  return answer ?? silence(call);
}

function silence({ step }: PaymentCall): PaymentResult {
  switch (step) {
    case 'authorize':
    case 'check':
      return { kind: 'paymentUnanswered' };
    case 'capture':
      return { kind: 'paymentCaptureFailed', code: 'unanswered', final: true };
    case 'void':
    case 'release':
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
    case 'release':
      return 'release the hold on the card';
  }
}
