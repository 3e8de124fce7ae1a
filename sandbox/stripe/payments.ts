// The fake's payment intents: create, confirm, authenticate, capture, cancel, expire.
// Invariant: as at Stripe since API version 2025-03-31, a hold is captured at most once, the rest is
// released without a refund object, and an expired hold ends `canceled` with the reason `expired`.
// Called by routes.ts and control.ts; every change is emitted as an event.
import { AUTHENTICATION_FAILED, CARD_DECLINED, findCard } from './cards.ts';
import { fieldsUnder, type Form, listUnder, wholeField } from './form.ts';
import { newId } from '../provider/ids.ts';
import { declined, executed, missing, refused, rejected, type Reply } from './replies.ts';
import type { CardError, Charge, Intent, State } from './state.ts';
import { viewCharge, viewIntent } from './views.ts';

/** `account`: whose event it is, when it is a connected account's. */
export type Emit = (type: string, object: unknown, account?: string) => void;
export type PaymentOptions = {
  readonly state: State;
  readonly emit: Emit;
  readonly holdMs: number;
};
export type Payments = ReturnType<typeof createPayments>;

const MIN_AMOUNT = 50;
const MAX_AMOUNT = 99_999_999;
/** 1.4 % and 25 minor units, a usual European card. */
const feeOf = (amount: number): number => Math.round(amount * 0.014) + 25;

const CREATE_FIELDS: readonly string[] = [
  'amount',
  'currency',
  'capture_method',
  'confirm',
  'payment_method',
  'allowed_payment_method_types',
  'automatic_payment_methods',
  'use_stripe_sdk',
  'metadata',
  'expand',
  'description',
  'off_session',
  'return_url',
  'statement_descriptor_suffix',
  'confirmation_method',
];

function checkCreate(form: Form): Reply | undefined {
  for (const name of form.keys()) {
    const field = name.split('[')[0] ?? name;
    if (field === 'payment_method_types') {
      const code = 'payment_method_types_no_longer_supported';
      return rejected(400, { code, param: field, message: 'Use allowed_payment_method_types.' });
    }
    if (!CREATE_FIELDS.includes(field)) {
      const message = `Received unknown parameter: ${field}`;
      return rejected(400, { code: 'parameter_unknown', param: field, message });
    }
  }
  const amount = wholeField(form, 'amount');
  const value = 'invalid' in amount ? undefined : amount.value;
  if (value === undefined) {
    const message = 'Invalid integer: amount';
    return rejected(400, { code: 'parameter_invalid_integer', param: 'amount', message });
  }
  if (value < MIN_AMOUNT || value > MAX_AMOUNT) {
    const code = value < MIN_AMOUNT ? 'amount_too_small' : 'amount_too_large';
    return rejected(400, { code, param: 'amount', message: `Amount: ${code}` });
  }
  if (!/^[a-z]{3}$/.test(form.get('currency') ?? '')) {
    return rejected(400, { param: 'currency', message: 'Invalid currency' });
  }
  return checkMethod(form, form.get('confirm') === 'true');
}

function checkMethod(form: Form, required: boolean): Reply | undefined {
  const method = form.get('payment_method');
  if (method === undefined) {
    if (!required) return undefined;
    const message = 'You cannot confirm this PaymentIntent because it has no payment method.';
    return rejected(400, { code: 'payment_intent_unexpected_state', message });
  }
  return findCard(method) === undefined ? missing('payment_method', method) : undefined;
}

function readIntent(form: Form): Pick<Intent, 'amount' | 'currency' | 'captureMethod'> {
  return {
    amount: Number(form.get('amount')),
    currency: form.get('currency') ?? '',
    captureMethod: form.get('capture_method') === 'manual' ? 'manual' : 'automatic',
  };
}

function wrongState(intent: Intent, view: unknown, verb: string): Reply {
  return refused({
    code: 'payment_intent_unexpected_state',
    message: `This PaymentIntent could not be ${verb} because it has a status of ${intent.status}.`,
    payment_intent: view,
  });
}

