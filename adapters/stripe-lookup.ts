// Finds out what Stripe really did when a key cannot tell: by id, else by the metadata that every
// request of ours carries. Invariant: a look-up never moves money; what it throws is an Outage.
// Search lags (under a minute, an hour in bad times), lists do not: search finds the old, the list
// the last two hours (docs.stripe.com/search#data-freshness). Called by stripe.ts.
import type { Stripe } from 'stripe';
import type { PaymentTruth, RefundNamed } from './card-gateway.ts';
import { outage } from './outage.ts';
import { impossibleRequest, readFailure, type StripeFailure } from './stripe-failure.ts';
import { readTruth } from './stripe-truth.ts';

const FRESH_MS = 2 * 3_600_000;
const CLOCK_SLACK_MS = 15 * 60_000;
const EXPAND = ['latest_charge.balance_transaction'];

/** Which payment of an order; `step` is `authorize` unless told. */
type PaymentName = {
  readonly orderId: string;
  readonly attempt: number;
  readonly step?: string | undefined;
  readonly firstSentAt?: number | undefined;
};

export type StripeLookup = {
  readonly intent: (id: string) => Promise<Stripe.PaymentIntent>;
  /** Undefined: there is none of this id. */
  readonly known: (id: string) => Promise<Stripe.PaymentIntent | undefined>;
  readonly truth: (id: string) => Promise<PaymentTruth>;
  readonly find: (name: PaymentName) => Promise<Stripe.PaymentIntent | undefined>;
  /** The id to cancel; undefined means that there is none and, the key being burnt, never will be. */
  readonly findOrBurn: (name: PaymentName) => Promise<string | undefined>;
  readonly discard: (id: string) => Promise<void>;
  readonly refund: (input: RefundNamed) => Promise<Stripe.Refund | undefined>;
  readonly since: (createdAfter: number) => AsyncIterable<Stripe.PaymentIntent>;
  /** Of which something was given back since then; a payment comes as often as that was. */
  readonly refundedSince: (createdAfter: number) => AsyncIterable<string>;
};

type Options = { readonly stripe: Stripe; readonly now: () => number };

function raise(failure: StripeFailure): never {
  if (failure.kind === 'outage' || failure.kind === 'broken') throw failure.outage;
  throw impossibleRequest('look-up', failure.kind === 'refused' ? failure.code : failure.kind);
}

const toSeconds = (ms: number): number => Math.max(0, Math.floor(ms / 1000));

/** A payment that holds or took money comes before the leftovers of failed tries. */
const WEIGHT: Readonly<Record<string, number>> = {
  succeeded: 5,
  requires_capture: 4,
  processing: 3,
  requires_action: 2,
  requires_payment_method: 1,
};
const weightOf = (intent: Stripe.PaymentIntent): number => WEIGHT[intent.status] ?? 0;

/** How far the list goes back where search found nothing: two hours, or to `firstSentAt`. */
type Reach = 'fresh' | 'all';

function createFinder({ stripe, now }: Options) {
  async function* since(createdAfter: number): AsyncIterable<Stripe.PaymentIntent> {
    const created = { gte: toSeconds(createdAfter) };
    const pages = stripe.paymentIntents.list({
      created,
      limit: 100,
      expand: ['data.latest_charge.balance_transaction'],
    });
    try {
      yield* pages;
    } catch (error) {
      raise(readFailure(error));
    }
  }

  /** undefined: this account cannot search, so a list has to reach back all the way. */
  async function search(orderId: string): Promise<readonly Stripe.PaymentIntent[] | undefined> {
    try {
      const query = `metadata['order_id']:'${orderId.replaceAll("'", '')}'`;
      return (await stripe.paymentIntents.search({ query, limit: 100 })).data;
    } catch (error) {
      const failure = readFailure(error);
      return failure.kind === 'refused' ? undefined : raise(failure);
    }
  }

  async function find(name: PaymentName, reach: Reach = 'fresh'): Promise<string | undefined> {
    const { orderId, attempt, step = 'authorize', firstSentAt } = name;
    const matches = ({ metadata }: Stripe.PaymentIntent): boolean =>
      metadata['order_id'] === orderId &&
      metadata['step'] === step &&
      metadata['attempt'] === String(attempt);
    const searched = await search(orderId);
    const known = searched?.filter(matches) ?? [];
    const fresh = now() - FRESH_MS;
    const earliest = (firstSentAt ?? fresh) - CLOCK_SLACK_MS;
    const all = searched === undefined || reach === 'all';
    const from = all ? earliest : Math.max(fresh, earliest);
    if (known.length === 0) {
      for await (const intent of since(from)) if (matches(intent)) known.push(intent);
    }
    return known.toSorted((a, b) => weightOf(b) - weightOf(a))[0]?.id;
  }

  return { since, find };
}

