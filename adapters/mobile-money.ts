/**
 * Mobile money: the customer is asked on the phone, confirms, and the money is taken at once. There is no hold: what is
 * not to be kept is paid back. Invariant: a request is sent at most once per key, because most of these providers know
 * no idempotency keys: a durable claim comes before it, and a claimed key is only looked up. `void` of a request that the
 * customer may still confirm is an Outage (`not_settled`) until the provider has closed it. Speaks through a small API
 * per provider (campay.ts, noupay.ts).
 */
import type {
  AuthorizeAnswer,
  Captured,
  CaptureFailureCode,
  DeclineCode,
  PaymentTruth,
  RefundAnswer,
  VoidAnswer,
  WebhookFact,
} from './card-gateway.ts';
import { sumMinor } from '../domain/money.ts';
import { payoutNameOfKey } from '../domain/payout.ts';
import type { JsonAnswer } from './http-json.ts';
import { inCurrency } from './in-currency.ts';
import { outage } from './outage.ts';
import type { Incoming, PaymentPort } from './payment-port.ts';
import type { PayoutPort } from './payout-port.ts';

export type MobileMoneyTransaction = {
  readonly ref: string;
  /** Our key. */
  readonly reference: string;
  readonly status: 'pending' | 'successful' | 'failed';
  readonly amountMinor: number;
  readonly currency: string;
  /** The payer's number: never logged, never put in a history. */
  readonly payer: string;
  /** What the payer dials to confirm, where there is such a code. */
  readonly dial: string;
  readonly declineCode: DeclineCode | undefined;
};

type Request = {
  readonly reference: string;
  readonly amountMinor: number;
  readonly currency: string;
  readonly phone: string;
};

/** A refusal of a request as such: nothing was made. */
export type Refused = { readonly refused: DeclineCode };

/** Whether our key stands for money that goes out: back to the customer, or to who has earned it; then it is no payment. */
const isPayOut = (reference: string): boolean =>
  ['refund', 'payout'].includes(reference.split(':')[1] ?? '');

/**
 * What a notification about a transaction of this key says changed, and of whom. News of what goes out are called as all
 * providers' are, and name it as we do: a refund, a withdrawal or a payout.
 */
export function newsOf(
  reference: string,
  { type, providerRef }: { readonly type: string; readonly providerRef: string },
) {
  if (!isPayOut(reference)) return { kind: 'payment_changed', type, providerRef } as const;
  const status = type.slice(type.indexOf('.') + 1);
  const payout = payoutNameOfKey(reference);
  return payout === undefined
    ? ({
        kind: 'refund_changed',
        type: `refund.${status}`,
        providerRef: reference.split(':')[2] ?? '',
      } as const)
    : ({ kind: 'payout_changed', type: `payout.${status}`, providerRef: payout } as const);
}

type Row = Readonly<Record<string, unknown>>;

/** Ours in the list that a look-up by our reference answered. Throws for an answer that says nothing about it: an error, no list, a list of others. */
export function rowIn(
  system: MobileMoneyOptions['provider'],
  { status, body }: JsonAnswer,
  isOurs: (row: Row) => boolean,
): Row | undefined {
  const rows = status === 200 && Array.isArray(body['data']) ? (body['data'] as Row[]) : undefined;
  const row = rows?.find(isOurs);
  if (row === undefined && rows?.length !== 0) throw outage({ system, code: 'server_error' });
  return row;
}

export type MobileMoneyApi = {
  readonly collect: (request: Request) => Promise<MobileMoneyTransaction | Refused>;
  readonly payOut: (request: Request) => Promise<MobileMoneyTransaction | Refused>;
  readonly read: (ref: string) => Promise<MobileMoneyTransaction | undefined>;
  readonly find: (reference: string) => Promise<MobileMoneyTransaction | undefined>;
  readonly readWebhook: (incoming: Incoming) => WebhookFact;
};

