// PayPal over Orders v2 and Payments v2 (developer.paypal.com/docs/api/orders/v2, /payments/v2): an order is approved by
// the payer, then authorized by us, captured once, voided or refunded. Requests carry PayPal-Request-Id; PayPal keeps it
// for hours (orders) to weeks (payments), and answers a repeated one with what it made before. An authorization is
// honoured for three days. Plain HTTP: the vendor's package cannot be pointed at another server (docs/decisions/0021).
import { decimalOf, sumMinor } from '../domain/money.ts';
import type {
  AuthorizeAnswer,
  Captured,
  CaptureAnswer,
  CaptureFailureCode,
  PaymentTruth,
  RefundAnswer,
  RefundFailureCode,
  VoidAnswer,
  WebhookFact,
} from './card-gateway.ts';
import type { ProviderFee } from '../domain/provider-books.ts';
import type { JsonAnswer } from './http-json.ts';
import { outage } from './outage.ts';
import type { Incoming, PaymentPort, Seen } from './payment-port.ts';
import {
  createPaypalApi,
  inner,
  list,
  minorIn,
  text,
  type Body,
  type PaypalApi,
  type PaypalAccount,
} from './paypal-api.ts';
import { createPaypalDisputeList, createPaypalDisputes } from './paypal-disputes.ts';
import { verifyPaypalWebhook } from './paypal-webhook.ts';

export type PaypalOptions = PaypalAccount & {
  readonly webhookId: string;
  /** Where the payer's browser comes back to. */
  readonly returnUrl: string;
};

/** Within this PayPal makes sure that the money is there; after it a capture may fail. */
const HONOUR_MS = 3 * 24 * 3_600_000;

const paymentsOf = (order: Body): Body => inner(list(order['purchase_units'])[0]?.['payments']);
const issueOf = ({ body }: JsonAnswer): string => text(list(body['details'])[0]?.['issue']);

const orderPath = (id: string, verb = ''): string =>
  `/v2/checkout/orders/${encodeURIComponent(id)}${verb}`;

const capturesOf = (order: Body): readonly Body[] => list(paymentsOf(order)['captures']);

/** Of a capture that was there and is kept back or gone by now: its dispute or refund says so. */
const wasTaken: ReadonlySet<string> = new Set(['BUYER_COMPLAINT', 'CHARGEBACK', 'REFUNDED']);

/** Undefined while PayPal itself has not decided (an eCheck, a review), or says what we do not know. */
function isTaken(capture: Body): boolean | undefined {
  if (wasTaken.has(text(inner(capture['status_details'])['reason']))) return true;
  switch (text(capture['status'])) {
    case 'COMPLETED':
    case 'PARTIALLY_REFUNDED':
    case 'REFUNDED':
      return true;
    case 'DECLINED':
    case 'FAILED':
      return false;
    default:
      return undefined;
  }
}

const takenOf = (order: Body): Body | undefined => capturesOf(order).find(isTaken);
const currencyOf = (object: Body): string => text(inner(object['amount'])['currency_code']);
const captured = (providerRef: string, capture: Body): Captured => ({
  status: 'captured',
  providerRef,
  amountMinor: minorIn(capture),
  currency: currencyOf(capture),
});
const notSettled = () => outage({ system: 'paypal', code: 'not_settled' });

/** An authorization without money of an order as our words. */
function truthOf(orderId: string, authorization: Body): Read {
  const providerRef = orderId;
  const amountMinor = minorIn(authorization);
  switch (text(authorization['status'])) {
    case 'CREATED': {
      const captureBefore = Date.parse(text(authorization['create_time'])) + HONOUR_MS;
      const currency = currencyOf(authorization);
      return { status: 'authorized', providerRef, amountMinor, currency, captureBefore };
    }
    case 'VOIDED':
      return { status: 'voided', providerRef, reason: 'cancelled' };
    case 'EXPIRED':
      return { status: 'voided', providerRef, reason: 'hold_expired' };
    case 'DENIED':
    // Its capture has failed for good.
    case 'CAPTURED':
    case 'PARTIALLY_CAPTURED':
      return { status: 'declined', providerRef, code: 'card_declined' };
    default:
      throw notSettled();
  }
}

type Read = Exclude<PaymentTruth, { readonly status: 'unconfirmed' | 'unknown' }>;

function readOrder(order: Body): Read {
  const id = text(order['id']);
  const [authorization] = list(paymentsOf(order)['authorizations']);
  const captures = capturesOf(order);
  const capture = takenOf(order);
  if (capture) return captured(id, capture);
  if (captures.some((each) => isTaken(each) === undefined)) throw notSettled();
  if (authorization) return truthOf(id, authorization);
  if (text(order['status']) === 'VOIDED')
    return { status: 'voided', providerRef: id, reason: 'cancelled' };
  const approve = list(order['links']).find(({ rel }) => rel === 'payer-action');
  return { status: 'requires_action', providerRef: id, clientSecret: text(approve?.['href']) };
}

