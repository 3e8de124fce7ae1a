// Every two that move the same money, in one place: by which race it is tried on real processes, in which other test, or
// why they never meet. The races between two commands of one order are generated: test/domain/money-races.test.ts.

import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'vitest';
import { cash, deliver, leads, pickup, readyWith } from './crash-leads.ts';
import { after, declineCaptures, driver, merchant, seen, until, type Lead } from './crash-steps.ts';
import { balancesOf } from './paid-order.ts';
import { movedByPayouts, setAccount } from './payouts.ts';
import type { Stack } from './stack.ts';
import { paymentsOf } from './truth.ts';
import { asDriver, asMerchant, at, posts, system, type Contender, type Race } from './race.ts';

/** Of one order, at the counter, and what is asked for beside it. */
export const movers = [
  'capture',
  'void',
  'payment',
  'loss',
  'cash',
  'hold expiry',
  'refund',
  'later tip',
  'dispute',
  'top-up',
  'withdrawal',
  'payout',
  'bank return',
] as const;
export type Mover = (typeof movers)[number];

const soon = { timeout: 60_000, interval: 200 } as const;
const ready = readyWith(pickup);
const completed: Lead = after(
  ready,
  merchant('hand-over'),
  until({ order_status: 'completed', payment_status: 'captured' }),
);
const refunds = (body: object): Contender =>
  asMerchant('refunds', { reason: 'late', fault: 'merchant', ...body });
const tips: Contender = asMerchant('tips', { amount_minor: 200, token: 'pm_card_visa' });

/** What the provider has of the order is what the ledger says that it has, a dispute's fee aside. */
const agree: NonNullable<Race['afterwards']> = async ({ stack }, orderId) => {
  const clearing = async (): Promise<number> => {
    const { provider_clearing: minor = 0, provider_fees: feeMinor = 0 } = await balancesOf(
      stack.db,
      orderId,
    );
    return minor + feeMinor;
  };
  const kept = async (): Promise<number> => {
    const payments = await paymentsOf(stack, orderId);
    const ids = new Set(payments.map(({ id }) => id));
    const { refunds: back, disputes } = stack.stripe.control.books();
    const gone = [
      ...back.filter((each) => each.status !== 'failed' && ids.has(each.payment_intent ?? '')),
      ...disputes.filter((each) => ids.has(each.payment_intent)),
    ];
    const taken = payments.filter(({ status }) => status === 'succeeded');
    return (
      taken.reduce((sum, each) => sum + each.amount_received, 0) -
      gone.reduce((sum, each) => sum + each.amount, 0)
    );
  };
  await expect.poll(async () => (await clearing()) - (await kept()), soon).toBe(0);
  expect(await kept()).toBeGreaterThanOrEqual(0);
};

const refundsAreOver = async ({ stack }: Parameters<typeof agree>[0], orderId: string) => {
  const open = stack.db
    .selectFrom('refunds')
    .select('id')
    .where('order_id', '=', orderId)
    .where('finished_at', 'is', null);
  await expect
    .poll(
      stack.lookFirst(() => open.execute()),
      { ...soon, interval: 1_000 },
    )
    .toEqual([]);
};

const dayMs = 86_400_000;
const holdLapses: Contender = async ({ stack }) => {
  await delay(Math.random() * 60);
  stack.stripe.control.moveClock(8 * dayMs);
  return 'silent';
};
const bankDisputes: Contender = async ({ stack }, orderId) => {
  const [payment] = await paymentsOf(stack, orderId);
  await delay(Math.random() * 60);
  stack.stripe.control.dispute(payment?.id ?? '');
  return 'silent';
};
const bankSendsBack: Contender = async ({ stack, shop }) => {
  const { control } = stack.stripe;
  const made = () =>
    control
      .books()
      .payouts.find(
        ({ metadata, status }) =>
          status !== 'failed' && metadata['payout']?.startsWith(shop.ids.merchant),
      );
  await expect.poll(made, { ...soon, interval: 5 }).toBeDefined();
  await delay(Math.random() * 60);
  control.decidePayout(made()?.id ?? '', 'failed');
  return 'silent';
};

