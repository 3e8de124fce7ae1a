// The fake's disputes: the payer's bank takes the money back, evidence is heard, and it is won or lost; without any by
// its due date it is lost (docs.stripe.com/disputes). A disputed charge cannot be refunded; what the bank did not get of one
// that is decided can, which is an assumption.
import { fieldsUnder, type Form } from './form.ts';
import { newId } from '../provider/ids.ts';
import type { Emit } from './payments.ts';
import { executed, missing, refused, type Reply } from './replies.ts';
import type { Dispute, Intent, State } from './state.ts';
import { viewDispute } from './views.ts';

const EVIDENCE_MS = 7 * 24 * 3_600_000;
const FEE_MINOR = 2_000;

export type DisputeWish = {
  readonly reason?: string | undefined;
  /** All that is captured and not refunded unless told. */
  readonly amount?: number | undefined;
  /** Its fee is in the balance later. */
  readonly feeLater?: boolean | undefined;
};
export type Disputes = ReturnType<typeof createDisputes>;

/** Stripe's own words for tests: evidence that wins or loses at once (docs.stripe.com/testing#disputes). */
const verdicts: Readonly<Record<string, 'won' | 'lost'>> = {
  winning_evidence: 'won',
  losing_evidence: 'lost',
};

const isOpen = ({ status }: Dispute): boolean =>
  status === 'needs_response' || status === 'under_review';

export function createDisputes({ state, emit }: { readonly state: State; readonly emit: Emit }) {
  const show = (dispute: Dispute) =>
    viewDispute(dispute, state.intents.get(dispute.intentId)?.currency ?? '');

  function save(dispute: Dispute, ...types: readonly string[]): Dispute {
    state.put({ kind: 'dispute', value: dispute });
    for (const type of types) emit(`charge.dispute.${type}`, show(dispute));
    return dispute;
  }

  /** undefined: there is no captured money to fight about. */
  function open({ id: intentId, chargeId }: Intent, wish: DisputeWish): Dispute | undefined {
    const charge = state.charges.get(chargeId ?? '');
    if (charge === undefined || !charge.captured) return undefined;
    const left = charge.amountCaptured - charge.amountRefunded;
    if (left <= 0) return undefined;
    const dispute: Dispute = {
      id: newId('dp'),
      sequence: state.nextSequence(),
      intentId,
      chargeId: charge.id,
      createdAt: state.now(),
      amount: Math.min(left, wish.amount ?? left),
      feeMinor: wish.feeLater ? undefined : FEE_MINOR,
      feeBackMinor: 0,
      reason: wish.reason ?? 'fraudulent',
      status: 'needs_response',
      dueAt: state.now() + EVIDENCE_MS,
      evidence: {},
      submissions: 0,
    };
    return save(dispute, 'created', 'funds_withdrawn');
  }

  /** What was lost may still be won, on appeal. */
  function close(dispute: Dispute, status: 'won' | 'lost', feeBackMinor = 0): Dispute {
    const types = status === 'won' ? ['closed', 'funds_reinstated'] : ['closed'];
    return isOpen(dispute) || (dispute.status === 'lost' && status === 'won')
      ? save({ ...dispute, status, feeBackMinor }, ...types)
      : dispute;
  }

  const chargeFee = (dispute: Dispute): Dispute =>
    save({ ...dispute, feeMinor: FEE_MINOR }, 'funds_withdrawn');

  /** Nobody answered in time. */
  function loseOverdue(): void {
    for (const dispute of state.disputes.values())
      if (dispute.status === 'needs_response' && dispute.dueAt <= state.now())
        close(dispute, 'lost');
  }

  function find(id: string): Dispute | undefined {
    return state.disputes.get(id);
  }

  return { open, find, close, chargeFee, save, loseOverdue, show };
}

/** The dispute's part of the API. */
export function createDisputeRoutes({ find, close, save, show }: Disputes) {
  function update(dispute: Dispute, form: Form): Reply {
    if (!isOpen(dispute)) return refused({ message: 'This dispute is already closed.' });
    const evidence = { ...dispute.evidence, ...fieldsUnder(form, 'evidence') };
    if (form.get('submit') === 'false')
      return executed(show(save({ ...dispute, evidence }, 'updated')));
    const submissions = dispute.submissions + 1;
    const heard = save({ ...dispute, evidence, submissions, status: 'under_review' }, 'updated');
    const verdict = verdicts[evidence['uncategorized_text'] ?? ''];
    // The answer is given before the bank decides.
    const answer = executed(show(heard));
    if (verdict !== undefined) close(heard, verdict);
    return answer;
  }

  const withDispute =
    (id: string, run: (dispute: Dispute, form: Form) => Reply) =>
    (form: Form): Reply => {
      const dispute = find(id);
      return dispute === undefined ? missing('dispute', id) : run(dispute, form);
    };

  return {
    read: (id: string) => withDispute(id, (dispute) => executed(show(dispute))),
    update: (id: string) => withDispute(id, update),
    accept: (id: string) => withDispute(id, (dispute) => executed(show(close(dispute, 'lost')))),
  };
}
