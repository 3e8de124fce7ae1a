// Payouts over Stripe Connect, with separate charges and transfers (docs.stripe.com/connect/separate-charges-and-transfers):
// a transfer from our balance to the party's connected account, then a payout from there to its bank. Accounts are on a
// manual payout schedule. Invariant: what does not reach the bank is taken back by reversing the transfer before the
// answer is `failed`, so that one amount is never both with the party and owed to it.
import type { Stripe } from 'stripe';
import type { ProviderPayout } from '../domain/provider-books.ts';
import { outage } from './outage.ts';
import type { PayAnswer, PayFailure, PayInput, PayoutBooks, PayoutPort } from './payout-port.ts';
import { connectStripe, forgottenBy, isReplay, type StripeOptions } from './stripe-client.ts';
import { impossibleRequest, readFailure, type StripeFailure } from './stripe-failure.ts';

const CLOCK_SLACK_MS = 15 * 60_000;
const NOT_EXECUTED = { status: 'not_executed' } as const;

/** Refusals that say nothing against the request as such. */
const FAILURES: Readonly<Record<string, PayFailure>> = {
  balance_insufficient: 'insufficient_funds',
  insufficient_funds: 'insufficient_funds',
  resource_missing: 'account_unknown',
  account_invalid: 'account_unknown',
  payouts_not_allowed: 'account_refused',
  insufficient_capabilities_for_transfer: 'account_refused',
  no_account: 'bank_refused',
};

type Tools = {
  readonly stripe: Stripe;
  readonly mayBeForgotten: (firstSentAt: number | undefined) => boolean;
};
type Made<T> = { readonly made: T } | Exclude<PayAnswer, { readonly payoutRef: string }>;

function raise(step: string, failure: StripeFailure): never {
  if (failure.kind === 'outage' || failure.kind === 'broken') throw failure.outage;
  throw impossibleRequest(step, failure.kind === 'refused' ? failure.code : failure.kind);
}
const asked = <T>(step: string, call: Promise<T>): Promise<T> =>
  call.catch((error: unknown) => raise(step, readFailure(error)));

const failed = (code: string): Extract<PayAnswer, { readonly status: 'failed' }> => ({
  status: 'failed',
  code: FAILURES[code] ?? 'account_refused',
});

const carries =
  (key: string) =>
  ({ metadata }: { readonly metadata: Stripe.Metadata | null }): boolean =>
    metadata?.['key'] === key;

async function firstOf<T>(
  all: AsyncIterable<T>,
  fits: (each: T) => boolean,
): Promise<T | undefined> {
  for await (const each of all) if (fits(each)) return each;
  return undefined;
}

/** What a key cannot tell is found by the names that every request of ours carries. */
function createLookup(stripe: Stripe) {
  const transfer = ({ name, key }: PayInput): Promise<Stripe.Transfer | undefined> =>
    asked(
      'find transfer',
      firstOf(stripe.transfers.list({ transfer_group: name, limit: 100 }), carries(key)),
    );

  const payout = ({
    key,
    destination,
    firstSentAt,
  }: PayInput): Promise<Stripe.Payout | undefined> =>
    asked(
      'find payout',
      firstOf(
        stripe.payouts.list(
          { created: { gte: Math.floor((firstSentAt - CLOCK_SLACK_MS) / 1_000) }, limit: 100 },
          { stripeAccount: destination },
        ),
        carries(key),
      ),
    );

  return { transfer, payout };
}

type Step<T> = {
  readonly input: PayInput;
  readonly find: (input: PayInput) => Promise<T | undefined>;
  readonly send: () => Promise<T & { readonly lastResponse: { readonly headers: unknown } }>;
  readonly read: (made: T) => Promise<T>;
};

/** Makes it once, whatever was answered before; a replay is never believed, the object itself is asked. */
async function makeOnce<T>(step: Step<T>, forgotten: boolean): Promise<Made<T>> {
  const { input, find, send, read } = step;
  const known = forgotten ? await find(input) : undefined;
  if (known !== undefined) return { made: known };
  try {
    const made = await send();
    return { made: isReplay(made) ? await read(made) : made };
  } catch (error) {
    const failure = readFailure(error);
    if (failure.kind === 'outage') throw failure.outage;
    const found = await find(input);
    if (found !== undefined) return { made: found };
    if (failure.kind === 'refused') return failed(failure.code);
    if (failure.kind === 'broken' && !failure.replayed) throw failure.outage;
    return NOT_EXECUTED;
  }
}