export type MobileMoneyOptions = {
  readonly provider: 'campay' | 'noupay';
  readonly api: MobileMoneyApi;
  /** The number behind a payment method's reference; undefined when there is none (any more). */
  readonly phoneOf: (paymentMethod: string) => Promise<string | undefined>;
  /**
   * `first`: this key was never claimed before, and is now, durably. `ageMs`: how long ago it was, by the clock that the
   * claims are kept by: a worker's own may be minutes ahead.
   */
  readonly claim: (
    key: string,
    kind: 'sent' | 'burnt',
  ) => Promise<{ readonly state: 'first' | 'sent' | 'burnt'; readonly ageMs: number }>;
};

/** A request that is not to be found so long after its key was claimed for it has never arrived. */
const settledAfterMs = 5 * 60_000;
/** Until then it is looked for so often, and not ever more seldom. */
const betweenLooksMs = 60_000;

function createOnce({ provider, api, claim }: MobileMoneyOptions) {
  /** Throws while it cannot be known; undefined: nothing was executed, and never will be. */
  async function found(key: string, ageMs: number): Promise<MobileMoneyTransaction | undefined> {
    const known = await api.find(key);
    if (known !== undefined || ageMs > settledAfterMs) return known;
    const retryAfterMs = Math.min(betweenLooksMs, settledAfterMs - ageMs + 1_000);
    throw outage({ system: provider, code: 'not_settled', retryAfterMs });
  }

  async function made(
    key: string,
    send: () => Promise<MobileMoneyTransaction | Refused>,
  ): Promise<MobileMoneyTransaction | Refused | undefined> {
    const { state, ageMs } = await claim(key, 'sent');
    switch (state) {
      case 'first':
        return send();
      case 'sent':
        return found(key, ageMs);
      case 'burnt':
        return undefined;
    }
  }

  async function once(
    { reference, currency }: Request,
    send: () => Promise<MobileMoneyTransaction | Refused>,
  ): Promise<MobileMoneyTransaction | Refused | undefined> {
    const outcome = await made(reference, send);
    return outcome && inCurrency(outcome, { system: provider, currency });
  }

  /** The transaction that an unanswered request left; undefined: none, and the key is burnt. */
  async function findOrBurn(key: string): Promise<MobileMoneyTransaction | undefined> {
    const { state, ageMs } = await claim(key, 'burnt');
    return state === 'sent' ? found(key, ageMs) : undefined;
  }

  return { once, findOrBurn };
}

function truthOf(transaction: MobileMoneyTransaction): AuthorizeAnswer | Captured {
  const { ref: providerRef, status, amountMinor, currency, dial, declineCode } = transaction;
  switch (status) {
    case 'pending':
      return { status: 'requires_action', providerRef, clientSecret: dial };
    case 'successful':
      return { status: 'captured', providerRef, amountMinor, currency };
    case 'failed':
      return { status: 'declined', providerRef, code: declineCode ?? 'card_declined' };
  }
}

