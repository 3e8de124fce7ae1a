// Renders the fake's records as Stripe objects of API version 2026-10-28, as far as a card
// integration reads them, and expands `latest_charge` and `balance_transaction` on request. Pure.
import type { Account, Charge, Dispute, Intent, Payout, Refund, State, Transfer } from './state.ts';

const seconds = (ms: number): number => Math.floor(ms / 1000);

const clientSecretOf = (intentId: string): string => `${intentId}_secret_sandbox`;

function viewBalanceTransaction(charge: Charge, currency: string) {
  if (charge.feeMinor === null) return null;
  return {
    id: charge.id.replace('ch_', 'txn_'),
    object: 'balance_transaction',
    type: 'charge',
    source: charge.id,
    amount: charge.amountCaptured,
    fee: charge.feeMinor,
    net: charge.amountCaptured - charge.feeMinor,
    currency,
  };
}

type ChargeView = { readonly charge: Charge; readonly intent: Intent; readonly expand: boolean };

export function viewCharge({ charge, intent, expand }: ChargeView) {
  const booked = viewBalanceTransaction(charge, intent.currency);
  return {
    id: charge.id,
    object: 'charge',
    amount: charge.amount,
    amount_captured: charge.amountCaptured,
    amount_refunded: charge.amountRefunded,
    balance_transaction: expand ? booked : (booked?.id ?? null),
    captured: charge.captured,
    created: seconds(charge.createdAt),
    currency: intent.currency,
    failure_code: charge.error?.code ?? null,
    livemode: false,
    metadata: intent.metadata,
    paid: charge.error === null,
    payment_intent: intent.id,
    payment_method: intent.paymentMethod,
    payment_method_details: {
      type: 'card',
      card: {
        brand: 'visa',
        ...(charge.captureBefore === null ? {} : { capture_before: seconds(charge.captureBefore) }),
      },
    },
    refunded: charge.captured && charge.amountRefunded === charge.amountCaptured,
    status: charge.error === null ? 'succeeded' : 'failed',
  };
}

/** What to expand, with the `data.` of lists already taken off. */
export type Expand = readonly string[];

function chargeField(state: State, intent: Intent, expand: Expand) {
  const charge = intent.chargeId === null ? undefined : state.charges.get(intent.chargeId);
  if (charge === undefined) return null;
  const deep = expand.includes('latest_charge.balance_transaction');
  return deep || expand.includes('latest_charge')
    ? viewCharge({ charge, intent, expand: deep })
    : charge.id;
}

export function viewIntent(state: State, intent: Intent, expand: Expand = []) {
  const waiting = intent.status === 'requires_action';
  return {
    id: intent.id,
    object: 'payment_intent',
    allowed_payment_method_types: ['card'],
    amount: intent.amount,
    amount_capturable: intent.status === 'requires_capture' ? intent.amount : 0,
    amount_received: intent.amountReceived,
    canceled_at: intent.canceledAt === null ? null : seconds(intent.canceledAt),
    cancellation_reason: intent.cancellationReason,
    capture_method: intent.captureMethod,
    client_secret: clientSecretOf(intent.id),
    confirmation_method: 'automatic',
    created: seconds(intent.createdAt),
    currency: intent.currency,
    customer: null,
    description: null,
    last_payment_error: intent.lastError,
    latest_charge: chargeField(state, intent, expand),
    livemode: false,
    metadata: intent.metadata,
    next_action: waiting ? { type: 'use_stripe_sdk', use_stripe_sdk: {} } : null,
    payment_method: intent.paymentMethod,
    payment_method_types: ['card'],
    processing: null,
    status: intent.status,
  };
}

export function viewRefund(refund: Refund, currency: string) {
  return {
    id: refund.id,
    object: 'refund',
    amount: refund.amount,
    charge: refund.chargeId,
    created: seconds(refund.createdAt),
    currency,
    metadata: refund.metadata,
    payment_intent: refund.intentId,
    reason: null,
    status: refund.status,
  };
}

export function viewDispute(dispute: Dispute, currency: string) {
  const { amount, feeMinor, feeBackMinor } = dispute;
  const booked = (name: string, moved: number, fee: number) => ({
    id: dispute.id.replace('dp_', name),
    object: 'balance_transaction',
    type: 'adjustment',
    amount: moved,
    fee,
    net: moved - fee,
    currency,
  });
  return {
    id: dispute.id,
    object: 'dispute',
    amount: dispute.amount,
    balance_transactions: [
      ...(feeMinor === undefined ? [] : [booked('txn_', -amount, feeMinor)]),
      ...(dispute.status === 'won' ? [booked('txn_back_', amount, -feeBackMinor)] : []),
    ],
    charge: dispute.chargeId,
    created: seconds(dispute.createdAt),
    currency,
    evidence: dispute.evidence,
    evidence_details: {
      due_by: seconds(dispute.dueAt),
      has_evidence: Object.keys(dispute.evidence).length > 0,
      past_due: false,
      submission_count: dispute.submissions,
    },
    is_charge_refundable: false,
    livemode: false,
    metadata: {},
    payment_intent: dispute.intentId,
    reason: dispute.reason,
    status: dispute.status,
  };
}

export const viewAccount = ({ id, payoutsEnabled, transfers, payoutInterval }: Account) => ({
  id,
  object: 'account',
  capabilities: { transfers },
  charges_enabled: false,
  details_submitted: true,
  metadata: {},
  payouts_enabled: payoutsEnabled,
  settings: { payouts: { schedule: { delay_days: 7, interval: payoutInterval } } },
  type: 'custom',
});

export const viewTransfer = (transfer: Transfer) => ({
  id: transfer.id,
  object: 'transfer',
  amount: transfer.amount,
  amount_reversed: transfer.reversed ? transfer.amount : 0,
  balance_transaction: transfer.id.replace('tr_', 'txn_'),
  created: seconds(transfer.createdAt),
  currency: transfer.currency,
  description: null,
  destination: transfer.destination,
  livemode: false,
  metadata: transfer.metadata,
  reversals: viewList(`/v1/transfers/${transfer.id}/reversals`, [], false),
  reversed: transfer.reversed,
  source_transaction: transfer.sourceTransaction,
  source_type: 'card',
  transfer_group: transfer.transferGroup,
});

export const viewPayout = (payout: Payout) => ({
  id: payout.id,
  object: 'payout',
  amount: payout.amount,
  arrival_date: seconds(payout.createdAt),
  automatic: false,
  created: seconds(payout.createdAt),
  currency: payout.currency,
  failure_code: payout.status === 'failed' ? 'account_closed' : null,
  livemode: false,
  metadata: payout.metadata,
  method: payout.method,
  source_type: 'card',
  status: payout.status,
  type: 'bank_account',
});

export const viewList = (url: string, data: readonly unknown[], hasMore: boolean) => ({
  object: 'list',
  url,
  has_more: hasMore,
  data,
});