export function createStripePayouts(options: StripeOptions): PayoutPort & PayoutBooks {
  const { now = Date.now } = options;
  const stripe = connectStripe(options);
  const tools = { stripe, mayBeForgotten: forgottenBy(now) };
  return {
    rail: 'stripe',
    pay: createPay(tools),
    async isVerified(destination) {
      const account = await asked('account', stripe.accounts.retrieve(destination));
      const { payouts_enabled: isEnabled, capabilities, settings } = account;
      // On another schedule Stripe itself would pay out what we transfer, and our payout would find nothing.
      const isManual = settings?.payouts?.schedule.interval === 'manual';
      return isEnabled && isManual && capabilities?.transfers === 'active';
    },
    async *refusedPayouts({ destination: stripeAccount, createdAfter }) {
      const created = { gte: Math.max(0, Math.floor(createdAfter / 1_000)) };
      try {
        const all = stripe.payouts.list({ created, limit: 100 }, { stripeAccount });
        for await (const { status, metadata } of all)
          if (status === 'failed' || status === 'canceled') yield metadata?.['payout'] ?? '';
      } catch (error) {
        raise('payouts', readFailure(error));
      }
    },
    async *listPayouts({ createdAfter }) {
      const created = { gte: Math.max(0, Math.floor(createdAfter / 1_000)) };
      try {
        for await (const each of stripe.transfers.list({ created, limit: 100 }))
          yield readBooks(each);
      } catch (error) {
        raise('transfers', readFailure(error));
      }
    },
  };
}

const readBooks = ({
  id,
  amount,
  currency,
  metadata,
  reversed,
}: Stripe.Transfer): ProviderPayout => ({
  providerRef: id,
  name: metadata['payout'],
  amountMinor: amount,
  currency: currency.toUpperCase(),
  returned: reversed,
});

/** Idempotent by state, so a key of our own could only replay an old failure. */
const createTakeBack =
  (stripe: Stripe) =>
  async ({ id, reversed }: Stripe.Transfer): Promise<void> => {
    if (reversed) return;
    await stripe.transfers.createReversal(id).catch(async (error: unknown) => {
      const failure = readFailure(error);
      if (failure.kind === 'outage') throw failure.outage;
      const { reversed: meanwhile } = await asked('transfer', stripe.transfers.retrieve(id));
      // Not even the party's account has it: somebody must look.
      if (!meanwhile) throw outage({ system: 'stripe', code: 'not_settled' });
    });
  };

function createPay({ stripe, mayBeForgotten: isForgotten }: Tools): PayoutPort['pay'] {
  const lookup = createLookup(stripe);
  const takeBack = createTakeBack(stripe);

  const transferStep = (input: PayInput): Step<Stripe.Transfer> => ({
    input,
    find: lookup.transfer,
    read: ({ id }) => asked('transfer', stripe.transfers.retrieve(id)),
    send: () =>
      stripe.transfers.create(
        {
          amount: input.amountMinor,
          currency: input.currency.toLowerCase(),
          destination: input.destination,
          transfer_group: input.name,
          metadata: { payout: input.name, key: input.key },
        },
        { idempotencyKey: input.key },
      ),
  });

  const payoutStep = (input: PayInput): Step<Stripe.Payout> => {
    const onBehalf = { stripeAccount: input.destination };
    return {
      input,
      find: lookup.payout,
      read: ({ id }) => asked('payout', stripe.payouts.retrieve(id, {}, onBehalf)),
      send: () =>
        stripe.payouts.create(
          {
            amount: input.amountMinor,
            currency: input.currency.toLowerCase(),
            method: input.instant ? 'instant' : 'standard',
            metadata: { payout: input.name, key: input.key },
          },
          { ...onBehalf, idempotencyKey: `${input.key}:bank` },
        ),
    };
  };

  return async function pay(input) {
    const forgotten = isForgotten(input.firstSentAt);
    const transfer = await makeOnce(transferStep(input), forgotten);
    if (!('made' in transfer)) return transfer;
    if (transfer.made.reversed) {
      // Taken back because no payout came of it, before that was recorded; or because the bank refused one.
      const refusedByBank = (await lookup.payout(input)) !== undefined;
      return refusedByBank ? { status: 'failed', code: 'bank_refused' } : NOT_EXECUTED;
    }
    const payout = await makeOnce(payoutStep(input), forgotten);
    if (!('made' in payout)) {
      await takeBack(transfer.made);
      return payout;
    }
    const { id: payoutRef, status } = payout.made;
    if (status === 'paid') return { status, payoutRef };
    if (status !== 'failed' && status !== 'canceled') return { status: 'in_transit', payoutRef };
    await takeBack(transfer.made);
    return { status: 'failed', code: 'bank_refused' };
  };
}
