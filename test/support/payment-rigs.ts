// Every provider behind the port, each with its fake over HTTP: what the contract suite needs to know of it.

import { sql } from 'kysely';
import type { Db } from '../../db/connect.ts';
import { newId } from '../../db/new-id.ts';
import { createWalletBooks } from '../../db/wallet.ts';
import { createCampayApi } from '../../adapters/campay.ts';
import {
  createMobileMoney,
  createMobileMoneyPayouts,
  type MobileMoneyApi,
} from '../../adapters/mobile-money.ts';
import { createNoupayApi } from '../../adapters/noupay.ts';
import { stripePort, type PaymentPort } from '../../adapters/payment-port.ts';
import type { PayoutPort } from '../../adapters/payout-port.ts';
import { createStripePayouts } from '../../adapters/stripe-payouts.ts';
import { createPaypalPort } from '../../adapters/paypal.ts';
import { outage } from '../../adapters/outage.ts';
import { createStripeGateway } from '../../adapters/stripe.ts';
import { createSplitPort } from '../../adapters/split.ts';
import { createWalletPort } from '../../adapters/wallet.ts';
import { startCampay } from '../../sandbox/mobile-money/campay.ts';
import { startNoupay } from '../../sandbox/mobile-money/noupay.ts';
import { startPaypal } from '../../sandbox/paypal/server.ts';
import { createFaults, type Fault, type FaultRule } from '../../sandbox/provider/faults.ts';
import { startStripeSandbox } from '../../sandbox/stripe/server.ts';
import { claimsBy } from './claims.ts';
import { createStripeContract, type StripeCall } from './stripe-contract.ts';
import type { ProviderName } from '../../domain/payment-methods.ts';
import { splitToken } from '../../domain/split.ts';
import type { WalletBooks } from '../../domain/wallet.ts';
import {
  minor,
  movedByPaypal,
  movedByPhone,
  movedByStripe,
  movedByWallet,
  newsOfFake,
  newsOfStripe,
  tookMoney,
  type Moved,
  type News,
} from './provider-money.ts';
import { fillWallet } from './wallet.ts';

export type Rig = {
  readonly provider: ProviderName;
  readonly port: PaymentPort;
  readonly currency: string;
  readonly method: string;
  /** One that cannot pay; undefined where the fake knows none. */
  readonly poor: string | undefined;
  /** The payer says yes, where that is asked of them. */
  readonly confirm: (ref: string) => void;
  /** Of a provider that can say no, or nothing yet, to taking what it holds. */
  readonly captures?: {
    readonly refuseNext: () => void;
    readonly pendNext?: () => void;
    readonly settle?: (ref: string, how: 'taken' | 'refused') => void;
  };
  readonly addFault: (rule: FaultRule) => void;
  /** Where money is asked for, taken, let go and given back. */
  readonly paths: Readonly<Record<'authorize' | 'capture' | 'release' | 'refund', string>>;
  /** What the provider's own books say: payments that were begun, taken and given back. */
  readonly books: () => Books | Promise<Books>;
  /** Every amount in them and what became of it: `taken 2350 EUR`. */
  readonly moved: () => Moved | Promise<Moved>;
  /** Undefined where nobody tells anything. */
  readonly news: News | undefined;
  /** Of a payment by two. */
  readonly halves?: Readonly<Record<'stripe' | 'wallet', PaymentPort>>;
  /** Where the provider pays out too. */
  readonly payOuts?: PayOuts;
  readonly close: () => Promise<void>;
};

type Books = {
  readonly begun: number;
  readonly taken: readonly number[];
  readonly givenBack: readonly number[];
};

export type PayOuts = {
  readonly port: PayoutPort;
  readonly destination: () => string;
  /** Where it is asked to send money, one path after the other. */
  readonly paths: readonly string[];
};

export type Clock = { now: number };
type Wish = { readonly db: Db; readonly clock: Clock; readonly webhookUrl: string };
const secret = 'whsec_contract';
const timeoutMs = 400;