async function balanceOfMerchant(db: Stack['db'], party: string): Promise<number> {
  const { minor } = await db
    .selectFrom('ledger_entries')
    .select(({ fn }) => fn.sum<string | null>('amount_minor').as('minor'))
    .where('party', '=', party)
    .where('account', '=', 'merchant')
    .executeTakeFirstOrThrow();
  return Number(minor);
}

/** The merchant may be paid what the order has earned it. */
const earned: Lead = async (on) => {
  const id = await completed(on);
  const destination = on.stack.stripe.control.openAccount();
  await setAccount(on.stack.db, on.shop.ids.merchant, { destination });
  return id;
};
const asksForPayout: Contender = (on, id) =>
  posts(({ shop }) => shop.merchantKey, `/v1/merchants/${on.shop.ids.merchant}/payouts`)(on, id);

/** Who comes second finds it done, or the order over. */
const seconds = ['409 wrong_state', '409 already_delivered'] as const;
const handedOver = seconds.flatMap((code) => [`yes, ${code}`, `${code}, yes`]);
const handedIn = (other: string) => ['yes', ...seconds].map((first) => `${first}, ${other}`);

export const moneyRaces: Readonly<Record<string, Race>> = {
  'two hand the order over': {
    lead: ready,
    between: [asMerchant('hand-over'), asMerchant('hand-over')],
    outcomes: handedOver,
    afterwards: agree,
  },
  'the customer cancels as the counter hands over and captures': {
    lead: ready,
    between: [asMerchant('cancel'), asMerchant('hand-over')],
    outcomes: ['yes, 409 already_cancelled', '409 already_delivered, yes'],
    afterwards: agree,
  },
  'the customer cancels during the capture': {
    lead: leads.pickedUp,
    between: [asMerchant('cancel'), asDriver('deliver')],
    outcomes: ['409 already_picked_up, yes', '409 already_delivered, yes'],
    afterwards: agree,
  },
  'two cancel': {
    lead: ready,
    between: [asMerchant('cancel'), asMerchant('cancel')],
    outcomes: ['yes, 409 already_cancelled', '409 already_cancelled, yes'],
    afterwards: agree,
  },
  'the hold lapses as the order is captured': {
    lead: ready,
    between: [asMerchant('hand-over'), holdLapses],
    outcomes: ['yes, silent'],
    afterwards: agree,
  },
  'the customer pays again as the order is given up': {
    policy: { paymentActionTimeoutMs: 4_000 },
    lead: leads.declined,
    between: [at('abandonPayment', asMerchant('payment', { token: 'pm_card_visa' })), system],
    outcomes: ['yes, silent', '409 already_cancelled, silent'],
    finish: async (on, id) => {
      const over = async () => {
        await asMerchant('cancel')(on, id);
        return (await on.shop.order(id))['order_status'];
      };
      await expect.poll(over, soon).toBe('cancelled');
      return 'over';
    },
    afterwards: agree,
  },
  'the customer pays again twice': {
    lead: leads.declined,
    between: [
      asMerchant('payment', { token: 'pm_card_visa' }),
      asMerchant('payment', { token: 'pm_card_mastercard' }),
    ],
    outcomes: ['yes, 409 payment_not_retryable', '409 payment_not_retryable, yes'],
    finish: asMerchant('cancel'),
    afterwards: agree,
  },
  'the capture is tried again as it is written off': {
    policy: { moneyRetryMs: 1_500, moneyLimitMs: 1_500 },
    lead: after(leads.pickedUp, declineCaptures(1), deliver, seen('payment.capture_failed')),
    between: [system, system],
    outcomes: ['silent, silent'],
    afterwards: agree,
  },
  'the cash is handed in as it counts as missing': {
    policy: { cashRemitMs: 4_000 },
    lead: after(leads.pickedUpForCash, driver('deliver', { collected_minor: cash })),
    between: [at('fallShort', asMerchant('remittance', { amount_minor: cash })), system],
    outcomes: handedIn('silent'),
    afterwards: async ({ stack }, id) =>
      expect((await balancesOf(stack.db, id))['cash_in_hand']).toBeUndefined(),
  },
  'two hand the cash in': {
    lead: after(leads.pickedUpForCash, driver('deliver', { collected_minor: cash })),
    between: [
      asMerchant('remittance', { amount_minor: cash }),
      asMerchant('remittance', { amount_minor: cash }),
    ],
    outcomes: handedOver,
    afterwards: async ({ stack }, id) =>
      expect(await balancesOf(stack.db, id)).toMatchObject({ cash_desk: cash }),
  },
  'a refund is asked for as the order is captured': {
    lead: ready,
    between: [refunds({ amount_minor: 500 }), asMerchant('hand-over')],
    // Asked for after the capture, it is one: then the capture was first.
    outcomes: ['409 refund_not_captured, yes', '409 refund_too_early, yes', 'yes, yes'],
    afterwards: agree,
  },
  'a tip is given as the order is captured': {
    lead: leads.pickedUp,
    between: [tips, asDriver('deliver')],
    outcomes: ['409 wrong_state, yes', '409 no_driver, yes', 'yes, yes'],
    afterwards: agree,
  },
  'two ask for the same refund': {
    lead: completed,
    between: [refunds({ amount_minor: 500 }), refunds({ amount_minor: 500 })],
    outcomes: ['yes, 409 refund_duplicate', '409 refund_duplicate, yes'],
    afterwards: agree,
  },
  'two refunds want more than was taken': {
    lead: completed,
    between: [refunds({ amount_minor: 1_500 }), refunds({ amount_minor: 1_400, again: true })],
    outcomes: ['yes, 409 refund_too_large', '409 refund_too_large, yes'],
    afterwards: agree,
  },
  'a refund is asked for as the payer’s bank takes it back': {
    lead: completed,
    between: [refunds({ amount_minor: 500 }), bankDisputes],
    outcomes: ['yes, silent', '409 payment_disputed, silent'],
    afterwards: async (on, id) => {
      await refundsAreOver(on, id);
      await agree(on, id);
    },
  },
  'two give a tip': {
    lead: after(leads.pickedUp, deliver, until({ payment_status: 'captured' })),
    between: [tips, tips],
    outcomes: ['yes, 409 limit_reached', '409 limit_reached, yes'],
    afterwards: agree,
  },
  'a payout comes back as it arrives': {
    lead: earned,
    between: [asksForPayout, bankSendsBack],
    outcomes: ['yes, silent'],
    afterwards: async ({ stack, shop }) => {
      const { merchant: party } = shop.ids;
      const rows = stack.db.selectFrom('payouts').select('status').where('party', '=', party);
      const statuses = stack.lookFirst(async () =>
        (await rows.execute()).filter(({ status }) => status !== 'failed'),
      );
      await expect.poll(statuses, { ...soon, interval: 1_000 }).toEqual([]);
      expect(await movedByPayouts(stack.db, party)).toEqual({});
    },
  },
  'two ask for what is due': {
    lead: earned,
    between: [asksForPayout, asksForPayout],
    // Who decides second finds nothing due: its payout is skipped.
    outcomes: ['yes, yes', 'yes, 409 payout_too_small', '409 payout_too_small, yes'],
    afterwards: async ({ stack, shop }) => {
      const { merchant: party } = shop.ids;
      const rows = stack.db.selectFrom('payouts').select('status').where('party', '=', party);
      const open = async () =>
        (await rows.execute()).filter(({ status }) => status !== 'paid' && status !== 'skipped');
      await expect.poll(stack.lookFirst(open), { ...soon, interval: 1_000 }).toEqual([]);
      const due = await balanceOfMerchant(stack.db, party);
      expect(due).toBe(0);
    },
  },
};

