// The fake's refunds, minimal: create by payment intent, within what was captured. What becomes of
// one later comes when it is next read: `pm_card_refundFail` succeeds and then fails, `pm_card_pendingRefund` is pending first.
import { findCard } from './cards.ts';
import { fieldsUnder, type Form, wholeField } from './form.ts';
import { newId } from '../provider/ids.ts';
import type { Emit } from './payments.ts';
import { executed, missing, refused, type Reply } from './replies.ts';
import type { Charge, Dispute, Intent, Refund, State } from './state.ts';
import { viewCharge, viewRefund } from './views.ts';

const kindOf = ({ paymentMethod }: Intent) => findCard(paymentMethod ?? '')?.kind;

/** What becomes of it now; undefined: it stays as it is. */
function endOf(intent: Intent, { status }: Refund): 'succeeded' | 'failed' | undefined {
  const kind = kindOf(intent);
  if (kind === 'refund_waits' && status === 'pending') return 'succeeded';
  return kind === 'refund_fails' && status !== 'failed' ? 'failed' : undefined;
}

/** What the bank has, or wants. */
const lostBy = (disputes: readonly Dispute[]): number =>
  disputes.reduce((sum, { status, amount }) => sum + (status === 'won' ? 0 : amount), 0);
const isUndecided = ({ status }: Dispute): boolean => status !== 'won' && status !== 'lost';

type Captured = { readonly intent: Intent; readonly charge: Charge };

export function createRefunds({ state, emit }: { readonly state: State; readonly emit: Emit }) {
  function open({ intent, charge }: Captured, amount: number, form: Form): Reply {
    const refund: Refund = {
      id: newId('re'),
      sequence: state.nextSequence(),
      intentId: intent.id,
      chargeId: charge.id,
      createdAt: state.now(),
      amount,
      status: kindOf(intent) === 'refund_waits' ? 'pending' : 'succeeded',
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
    const disputes = [...state.disputes.values()].filter((each) => each.chargeId === charge.id);
    const left = charge.amountCaptured - charge.amountRefunded - lostBy(disputes);
    if (disputes.some(isUndecided) || (left <= 0 && lostBy(disputes) > 0)) {
      const message = `Charge ${charge.id} has been charged back; cannot issue a refund.`;
      return refused({ code: 'charge_disputed', message });
    }
    if (left === 0) {
      const message = `Charge ${charge.id} has already been refunded.`;
      return refused({ code: 'charge_already_refunded', message });
    }
    const asked = wholeField(form, 'amount');
    const amount = 'invalid' in asked ? 0 : (asked.value ?? left);
    if (amount < 1 || amount > left) {
      const message = 'Refund amount is greater than unrefunded amount on charge.';
      return refused({ param: 'amount', message });
    }
    return open({ intent, charge }, amount, form);
  }

  /** Brings a refund to its end. */
  function settle(refund: Refund): Refund {
    const intent = state.intents.get(refund.intentId);
    const charge = state.charges.get(refund.chargeId);
    if (intent === undefined || charge === undefined) return refund;
    const status = endOf(intent, refund);
    if (status === undefined) return refund;
    const next: Refund = { ...refund, status };
    state.put({ kind: 'refund', value: next });
    if (status === 'failed') {
      const amountRefunded = charge.amountRefunded - refund.amount;
      state.put({ kind: 'charge', value: { ...charge, amountRefunded } });
    }
    const type = status === 'failed' ? 'refund.failed' : 'refund.updated';
    emit(type, viewRefund(next, intent.currency));
    return next;
  }

  return { create, settle };
}