/** Puts records and tells the world. */
function createBooks({ state, emit, holdMs }: PaymentOptions) {
  function save(intent: Intent, type?: string): Intent {
    state.put({ kind: 'intent', value: intent });
    if (type !== undefined) emit(`payment_intent.${type}`, viewIntent(state, intent));
    return intent;
  }

  function saveCharge(charge: Charge, intent: Intent, type?: string): Charge {
    state.put({ kind: 'charge', value: charge });
    if (type !== undefined) emit(`charge.${type}`, viewCharge({ charge, intent, expand: false }));
    return charge;
  }

  function openCharge(intent: Intent, error: CardError | null): Charge {
    const now = state.now();
    const manual = intent.captureMethod === 'manual';
    const done = error === null && !manual;
    const charge: Charge = {
      id: newId('ch'),
      intentId: intent.id,
      createdAt: now,
      amount: intent.amount,
      amountCaptured: done ? intent.amount : 0,
      amountRefunded: 0,
      captured: done,
      captureBefore: error === null && manual ? now + holdMs : null,
      feeMinor: done ? feeOf(intent.amount) : null,
      error,
    };
    return saveCharge(charge, intent);
  }

  function fail(intent: Intent, error: CardError): Intent {
    const chargeId = error.type === 'card_error' ? openCharge(intent, error).id : intent.chargeId;
    const status = 'requires_payment_method';
    return save({ ...intent, status, chargeId, lastError: error }, 'payment_failed');
  }

  function grant(intent: Intent): Intent {
    const charge = openCharge(intent, null);
    const next = { ...intent, chargeId: charge.id, lastError: null };
    return charge.captured
      ? save({ ...next, status: 'succeeded', amountReceived: intent.amount }, 'succeeded')
      : save({ ...next, status: 'requires_capture' }, 'amount_capturable_updated');
  }

  function end(intent: Intent, reason: string | null): Intent {
    const canceledAt = state.now();
    return save(
      { ...intent, status: 'canceled', cancellationReason: reason, canceledAt },
      'canceled',
    );
  }

  return { save, saveCharge, fail, grant, end };
}

type Books = ReturnType<typeof createBooks>;

function createExpiry({ state, holdMs }: PaymentOptions, books: Books) {
  let nextAt = 0;

  /** Ends every hold whose time has passed; nearly free while none is due. */
  return function expireHolds(): void {
    const now = state.now();
    if (now < nextAt) return;
    // Holds placed after this scan live for holdMs, so none of them is due before that.
    nextAt = now + holdMs;
    for (const intent of state.intents.values()) {
      const charge = state.charges.get(intent.chargeId ?? '');
      if (intent.status !== 'requires_capture' || charge === undefined) continue;
      const before = charge.captureBefore ?? Infinity;
      nextAt = Math.min(nextAt, Math.max(before, now + 1));
      if (before > now) continue;
      books.saveCharge(charge, intent, 'expired');
      books.end(intent, 'expired');
    }
  };
}