/** Tried in this race, in that test, or never met for this reason. */
type Pair = { readonly race: string } | { readonly test: string } | { readonly never: string };
type Entry = readonly [one: Mover, others: readonly Mover[], pair: Pair];
const race = (name: string): Pair => ({ race: name });
const elsewhere = (test: string): Pair => ({ test });
const never = (why: string): Pair => ({ never: why });

const ofOrder = ['capture', 'void', 'payment', 'loss', 'hold expiry'] as const;
const besides = ['refund', 'later tip', 'dispute', 'payout', 'bank return'] as const;

export const pairs: readonly Entry[] = [
  ['capture', ['capture'], race('two hand the order over')],
  ['capture', ['void'], race('the customer cancels as the counter hands over and captures')],
  ['capture', ['loss'], race('the capture is tried again as it is written off')],
  ['capture', ['hold expiry'], race('the hold lapses as the order is captured')],
  ['capture', ['refund'], race('a refund is asked for as the order is captured')],
  ['capture', ['later tip'], race('a tip is given as the order is captured')],
  ['capture', ['payment'], never('an order is captured only when it has been paid')],
  ['capture', ['dispute'], never('a bank takes back only what was captured')],
  ['void', ['void'], race('two cancel')],
  ['void', ['payment'], race('the customer pays again as the order is given up')],
  ['void', ['loss'], never('what is being written off is let go first, by the order’s own loop')],
  [
    'void',
    ['hold expiry'],
    never('either way nothing is held, and the provider says so to who asks'),
  ],
  ['void', ['refund', 'later tip', 'dispute'], never('nothing was taken: each of them is refused')],
  ['payment', ['payment'], race('the customer pays again twice')],
  [
    'payment',
    ['loss', 'hold expiry', 'refund', 'later tip', 'dispute'],
    never('nothing is held or taken yet: each of them is refused'),
  ],
  ['loss', ['loss', 'hold expiry'], never('a loss is written off once, by the order’s own loop')],
  ['loss', ['refund', 'later tip', 'dispute'], never('nothing was taken: each of them is refused')],
  ['hold expiry', ['hold expiry'], never('a hold lapses once')],
  ['hold expiry', ['refund', 'later tip', 'dispute'], never('what was taken is held no more')],
  ['cash', ['cash'], race('the cash is handed in as it counts as missing')],
  ['cash', [...ofOrder, 'dispute'], never('an order is paid in cash or by a provider')],
  ['cash', ['refund'], elsewhere('test/api/cash-refunds.test.ts')],
  ['cash', ['later tip'], never('a later tip is a payment of its own, by card')],
  ['cash', ['payout'], elsewhere('test/activities/payouts.test.ts')],
  ['cash', ['bank return'], never('no bank carries it')],
  ['refund', ['refund'], race('two ask for the same refund')],
  ['refund', ['dispute'], race('a refund is asked for as the payer’s bank takes it back')],
  ['refund', ['later tip'], never('they are two payments')],
  ['refund', ['bank return'], elsewhere('test/activities/refunds-returned.test.ts')],
  ['later tip', ['later tip'], race('two give a tip')],
  ['later tip', ['dispute', 'bank return'], never('a tip is the driver’s once it is captured')],
  ['dispute', ['dispute'], elsewhere('test/api/disputes.test.ts')],
  ['dispute', ['payout'], elsewhere('test/activities/payouts.test.ts')],
  ['dispute', ['bank return'], never('one is the payer’s bank, the other the payee’s')],
  ['payout', ['payout'], race('two ask for what is due')],
  ['payout', ['bank return'], race('a payout comes back as it arrives')],
  [
    'payout',
    ['refund', 'later tip'],
    never('a balance below zero is netted with what is earned later'),
  ],
  ['bank return', ['bank return'], elsewhere('test/activities/payouts-returned.test.ts')],
  ['payout', ofOrder, never('only what was settled before is paid out')],
  [
    'bank return',
    ofOrder,
    never('it is of a payout or refund, which an order’s end does not wait for'),
  ],
  ['top-up', ['top-up'], elsewhere('test/activities/wallet.test.ts')],
  ['top-up', ['withdrawal'], elsewhere('test/db/wallet.test.ts')],
  ['withdrawal', ['withdrawal'], elsewhere('test/db/wallet.test.ts')],
  [
    'withdrawal',
    ['payment', 'dispute', 'bank return'],
    elsewhere('test/activities/wallet.test.ts'),
  ],
  [
    'withdrawal',
    ['capture', 'void', 'loss', 'hold expiry', 'cash', 'refund', 'later tip', 'payout'],
    never('what an order holds of a wallet is set aside, and cannot be withdrawn'),
  ],
  [
    'top-up',
    [...ofOrder, 'cash', ...besides],
    never('money that comes into a wallet takes nothing from anybody'),
  ],
];