async function stripeRig({ clock, webhookUrl: url }: Wish): Promise<Rig> {
  const now = (): number => clock.now;
  const contract = createStripeContract();
  // Of payouts the extract of Stripe's document has nothing.
  const onCall = (call: StripeCall): void => {
    if (!/^\/v1\/(transfers|payouts)/.test(call.path)) contract.see(call);
  };
  const webhooks = { url, secret };
  const fake = await startStripeSandbox({ now, searchLagMs: 0, webhooks, onCall });
  const account = { secretKey: 'sk_test_x', apiBase: fake.url, timeoutMs, now };
  const gateway = createStripeGateway({ ...account, webhookSecret: secret });
  return {
    provider: 'stripe',
    port: stripePort(gateway),
    currency: 'EUR',
    method: 'pm_card_visa',
    poor: 'pm_card_visa_chargeDeclinedInsufficientFunds',
    confirm: () => undefined,
    captures: {
      refuseNext: () =>
        void fake.control.addFault({ kind: 'declined', match: { path: '/capture' } }),
    },
    addFault: fake.control.addFault,
    paths: {
      authorize: '/v1/payment_intents',
      capture: '/capture',
      release: '/cancel',
      refund: '/v1/refunds',
    },
    books: () => {
      const { payment_intents: intents, refunds } = fake.control.books();
      const real = intents.filter(({ metadata }) => !metadata['step']?.startsWith('burn'));
      return {
        begun: real.length,
        taken: real.flatMap((each) => (each.amount_received > 0 ? [each.amount_received] : [])),
        givenBack: refunds.map((each) => each.amount),
      };
    },
    moved: () => movedByStripe(fake.control.books()),
    news: newsOfStripe(fake),
    payOuts: {
      port: createStripePayouts(account),
      destination: fake.control.openAccount,
      paths: ['/v1/transfers', '/v1/payouts'],
    },
    close: async () => {
      await fake.close();
      const [violation] = contract.violations();
      if (violation !== undefined) throw new Error(violation);
    },
  };
}

async function paypalRig({ clock, webhookUrl }: Wish): Promise<Rig> {
  const now = (): number => clock.now;
  const fake = await startPaypal({ now, webhookUrl, webhookSecret: secret });
  const port = createPaypalPort({
    baseUrl: fake.url,
    clientId: 'id',
    clientSecret: 'secret',
    webhookId: 'wh_1',
    returnUrl: 'https://shop.example/back',
    timeoutMs,
    now,
  });
  return {
    provider: 'paypal',
    port,
    currency: 'EUR',
    method: 'paypal',
    poor: undefined,
    confirm: (ref) => void fake.approve(ref),
    captures: {
      refuseNext: () => fake.captureNext('DECLINED'),
      pendNext: () => fake.captureNext('PENDING'),
      settle: (ref, how) => fake.settleCapture(ref, how === 'taken' ? 'COMPLETED' : 'DECLINED'),
    },
    addFault: fake.addFault,
    paths: {
      authorize: '/v2/checkout/orders',
      capture: '/capture',
      release: '/void',
      refund: '/refund',
    },
    books: () => ({
      begun: fake.orders().length,
      taken: fake.orders().flatMap(({ capture }) => {
        const isTaken = capture && tookMoney.has(capture.status);
        return isTaken ? [minor(capture.amount)] : [];
      }),
      givenBack: fake.orders().flatMap(({ refunds }) => refunds.map((each) => minor(each.amount))),
    }),
    moved: () => fake.orders().flatMap(movedByPaypal),
    news: newsOfFake(fake),
    close: fake.close,
  };
}

const phones: Readonly<Record<string, string>> = { good: '237670000100', poor: '237670000001' };

type Operator = Awaited<ReturnType<typeof startCampay>>;
type MobileMoney = {
  readonly provider: 'campay' | 'noupay';
  readonly fake: Operator;
  readonly api: MobileMoneyApi;
  readonly paths: Rig['paths'];
};

function mobileRig({ db, clock }: Wish, { provider, fake, api, paths }: MobileMoney): Rig {
  const options = {
    provider,
    api,
    phoneOf: async (method: string) => phones[method.split(':')[1] ?? ''],
    claim: claimsBy(db, () => clock.now),
  };
  const amountsOf = (kind: string): readonly number[] =>
    fake.book
      .all()
      .filter((entry) => entry.kind === kind && entry.status === 'successful')
      .map((entry) => Number(entry.amount));
  return {
    provider,
    port: createMobileMoney(options),
    currency: 'XAF',
    method: `${provider}:good`,
    poor: `${provider}:poor`,
    confirm: (ref) => void fake.book.answer(ref),
    addFault: fake.addFault,
    paths,
    books: () => ({
      begun: fake.book.all().filter(({ kind }) => kind === 'collect').length,
      taken: amountsOf('collect'),
      givenBack: amountsOf('payout'),
    }),
    moved: () => fake.book.all().flatMap(movedByPhone),
    news: newsOfFake(fake),
    payOuts: {
      port: createMobileMoneyPayouts(options),
      destination: () => `${provider}:good`,
      paths: [paths.refund],
    },
    close: fake.close,
  };
}

async function campayRig(wish: Wish): Promise<Rig> {
  const { clock, webhookUrl } = wish;
  const fake = await startCampay({ now: () => clock.now, webhookUrl, webhookSecret: secret });
  const api = createCampayApi({ baseUrl: fake.url, token: 't', webhookKey: secret, timeoutMs });
  const paths = {
    authorize: '/api/collect/',
    capture: '',
    release: '',
    refund: '/api/withdraw/',
  };
  return mobileRig(wish, { provider: 'campay', fake, api, paths });
}

