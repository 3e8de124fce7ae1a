// How long an order lives when nobody says anything any more: by its deadlines alone, as the workflow would take them.

import { dueAt } from '../../domain/lifecycle.ts';
import type { Command } from '../../domain/messages.ts';
import { isOver, type OrderState } from '../../domain/order.ts';
import { partnerCallOf } from '../../domain/partner.ts';
import { paymentCallOf, type PaymentCall } from '../../domain/payment-call.ts';
import { combinationOf, hear, say } from './lives.ts';

type Moment = { readonly state: OrderState; readonly now: number };
/** Undefined: the provider is silent too, until the call is given up. */
type Provider = (call: PaymentCall, now: number) => Command | undefined;

/** As workflows/provider.ts reads the silence of the provider. */
function silenceOf({ step }: PaymentCall): Command {
  if (step === 'capture') return { kind: 'paymentCaptureFailed', code: 'unanswered', final: true };
  return step === 'void' || step === 'release'
    ? { kind: 'paymentVoidFailed', code: 'void_unanswered' }
    : { kind: 'paymentUnanswered' };
}

/** Milliseconds until the order is over. Throws when it is stuck. */
export function silenceFrom(start: Moment, provider: Provider = () => undefined): number {
  let { state, now } = start;
  for (let turns = 0; !isOver(state); turns += 1) {
    if (turns > 500) throw new Error(`no end in ${combinationOf(state)}`);
    const due = dueAt(state, Number.MAX_SAFE_INTEGER);
    const call = paymentCallOf(state);
    const answer = call && provider(call, now);
    const answerAt = answer ? now : call ? Math.max(now, call.giveUpAt) : Number.POSITIVE_INFINITY;
    const partner = partnerCallOf(state);
    const partnerAt = partner ? Math.max(now, partner.giveUpAt) : Number.POSITIVE_INFINITY;
    if (due && due.at <= Math.min(answerAt, partnerAt)) {
      now = Math.max(now, due.at);
      state = hear(state, { kind: due.exit }, now).state;
    } else if (partner && partnerAt < answerAt) {
      now = partnerAt;
      state = hear(state, say.partnerSilent, now).state;
    } else if (call) {
      now = answerAt;
      state = hear(state, answer ?? silenceOf(call), now).state;
    } else throw new Error(`stuck in ${combinationOf(state)}`);
  }
  return now - start.now;
}
