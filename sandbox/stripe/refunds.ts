// The fake's refunds, minimal: create by payment intent, within what was captured. `pm_card_refundFail`
// answers pending and fails when it is next read, as Stripe's test card does a little later.
import { findCard } from './cards.ts';
import { fieldsUnder, type Form, wholeField } from './form.ts';
import { newId } from '../provider/ids.ts';
import type { Emit } from './payments.ts';
import { executed, missing, refused, type Reply } from './replies.ts';
import type { Charge, Intent, Refund, State } from './state.ts';
import { viewCharge, viewRefund } from './views.ts';

type Captured = { readonly intent: Intent; readonly charge: Charge };

export function createRefunds({ state, emit }: { readonly state: State; readonly emit: Emit }) {
  function open({ intent, charge }: Captured, amount: number, form: Form): Reply {
    const fails = findCard(intent.paymentMethod ?? '')?.kind === 'refund_fails';
    const refund: Refund = {
      id: newId('re'),
      sequence: state.nextSequence(),
      intentId: intent.id,
      chargeId: charge.id,
      createdAt: state.now(),
      amount,
      status: fails ? 'pending' : 'succeeded',
      metadata: fieldsUnder(form, 'metadata'),
    };
    const next = { ...charge, amountRefunded: charge.amountRefunded + amount };
    state.put({ kind: 'refund', value: refund });
    state.put({ kind: 'charge', value: next });
    const view = viewRefund(refund, intent.currency);
    emit('refund.created', view);
    emit('charge.refunded', viewCharge({ charge: next, intent, expand: false }));
    return executed(view);
  }

  function create(form: Form): Reply {
    const intentId = form.get('payment_intent') ?? '';
    const intent = state.intents.get(intentId);
    if (intent === undefined) return missing('payment_intent', intentId);
    const charge = state.charges.get(intent.chargeId ?? '');
    if (charge === undefined || !charge.captured) {
      const message = 'This PaymentIntent does not have a successful charge to refund.';
      return refused({ code: 'payment_intent_unexpected_state', message });
    }
    if ([...state.disputes.values()].some((d) => d.chargeId === charge.id && d.status !== 'won')) {
      const message = `Charge ${charge.id} has been charged back; cannot issue a refund.`;
      return refused({ code: 'charge_disputed', message });
    }
    const left = charge.amountCaptured - charge.amountRefunded;
    if (left === 0) {
      const message = `Charge ${charge.id} has already been refunded.`;
      return refused({ code: 'charge_already_refunded', message });
    }
    const asked = wholeField(form, 'amount');
    const amount = 'invalid' in asked ? 0 : (asked.value ?? left);
    if (amount < 1 || amount > left) {
      return refused({
        param: 'amount',
        message: 'Refund amount is greater than unrefunded amount on charge.',
      });
    }
    return open({ intent, charge }, amount, form);
  }

  /** Brings a refund that is bound to fail to its end. */
  function settle(refund: Refund): Refund {
    const intent = state.intents.get(refund.intentId);
    const charge = state.charges.get(refund.chargeId);
    if (refund.status !== 'pending' || intent === undefined || charge === undefined) return refund;
    const next: Refund = { ...refund, status: 'failed' };
    const amountRefunded = charge.amountRefunded - refund.amount;
    state.put({ kind: 'refund', value: next });
    state.put({ kind: 'charge', value: { ...charge, amountRefunded } });
    emit('refund.failed', viewRefund(next, intent.currency));
    return next;
  }

  return { create, settle };
}
