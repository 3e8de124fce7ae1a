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
import { outage } from './outage.ts';
import type { Incoming, PaymentPort } from './payment-port.ts';

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

/** Whether our key stands for money that goes back to the customer; then it is no payment. */
export const isPayOut = (reference: string): boolean => reference.split(':')[1] === 'refund';

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
  /** `first`: this key was never claimed before, and is now, durably. */
  readonly claim: (key: string, kind: 'sent' | 'burnt') => Promise<'first' | 'sent' | 'burnt'>;
  readonly now?: (() => number) | undefined;
};

/** A request that is not to be found so long after it was sent has never arrived. */
const settledAfterMs = 5 * 60_000;

type Sending = { readonly key: string; readonly firstSentAt: number | undefined };

function createOnce({ provider, api, claim, now = Date.now }: MobileMoneyOptions) {
  /** Throws while it cannot be known; undefined: nothing was executed, and never will be. */
  async function found({ key, firstSentAt }: Sending): Promise<MobileMoneyTransaction | undefined> {
    const known = await api.find(key);
    const settled = firstSentAt !== undefined && now() - firstSentAt > settledAfterMs;
    if (known === undefined && !settled) throw outage({ system: provider, code: 'not_settled' });
    return known;
  }

  async function once(
    sending: Sending,
    send: () => Promise<MobileMoneyTransaction | Refused>,
  ): Promise<MobileMoneyTransaction | Refused | undefined> {
    switch (await claim(sending.key, 'sent')) {
      case 'first':
        return send();
      case 'sent':
        return found(sending);
      case 'burnt':
        return undefined;
    }
  }

  /** The transaction that an unanswered request left; undefined: none, and the key is burnt. */
  const findOrBurn = async (sending: Sending): Promise<MobileMoneyTransaction | undefined> =>
    (await claim(sending.key, 'burnt')) === 'sent' ? found(sending) : undefined;

  return { once, findOrBurn };
}

function truthOf(transaction: MobileMoneyTransaction): AuthorizeAnswer | Captured {
  const { ref: providerRef, status, amountMinor, dial, declineCode } = transaction;
  switch (status) {
    case 'pending':
      return { status: 'requires_action', providerRef, clientSecret: dial };
    case 'successful':
      return { status: 'captured', providerRef, amountMinor };
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
    look: ({ providerRef }) => retrieve(providerRef),
    // Who has confirmed on the phone has paid for good.
    disputes: async () => [],
    readWebhook: async (incoming) => api.readWebhook(incoming),
    async authorize({ key, firstSentAt, amountMinor, currency, paymentMethod }) {
      const phone = await phoneOf(paymentMethod);
      if (phone === undefined) return { status: 'declined', code: 'payment_method_invalid' };
      // E.164 without its plus sign, as operators write numbers.
      const request = {
        reference: key,
        amountMinor,
        currency: currency.toUpperCase(),
        phone: phone.replace(/^\+/, ''),
      };
      const outcome = await once({ key, firstSentAt }, () => api.collect(request));
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
    async void({
      orderId,
      step = 'authorize',
      attempt,
      providerRef,
      firstSentAt,
    }): Promise<VoidAnswer> {
      const key = `${orderId}:${step}:${attempt}`;
      const ref = providerRef ?? (await findOrBurn({ key, firstSentAt }))?.ref;
      if (ref === undefined) return { status: 'nothing_to_void' };
      const truth = await retrieve(ref);
      if (truth.status === 'requires_action')
        throw outage({ system: provider, code: 'not_settled' });
      return truth.status === 'captured'
        ? { status: 'captured', providerRef: ref, amountMinor: truth.amountMinor }
        : { status: 'voided' };
    },
    async refund({ key, firstSentAt, providerRef, amountMinor }): Promise<RefundAnswer> {
      const taken = await api.read(providerRef);
      if (taken === undefined) return { status: 'failed', code: 'unknown_payment' };
      if (taken.status !== 'successful') return { status: 'failed', code: 'not_captured' };
      if (amountMinor > taken.amountMinor) return { status: 'failed', code: 'amount_too_large' };
      const { currency, payer: phone } = taken;
      const request = { reference: key, amountMinor, currency, phone };
      const outcome = await once({ key, firstSentAt }, () => api.payOut(request));
      return outcome === undefined ? { status: 'not_executed' } : refundOf(outcome);
    },
  };
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
  const { ref: refundRef, amountMinor } = outcome;
  return outcome.status === 'successful'
    ? { status: 'refunded', refundRef, amountMinor }
    : { status: 'refund_pending', refundRef, amountMinor };
}