/** Those that are with the payer, or on their way. */
const refundsOf = (order: Body): readonly Body[] =>
  list(paymentsOf(order)['refunds']).filter(
    ({ status }) => status === 'COMPLETED' || status === 'PENDING',
  );

const givenBack = (order: Body): number =>
  sumMinor(refundsOf(order).map((refund) => minorIn(refund)));

/** What PayPal has kept of the capture, less what it gave back of that with refunds. */
function feeOf(order: Body): ProviderFee | undefined {
  const { seller_receivable_breakdown: breakdown } = takenOf(order) ?? {};
  if (!('paypal_fee' in inner(breakdown))) return undefined;
  const back = refundsOf(order)
    .map(({ seller_payable_breakdown: payable }) => inner(payable))
    .filter((payable) => 'paypal_fee' in payable)
    .map((payable) => minorIn(payable, 'paypal_fee'));
  return {
    amountMinor: minorIn(inner(breakdown), 'paypal_fee') - sumMinor(back),
    currency: text(inner(inner(breakdown)['paypal_fee'])['currency_code']),
  };
}

const isApproved = (order: Body): boolean => text(order['status']) === 'APPROVED';

function createTruth(api: PaypalApi) {
  async function order(id: string): Promise<Body | undefined> {
    const { status, body } = await api.get(orderPath(id));
    return status === 200 ? body : undefined;
  }

  /** What the payer has approved is held now, under a key that follows from the order alone, so once. */
  async function held(id: string): Promise<Body | undefined> {
    const found = await order(id);
    if (found === undefined || !isApproved(found)) return found;
    const answer = await api.post(orderPath(id, '/authorize'), {}, `${id}:authorize`);
    return answer.status < 300 ? answer.body : order(id);
  }

  async function retrieve(id: string): Promise<PaymentTruth> {
    const found = await held(id);
    if (found === undefined) return { status: 'unknown' };
    return isApproved(found)
      ? { status: 'declined', providerRef: id, code: 'card_declined' }
      : readOrder(found);
  }

  async function look(id: string): Promise<Seen> {
    const found = await order(id);
    if (found === undefined) return { status: 'unknown' };
    return isApproved(found)
      ? { status: 'unconfirmed', providerRef: id }
      : { ...readOrder(found), refundedMinor: givenBack(found), fee: feeOf(found) };
  }

  return { order, held, retrieve, look };
}

type Tools = { readonly api: PaypalApi; readonly truth: ReturnType<typeof createTruth> };

function createAuthorize({ api, truth }: Tools, returnUrl: string): PaymentPort['authorize'] {
  return async function authorize(input): Promise<AuthorizeAnswer | Captured> {
    const { orderId, key, amountMinor } = input;
    const currency = input.currency.toUpperCase();
    const urls = { return_url: returnUrl, cancel_url: returnUrl };
    const unit = {
      reference_id: orderId,
      custom_id: key,
      amount: { currency_code: currency, value: decimalOf(amountMinor, currency) },
    };
    const request = {
      intent: 'AUTHORIZE',
      purchase_units: [unit],
      payment_source: { paypal: { experience_context: urls } },
    };
    const answer = await api.post('/v2/checkout/orders', request, key);
    if (answer.status >= 400)
      return {
        status: 'declined',
        code: issueOf(answer).includes('DECIMAL') ? 'currency_not_supported' : 'card_declined',
      };
    // A repeated request is answered with what was made; what became of it is asked.
    const made = await truth.order(text(answer.body['id']));
    const now = made && readOrder(made);
    return now === undefined || now.status === 'voided' ? { status: 'not_executed' } : now;
  };
}

const captureFailures: Readonly<Record<string, CaptureFailureCode>> = {
  AUTHORIZATION_VOIDED: 'already_voided',
  AUTHORIZATION_EXPIRED: 'hold_expired',
  AUTHORIZATION_ALREADY_CAPTURED: 'already_captured',
  MAX_CAPTURE_AMOUNT_EXCEEDED: 'amount_too_large',
};

function createCapture({ api, truth }: Tools): PaymentPort['capture'] {
  return async function capture({ providerRef, key, amountMinor }): Promise<CaptureAnswer> {
    const order = await truth.order(providerRef);
    const known = order && readOrder(order);
    if (order === undefined || known === undefined)
      return { status: 'failed', code: 'unknown_payment' };
    if (known.status === 'captured')
      return known.amountMinor === amountMinor
        ? known
        : { status: 'failed', code: 'already_captured', capturedMinor: known.amountMinor };
    if (known.status === 'voided')
      return {
        status: 'failed',
        code: known.reason === 'hold_expired' ? 'hold_expired' : 'already_voided',
      };
    if (known.status === 'declined') return { status: 'failed', code: 'capture_declined' };
    if (known.status !== 'authorized') return { status: 'failed', code: 'not_authorized' };
    const [authorization] = list(paymentsOf(order)['authorizations']);
    const currency = currencyOf(authorization ?? {});
    const path = `/v2/payments/authorizations/${text(authorization?.['id'])}/capture`;
    const amount = { currency_code: currency, value: decimalOf(amountMinor, currency) };
    const answer = await api.post(path, { amount, final_capture: true }, key);
    if (answer.status >= 300)
      return { status: 'failed', code: captureFailures[issueOf(answer)] ?? 'capture_declined' };
    const taken = isTaken(answer.body);
    if (taken === undefined) throw notSettled();
    return taken
      ? captured(providerRef, answer.body)
      : { status: 'failed', code: 'capture_declined' };
  };
}