type BurnTools = {
  readonly stripe: Stripe;
  readonly now: () => number;
  readonly find: (name: PaymentName, reach?: Reach) => Promise<string | undefined>;
  readonly discard: (id: string) => Promise<void>;
};

/**
 * Sends a harmless, unconfirmed intent under the authorization's own key: if the key is new the
 * authorization can never run under it any more; if it was used, its traces can be found. Stripe
 * does not say what it stored under a used key (a hold, or a failure without a trace), so "no trace"
 * is believed only once it holds against everything that may lag.
 */
function createBurn({ stripe, now, find, discard }: BurnTools): StripeLookup['findOrBurn'] {
  async function findUnderUsedKey(name: PaymentName): Promise<string | undefined> {
    const found = await find(name, 'all');
    const settled = name.firstSentAt !== undefined && now() - name.firstSentAt > FRESH_MS;
    if (found === undefined && !settled) throw outage({ system: 'stripe', code: 'not_settled' });
    return found;
  }

  /** A stored failure of the burning request: the key is ours, only its intent may be left. */
  async function discardBurnt(burn: PaymentName): Promise<undefined> {
    const burnt = await find(burn);
    if (burnt !== undefined) await discard(burnt);
  }

  return async function findOrBurn(name: PaymentName): Promise<string | undefined> {
    const found = await find(name);
    if (found !== undefined) return found;
    const { orderId, attempt, step = 'authorize' } = name;
    const burnStep = `burn:${step}`;
    try {
      const burnt = await stripe.paymentIntents.create(
        {
          amount: 100,
          currency: 'eur',
          allowed_payment_method_types: ['card'],
          metadata: { order_id: orderId, step: burnStep, attempt },
        },
        { idempotencyKey: `${orderId}:${step}:${attempt}` },
      );
      await discard(burnt.id);
      return undefined;
    } catch (error) {
      const failure = readFailure(error);
      if (failure.kind === 'key_reused') return findUnderUsedKey(name);
      const replayed = failure.kind === 'broken' && failure.replayed;
      return replayed ? discardBurnt({ ...name, step: burnStep }) : raise(failure);
    }
  };
}

export function createStripeLookup({ stripe, now }: Options): StripeLookup {
  const finder = createFinder({ stripe, now });

  const intent = (id: string): Promise<Stripe.PaymentIntent> =>
    stripe.paymentIntents
      .retrieve(id, { expand: EXPAND })
      .catch((error: unknown) => raise(readFailure(error)));

  const known = (id: string): Promise<Stripe.PaymentIntent | undefined> =>
    stripe.paymentIntents.retrieve(id, { expand: EXPAND }).catch((error: unknown) => {
      const failure = readFailure(error);
      if (failure.kind === 'refused' && failure.code === 'resource_missing') return undefined;
      return raise(failure);
    });

  async function truth(id: string): Promise<PaymentTruth> {
    const found = await known(id);
    return found === undefined ? { status: 'unknown' } : readTruth(found);
  }

  // Search results may be old, so what is found is read once more by its id.
  async function find(name: PaymentName): Promise<Stripe.PaymentIntent | undefined> {
    const id = await finder.find(name);
    return id === undefined ? undefined : intent(id);
  }

  // Cancelling is idempotent by state, so a key of our own could only replay an old failure.
  async function discard(id: string): Promise<void> {
    await stripe.paymentIntents
      .cancel(id, { cancellation_reason: 'abandoned' })
      .catch(async (error: unknown) => {
        const failure = readFailure(error);
        if (failure.kind === 'outage' || (await truth(id)).status !== 'voided') raise(failure);
      });
  }

  async function refund(input: RefundNamed): Promise<Stripe.Refund | undefined> {
    try {
      const all = stripe.refunds.list({ payment_intent: input.providerRef, limit: 100 });
      for await (const one of all) if (one.metadata?.['key'] === input.key) return one;
      return undefined;
    } catch (error) {
      return raise(readFailure(error));
    }
  }

  async function* refundedSince(createdAfter: number): AsyncIterable<string> {
    const created = { gte: toSeconds(createdAfter) };
    try {
      for await (const { payment_intent: id } of stripe.refunds.list({ created, limit: 100 }))
        if (typeof id === 'string') yield id;
    } catch (error) {
      raise(readFailure(error));
    }
  }

  const findOrBurn = createBurn({ stripe, now, find: finder.find, discard });
  const { since } = finder;
  return { intent, known, truth, find, findOrBurn, discard, refund, since, refundedSince };
}
