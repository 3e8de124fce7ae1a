// Card payments over Stripe's PaymentIntents: hold, capture once, release, refund.
// Invariant: an answer is definitive; everything else is thrown as an Outage and retried by the
// caller under the same key. Stripe replays what it stored under a key for 24 h, 500s included, so a
// replay is never believed: the object itself is asked. The client never retries by itself, except
// that it repeats a request once, same key, when the connection closes under it.
import type { Stripe } from 'stripe';
import type {
  AuthorizeAnswer,
  AuthorizeInput,
  CaptureAnswer,
  CaptureFailureCode,
  CaptureInput,
  CardGateway,
  PaymentTruth,
  ProviderPayment,
  RefundAnswer,
  RefundFailureCode,
  RefundInput,
  VoidAnswer,
  VoidInput,
} from './card-gateway.ts';
import { connectStripe, isReplay, forgottenBy, type StripeOptions } from './stripe-client.ts';
import { createDisputes } from './stripe-disputes.ts';
import { impossibleRequest, readFailure, type StripeFailure } from './stripe-failure.ts';
import { createStripeLookup, type StripeLookup } from './stripe-lookup.ts';
import {
  readAuthorized,
  readBooks,
  readCaptured,
  readDeclineCode,
  readTruth,
} from './stripe-truth.ts';
import { readStripeWebhook } from './stripe-webhook.ts';

export type { CardGateway } from './card-gateway.ts';

type Tools = {
  readonly stripe: Stripe;
  readonly lookup: StripeLookup;
  readonly mayBeForgotten: (firstSentAt: number | undefined) => boolean;
};

const NOT_EXECUTED = { status: 'not_executed' } as const;

/**
 * For a failure after which the object itself showed that nothing was executed. A refusal by a state
 * that the object is no longer in is a stored one, so only the key is spent.
 */
function notExecuted(failure: StripeFailure, step: string): typeof NOT_EXECUTED {
  if (failure.kind === 'broken' && !failure.replayed) throw failure.outage;
  if (failure.kind === 'refused' && failure.code !== 'payment_intent_unexpected_state') {
    throw impossibleRequest(step, failure.code);
  }
  return NOT_EXECUTED;
}

function createAuthorize({ stripe, lookup, mayBeForgotten }: Tools): CardGateway['authorize'] {
  async function settle(intent: Stripe.PaymentIntent): Promise<AuthorizeAnswer> {
    if (intent.status === 'succeeded') return readAuthorized(intent);
    const truth = readTruth(intent);
    switch (truth.status) {
      case 'authorized':
      case 'requires_action':
      case 'declined':
        return truth;
      case 'unconfirmed':
        // Created, never confirmed: holds no money, but must not be confirmable later either.
        await lookup.discard(intent.id);
        return NOT_EXECUTED;
      case 'voided':
        // A declined payment is discarded by the caller; asked again, it is still declined.
        return truth.declineCode === undefined
          ? NOT_EXECUTED
          : { status: 'declined', providerRef: truth.providerRef, code: truth.declineCode };
      case 'captured':
      case 'unknown':
        return NOT_EXECUTED;
    }
  }

  async function send(input: AuthorizeInput): Promise<AuthorizeAnswer> {
    const { orderId, key, attempt, step = 'authorize' } = input;
    const intent = await stripe.paymentIntents.create(
      {
        amount: input.amountMinor,
        currency: input.currency.toLowerCase(),
        capture_method: 'manual',
        confirm: true,
        payment_method: input.paymentMethod,
        allowed_payment_method_types: ['card'],
        // 3-D Secure is then done inside the customer's app with the client secret: no redirect.
        use_stripe_sdk: true,
        metadata: { order_id: orderId, step, attempt },
        expand: ['latest_charge'],
      },
      { idempotencyKey: key },
    );
    return settle(isReplay(intent) ? await lookup.intent(intent.id) : intent);
  }

  async function recover(input: AuthorizeInput, failure: StripeFailure): Promise<AuthorizeAnswer> {
    if (failure.kind === 'outage') throw failure.outage;
    if (failure.kind === 'declined') {
      const { providerRef, reason } = failure;
      return { status: 'declined', providerRef, code: readDeclineCode(reason) };
    }
    if (failure.kind === 'refused') {
      if (!failure.final) throw impossibleRequest('authorize', failure.code);
      const { providerRef, code } = failure;
      return { status: 'declined', providerRef, code: readDeclineCode(code) };
    }
    // The first plain 5xx is left to the retry, which gets the stored answer and comes back here.
    const first = failure.kind === 'broken' && !failure.replayed && input.firstSentAt === undefined;
    if (first) throw failure.outage;
    const found = await lookup.find(input);
    return found === undefined ? notExecuted(failure, 'authorize') : settle(found);
  }

  return async function authorize(input) {
    if (mayBeForgotten(input.firstSentAt)) {
      const found = await lookup.find(input);
      if (found !== undefined) return settle(found);
    }
    return send(input).catch((error: unknown) => recover(input, readFailure(error)));
  };
}