/** From nothing to a hold, a decline or a challenge. */
function createConfirmation(state: State, books: Books) {
  function answer(intent: Intent, form: Form): Reply {
    const failed = intent.status === 'requires_payment_method' ? intent.lastError : null;
    return failed === null
      ? executed(viewIntent(state, intent, listUnder(form, 'expand')))
      : declined(failed, viewIntent(state, intent));
  }

  function attempt(intent: Intent): Intent {
    const card = findCard(intent.paymentMethod ?? '');
    switch (card?.kind) {
      case 'decline':
        return books.fail(intent, card.error);
      case 'authenticate':
        return books.save({ ...intent, status: 'requires_action' }, 'requires_action');
      case 'approve':
      case 'refund_fails':
      case 'refund_waits':
      case undefined:
        return books.grant(intent);
    }
  }

  function create(form: Form): Reply {
    const invalid = checkCreate(form);
    if (invalid !== undefined) return invalid;
    const method = form.get('payment_method') ?? null;
    const intent = books.save(
      {
        id: newId('pi'),
        sequence: state.nextSequence(),
        createdAt: state.now(),
        ...readIntent(form),
        status: method === null ? 'requires_payment_method' : 'requires_confirmation',
        metadata: fieldsUnder(form, 'metadata'),
        paymentMethod: method,
        amountReceived: 0,
        chargeId: null,
        lastError: null,
        cancellationReason: null,
        canceledAt: null,
      },
      'created',
    );
    return answer(form.get('confirm') === 'true' ? attempt(intent) : intent, form);
  }

  function confirm(intent: Intent, form: Form): Reply {
    const method = form.get('payment_method') ?? intent.paymentMethod;
    const invalid = checkMethod(new Map(form).set('payment_method', method ?? ''), true);
    if (invalid !== undefined) return invalid;
    if (!['requires_payment_method', 'requires_confirmation'].includes(intent.status)) {
      return wrongState(intent, viewIntent(state, intent), 'confirmed');
    }
    return answer(attempt({ ...intent, paymentMethod: method }), form);
  }

  /** The payer did, or failed, 3-D Secure. undefined: this intent does not wait for it. */
  function authenticate(intent: Intent, outcome: 'succeed' | 'fail'): Intent | undefined {
    if (intent.status !== 'requires_action') return undefined;
    if (outcome === 'fail') return books.fail(intent, AUTHENTICATION_FAILED);
    const card = findCard(intent.paymentMethod ?? '');
    return card?.kind === 'authenticate' && card.afterwards === 'decline'
      ? books.fail(intent, CARD_DECLINED)
      : books.grant(intent);
  }

  return { create, confirm, authenticate };
}

/** From a hold to its end. */
function createSettlement(state: State, books: Books) {
  const show = (intent: Intent, form: Form) => viewIntent(state, intent, listUnder(form, 'expand'));

  function capture(intent: Intent, form: Form): Reply {
    const charge = state.charges.get(intent.chargeId ?? '');
    if (intent.status !== 'requires_capture' || charge === undefined) {
      return wrongState(intent, viewIntent(state, intent), 'captured');
    }
    const asked = wholeField(form, 'amount_to_capture');
    const amount = 'invalid' in asked ? 0 : (asked.value ?? intent.amount);
    if (amount < 1 || amount > intent.amount) {
      const code = amount < 1 ? 'parameter_invalid_integer' : 'amount_too_large';
      return refused({ code, param: 'amount_to_capture', message: 'Invalid amount_to_capture.' });
    }
    const taken = { amountCaptured: amount, captured: true, feeMinor: feeOf(amount) };
    books.saveCharge({ ...charge, ...taken }, intent, 'captured');
    const next = { ...intent, status: 'succeeded', amountReceived: amount } as const;
    return executed(show(books.save(next, 'succeeded'), form));
  }

  function cancel(intent: Intent, form: Form): Reply {
    if (intent.status === 'canceled' || intent.status === 'succeeded') {
      return wrongState(intent, viewIntent(state, intent), 'canceled');
    }
    return executed(show(books.end(intent, form.get('cancellation_reason') ?? null), form));
  }

  function expireNow(intent: Intent): void {
    const charge = state.charges.get(intent.chargeId ?? '');
    if (intent.status !== 'requires_capture' || charge === undefined) return;
    books.saveCharge({ ...charge, captureBefore: state.now() }, intent, 'expired');
    books.end(intent, 'expired');
  }

  return { capture, cancel, expireNow };
}

export function createPayments(options: PaymentOptions) {
  const books = createBooks(options);
  return {
    ...createConfirmation(options.state, books),
    ...createSettlement(options.state, books),
    expireHolds: createExpiry(options, books),
  };
}