export function createMobileMoney(options: MobileMoneyOptions): PaymentPort {
  const { provider, api, phoneOf } = options;
  const { once, findOrBurn } = createOnce(options);
  const retrieve = async (providerRef: string): Promise<PaymentTruth> => {
    const transaction = await api.read(providerRef);
    if (transaction === undefined || isPayOut(transaction.reference)) return { status: 'unknown' };
    const truth = truthOf(transaction);
    return truth.status === 'not_executed' ? { status: 'unknown' } : truth;
  };
  return {
    provider,
    retrieve: ({ providerRef }) => retrieve(providerRef),
    async look({ providerRef, refundRefs }) {
      const truth = await retrieve(providerRef);
      return truth.status === 'captured' && refundRefs
        ? { ...truth, refundedMinor: await givenBack(api, refundRefs) }
        : truth;
    },
    // Who has confirmed on the phone has paid for good.
    disputes: async () => [],
    readWebhook: async (incoming) => api.readWebhook(incoming),
    async authorize({ key, amountMinor, currency, paymentMethod }) {
      const phone = await phoneOf(paymentMethod);
      if (phone === undefined) return { status: 'declined', code: 'payment_method_invalid' };
      // E.164 without its plus sign, as operators write numbers.
      const request = {
        reference: key,
        amountMinor,
        currency: currency.toUpperCase(),
        phone: phone.replace(/^\+/, ''),
      };
      const outcome = await once(request, () => api.collect(request));
      if (outcome === undefined) return { status: 'not_executed' };
      return 'refused' in outcome
        ? { status: 'declined', code: outcome.refused }
        : truthOf(outcome);
    },
    async capture({ providerRef, amountMinor }) {
      const truth = await retrieve(providerRef);
      if (truth.status !== 'captured')
        return { status: 'failed', code: captureFailures[truth.status] };
      return truth.amountMinor === amountMinor
        ? truth
        : { status: 'failed', code: 'already_captured', capturedMinor: truth.amountMinor };
    },
    async void({ orderId, step = 'authorize', attempt, providerRef }): Promise<VoidAnswer> {
      const key = `${orderId}:${step}:${attempt}`;
      const ref = providerRef ?? (await findOrBurn(key))?.ref;
      if (ref === undefined) return { status: 'nothing_to_void' };
      const truth = await retrieve(ref);
      if (truth.status === 'requires_action')
        throw outage({ system: provider, code: 'not_settled' });
      return truth.status === 'captured' ? truth : { status: 'voided' };
    },
    async refund({ key, providerRef, amountMinor }): Promise<RefundAnswer> {
      const taken = await api.read(providerRef);
      if (taken === undefined) return { status: 'failed', code: 'unknown_payment' };
      if (taken.status !== 'successful') return { status: 'failed', code: 'not_captured' };
      if (amountMinor > taken.amountMinor) return { status: 'failed', code: 'amount_too_large' };
      const { currency, payer: phone } = taken;
      const request = { reference: key, amountMinor, currency, phone };
      const outcome = await once(request, () => api.payOut(request));
      return outcome === undefined ? { status: 'not_executed' } : refundOf(outcome);
    },
    findRefund: ({ key }) => findOrBurn(key).then((known) => known && refundOf(known)),
  };
}

/** Of these refunds: what is with the payer, or on its way. */
async function givenBack(api: MobileMoneyApi, refundRefs: readonly string[]): Promise<number> {
  const refunds = await Promise.all(refundRefs.map((ref) => api.read(ref)));
  return sumMinor(
    refunds.flatMap((refund) =>
      refund === undefined || refund.status === 'failed' ? [] : [refund.amountMinor],
    ),
  );
}

const captureFailures: Readonly<
  Record<Exclude<PaymentTruth['status'], 'captured'>, CaptureFailureCode>
> = {
  requires_action: 'not_authorized',
  authorized: 'not_authorized',
  unconfirmed: 'not_authorized',
  declined: 'not_authorized',
  voided: 'already_voided',
  unknown: 'unknown_payment',
};

function refundOf(outcome: MobileMoneyTransaction | Refused): RefundAnswer {
  if ('refused' in outcome || outcome.status === 'failed')
    return { status: 'failed', code: 'refund_declined' };
  const { ref: refundRef, amountMinor, currency } = outcome;
  const status = outcome.status === 'successful' ? 'refunded' : 'refund_pending';
  return { status, refundRef, amountMinor, currency };
}

/** Merchants and drivers are paid like refunds: sent at most once per key. `destination` is a payment method's token. */
export function createMobileMoneyPayouts(options: MobileMoneyOptions): PayoutPort {
  const { provider, api, phoneOf } = options;
  const { once } = createOnce(options);
  return {
    rail: provider,
    async pay({ key, amountMinor, currency, destination }) {
      const phone = await phoneOf(destination);
      if (phone === undefined) return { status: 'failed', code: 'account_unknown' };
      const request = {
        reference: key,
        amountMinor,
        currency: currency.toUpperCase(),
        phone: phone.replace(/^\+/, ''),
      };
      const outcome = await once(request, () => api.payOut(request));
      if (outcome === undefined) return { status: 'not_executed' };
      if ('refused' in outcome) return { status: 'failed', code: 'account_refused' };
      if (outcome.status === 'failed') return { status: 'failed', code: 'bank_refused' };
      const status = outcome.status === 'successful' ? 'paid' : 'in_transit';
      return { status, payoutRef: outcome.ref };
    },
  };
}