const CAPTURE_FAILURES: Readonly<Record<string, CaptureFailureCode>> = {
  amount_too_large: 'amount_too_large',
  amount_too_small: 'amount_too_small',
  charge_expired_for_capture: 'hold_expired',
  capture_charge_authorization_expired: 'hold_expired',
};

/** undefined: the hold stands, so nothing was captured yet. */
function readCapture(truth: PaymentTruth, amountMinor: number): CaptureAnswer | undefined {
  switch (truth.status) {
    case 'authorized':
      return undefined;
    case 'captured':
      return truth.amountMinor === amountMinor
        ? truth
        : { status: 'failed', code: 'already_captured', capturedMinor: truth.amountMinor };
    case 'voided':
      return {
        status: 'failed',
        code: truth.reason === 'hold_expired' ? 'hold_expired' : 'already_voided',
      };
    case 'unknown':
      return { status: 'failed', code: 'unknown_payment' };
    case 'declined':
    case 'requires_action':
    case 'unconfirmed':
      return { status: 'failed', code: 'not_authorized' };
  }
}

function createCapture({ stripe, lookup, mayBeForgotten }: Tools): CardGateway['capture'] {
  async function recover(input: CaptureInput, failure: StripeFailure): Promise<CaptureAnswer> {
    if (failure.kind === 'outage') throw failure.outage;
    const settled = readCapture(await lookup.truth(input.providerRef), input.amountMinor);
    if (settled !== undefined) return settled;
    if (failure.kind === 'declined') return { status: 'failed', code: 'capture_declined' };
    const code = failure.kind === 'refused' ? CAPTURE_FAILURES[failure.code] : undefined;
    return code === undefined ? notExecuted(failure, 'capture') : { status: 'failed', code };
  }

  return async function capture(input) {
    if (mayBeForgotten(input.firstSentAt)) {
      const settled = readCapture(await lookup.truth(input.providerRef), input.amountMinor);
      if (settled !== undefined) return settled;
    }
    return stripe.paymentIntents
      .capture(
        input.providerRef,
        { amount_to_capture: input.amountMinor, expand: ['latest_charge'] },
        { idempotencyKey: input.key },
      )
      .then(readCaptured, (error: unknown) => recover(input, readFailure(error)));
  };
}

function createVoid({ stripe, lookup }: Tools): CardGateway['void'] {
  async function recover(providerRef: string, failure: StripeFailure): Promise<VoidAnswer> {
    if (failure.kind === 'outage') throw failure.outage;
    const truth = await lookup.truth(providerRef);
    if (truth.status === 'voided') return { status: 'voided' };
    if (truth.status === 'unknown') return { status: 'nothing_to_void' };
    return truth.status === 'captured' ? truth : notExecuted(failure, 'void');
  }

  return async function cancel(input: VoidInput) {
    const providerRef = input.providerRef ?? (await lookup.findOrBurn(input));
    if (providerRef === undefined) return { status: 'nothing_to_void' };
    return stripe.paymentIntents.cancel(providerRef, {}, { idempotencyKey: input.key }).then(
      () => ({ status: 'voided' }) as const,
      (error: unknown) => recover(providerRef, readFailure(error)),
    );
  };
}