async function noupayRig(wish: Wish): Promise<Rig> {
  const { clock, webhookUrl } = wish;
  const fake = await startNoupay({ now: () => clock.now, webhookUrl, webhookSecret: secret });
  const api = createNoupayApi({ baseUrl: fake.url, apiKey: 'k', webhookSecret: secret, timeoutMs });
  const paths = { authorize: '/v1/payments', capture: '', release: '', refund: '/v1/payouts' };
  return mobileRig(wish, { provider: 'noupay', fake, api, paths });
}

const away = (): Error => outage({ system: 'wallet', code: 'timeout' });

/** The wallet has no network in between: what goes wrong does so before or after the step. */
function unreliable(books: WalletBooks, pick: (path: string) => Fault | undefined): WalletBooks {
  const meet = async <T>(path: string, step: () => Promise<T>): Promise<T> => {
    const fault = pick(path);
    if (fault && !fault.kind.startsWith('execute_then')) throw away();
    const answer = await step();
    if (fault) throw away();
    return answer;
  };
  return {
    ...books,
    hold: (wish) => meet('/hold', () => books.hold(wish)),
    settle: (wish) => meet('/settle', () => books.settle(wish)),
    refund: (wish) => meet('/refund', () => books.refund(wish)),
  };
}

async function walletRig({ db, clock }: Wish): Promise<Rig> {
  const now = (): number => clock.now;
  const customerId = newId('customer');
  const wallet = { customerId, currency: 'EUR' };
  await fillWallet(db, { ...wallet, amountMinor: 10_000 });
  const faults = createFaults({ seed: 1, rate: 0 });
  const pick = (path: string): Fault | undefined =>
    faults.pick({
      method: 'POST',
      path,
      orderId: undefined,
      paymentMethod: undefined,
      replay: false,
    });
  const moved = async (kind: string, account: string): Promise<readonly number[]> => {
    const { rows } = await sql<{ minor: number }>`
      SELECT abs(e.amount_minor)::bigint AS minor FROM ledger_entries e
      JOIN ledger_transactions t ON t.key = e.transaction_key
      WHERE t.kind = ${kind} AND e.account = ${account} AND t.order_id IN
        (SELECT order_id FROM ledger_transactions WHERE key IN
          (SELECT transaction_key FROM ledger_entries WHERE party = ${customerId} AND account = 'wallet_held'))
      ORDER BY t.key`.execute(db);
    return rows.map((row) => row.minor);
  };
  return {
    provider: 'wallet',
    port: createWalletPort(unreliable(createWalletBooks(db, now), pick), now),
    currency: 'EUR',
    method: `wallet:${customerId}`,
    poor: `wallet:${newId('customer')}`,
    confirm: () => undefined,
    addFault: faults.add,
    paths: { authorize: '/hold', capture: '/settle', release: '/settle', refund: '/refund' },
    books: async () => ({
      begun: (await moved('wallet_hold', 'wallet')).length,
      taken: await moved('wallet_capture', 'provider_clearing'),
      givenBack: await moved('wallet_refund', 'wallet'),
    }),
    moved: () => movedByWallet(db, wallet),
    news: undefined,
    close: async () => undefined,
  };
}

/** 8.00 out of a wallet, the rest by card; the card is what may fail. */
async function splitRig(wish: Wish): Promise<Rig> {
  const [card, own] = [await stripeRig(wish), await walletRig(wish)];
  const now = (): number => wish.clock.now;
  const books = createWalletBooks(wish.db, now);
  const wallet = createWalletPort(books, now);
  const customerId = own.method.slice('wallet:'.length);
  return {
    ...card,
    provider: 'split',
    port: createSplitPort({ books, wallet, card: card.port }),
    method: splitToken({ customerId, walletMinor: 800, card: card.method }),
    poor: undefined,
    halves: { stripe: card.port, wallet },
    moved: async () => [...(await card.moved()), ...(await own.moved())],
  };
}

export const startRig = (provider: RigName, wish: Wish): Promise<Rig> =>
  provider === 'split' ? splitRig(wish) : (new Map(rigs).get(provider)?.(wish) ?? none(provider));
const none = (provider: string): never => {
  throw new Error(`there is no rig for ${provider}`);
};
export type RigName = (typeof rigs)[number][0] | 'split';

export const rigs = [
  ['stripe', stripeRig],
  ['paypal', paypalRig],
  ['campay', campayRig],
  ['noupay', noupayRig],
  ['wallet', walletRig],
] as const;