function createVoid({ api, truth }: Tools): PaymentPort['void'] {
  return async function cancel(input): Promise<VoidAnswer> {
    // Never answered: nothing is held before the payer approves and we authorize, which needs its name.
    if (input.providerRef === undefined) return { status: 'nothing_to_void' };
    // An approval cannot be withdrawn: whoever turns it into a hold later is answered with this one, let go.
    const order = await truth.held(input.providerRef);
    if (order === undefined) return { status: 'nothing_to_void' };
    const known = readOrder(order);
    if (known.status === 'captured') return known;
    const [authorization] = list(paymentsOf(order)['authorizations']);
    // An order that nobody authorizes lapses by itself and holds nothing.
    if (known.status !== 'authorized' || authorization === undefined) return { status: 'voided' };
    const path = `/v2/payments/authorizations/${text(authorization['id'])}/void`;
    const answer = await api.post(path, {}, input.key);
    if (answer.status < 300) return { status: 'voided' };
    const after = await truth.look(input.providerRef);
    if (after.status === 'captured') return after;
    if (after.status === 'voided') return { status: 'voided' };
    throw notSettled();
  };
}

const refundFailures: Readonly<Record<string, RefundFailureCode>> = {
  REFUND_AMOUNT_EXCEEDED: 'amount_too_large',
  CAPTURE_FULLY_REFUNDED: 'already_refunded',
  CAPTURE_DISPUTED_PARTIAL_REFUND_NOT_ALLOWED: 'disputed',
};

function refundAnswer(refund: Body): RefundAnswer {
  const given = {
    refundRef: text(refund['id']),
    amountMinor: minorIn(refund),
    currency: currencyOf(refund),
  };
  switch (text(refund['status'])) {
    case 'COMPLETED':
      return { status: 'refunded', ...given };
    case 'PENDING':
      return { status: 'refund_pending', ...given };
    default:
      return { status: 'failed', code: 'refund_declined' };
  }
}

const refundUnder = (order: Body, key: string): Body | undefined =>
  list(paymentsOf(order)['refunds']).find((each) => each['custom_id'] === key);

function createRefund({ api, truth }: Tools): PaymentPort['refund'] {
  return async function refund({ providerRef, key, amountMinor }): Promise<RefundAnswer> {
    const order = await truth.order(providerRef);
    if (order === undefined) return { status: 'failed', code: 'unknown_payment' };
    // Found by the key that it carries, so that a forgotten request id makes no second one.
    const known = refundUnder(order, key);
    if (known) return refundAnswer(known);
    const capture = takenOf(order);
    if (capture === undefined) return { status: 'failed', code: 'not_captured' };
    const currency = currencyOf(capture);
    const amount = { currency_code: currency, value: decimalOf(amountMinor, currency) };
    const path = `/v2/payments/captures/${text(capture['id'])}/refund`;
    const answer = await api.post(path, { amount, custom_id: key }, key);
    return answer.status < 300
      ? refundAnswer(answer.body)
      : { status: 'failed', code: refundFailures[issueOf(answer)] ?? 'refund_declined' };
  };
}

export function createPaypalPort(options: PaypalOptions): PaymentPort {
  const api = createPaypalApi(options);
  const tools: Tools = { api, truth: createTruth(api) };
  return {
    provider: 'paypal',
    authorize: createAuthorize(tools, options.returnUrl),
    capture: createCapture(tools),
    void: createVoid(tools),
    refund: createRefund(tools),
    async findRefund({ providerRef, key }) {
      const order = await tools.truth.order(providerRef);
      // Of a payment that it does not show, its books say nothing.
      if (order === undefined) throw notSettled();
      const known = refundUnder(order, key);
      return known && refundAnswer(known);
    },
    retrieve: ({ providerRef }) => tools.truth.retrieve(providerRef),
    look: ({ providerRef }) => tools.truth.look(providerRef),
    disputes: createPaypalDisputes(api, async (orderId) => {
      const order = await tools.truth.order(orderId);
      const capture = order && takenOf(order);
      return capture && text(capture['id']);
    }),
    listDisputes: createPaypalDisputeList(api),
    readWebhook: (incoming: Incoming): Promise<WebhookFact> =>
      verifyPaypalWebhook(api, { incoming, webhookId: options.webhookId }),
  };
}