const REFUND_FAILURES: Readonly<Record<string, RefundFailureCode>> = {
  charge_already_refunded: 'already_refunded',
  charge_disputed: 'disputed',
  amount_too_large: 'amount_too_large',
  resource_missing: 'unknown_payment',
  payment_intent_unexpected_state: 'not_captured',
};

function readRefund(refund: Stripe.Refund): RefundAnswer {
  const { id: refundRef, amount: amountMinor, status } = refund;
  const currency = refund.currency.toUpperCase();
  if (status === 'succeeded') return { status: 'refunded', refundRef, amountMinor, currency };
  if (status === 'failed' || status === 'canceled') {
    return { status: 'failed', code: 'refund_declined' };
  }
  return { status: 'refund_pending', refundRef, amountMinor, currency };
}

function createRefund({ stripe, lookup, mayBeForgotten }: Tools): CardGateway['refund'] {
  async function recover(input: RefundInput, failure: StripeFailure): Promise<RefundAnswer> {
    if (failure.kind === 'outage') throw failure.outage;
    if (failure.kind === 'declined') return { status: 'failed', code: 'refund_declined' };
    if (failure.kind === 'refused') {
      // "Greater than the unrefunded amount" comes without a code, only with the parameter's name.
      const code = REFUND_FAILURES[failure.code];
      const named = failure.parameter === 'amount' ? 'amount_too_large' : 'refund_declined';
      return { status: 'failed', code: code ?? named };
    }
    const found = await lookup.refund(input);
    return found === undefined ? notExecuted(failure, 'refund') : readRefund(found);
  }

  async function send(input: RefundInput): Promise<RefundAnswer> {
    const { providerRef, amountMinor, orderId, key } = input;
    const refund = await stripe.refunds.create(
      { payment_intent: providerRef, amount: amountMinor, metadata: { order_id: orderId, key } },
      { idempotencyKey: key },
    );
    return readRefund(isReplay(refund) ? ((await lookup.refund(input)) ?? refund) : refund);
  }

  return async function refund(input) {
    if (mayBeForgotten(input.firstSentAt)) {
      const found = await lookup.refund(input);
      if (found !== undefined) return readRefund(found);
    }
    return send(input).catch((error: unknown) => recover(input, readFailure(error)));
  };
}

export type StripeGatewayOptions = StripeOptions & { readonly webhookSecret: string };

/** Stateless and safe to share; one per process keeps the connections alive. */
export function createStripeGateway(options: StripeGatewayOptions): CardGateway {
  const { now = Date.now, webhookSecret } = options;
  const stripe = connectStripe(options);
  const lookup = createStripeLookup({ stripe, now });
  const tools: Tools = {
    stripe,
    lookup,
    mayBeForgotten: forgottenBy(now),
  };

  async function* list(input: { readonly createdAfter: number }): AsyncIterable<ProviderPayment> {
    const seen = new Set<string>();
    for await (const intent of lookup.since(input.createdAfter)) {
      seen.add(intent.id);
      yield readBooks(intent);
    }
    for await (const id of lookup.refundedSince(input.createdAfter)) {
      if (seen.has(id)) continue;
      seen.add(id);
      yield readBooks(await lookup.intent(id));
    }
  }

  return {
    authorize: createAuthorize(tools),
    capture: createCapture(tools),
    void: createVoid(tools),
    refund: createRefund(tools),
    findRefund: (input) => lookup.refund(input).then((found) => found && readRefund(found)),
    ...createDisputes(stripe),
    retrieve: ({ providerRef }) => lookup.truth(providerRef),
    read: ({ providerRef }) => lookup.known(providerRef).then((found) => found && readBooks(found)),
    list,
    readWebhook: (input) => readStripeWebhook({ ...input, secret: webhookSecret }),
  };
}
