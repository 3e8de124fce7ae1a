// Every step that moves money × everybody whom money is asked of: how it ends. What a provider does not have, and a fault
// that a step cannot meet, stand here with their reason.

import { providerNames, type ProviderName } from '../../domain/payment-methods.ts';
import { newsFaults, type Fault } from './money-faults.ts';
import * as steps from './money-steps.ts';
import type { Prepare } from './money-steps.ts';
import type { Rig, RigName } from './payment-rigs.ts';

/** Whom money is asked of: by whom orders are paid, and a bank by which parties are paid out. */
export const columns = [...providerNames, 'bank'] as const;
export type Column = ProviderName | 'bank';

/** How it ends: the row's or the payment's state, the provider's books, our ledger. */
export type End = {
  readonly status: string;
  readonly moved: readonly string[];
  readonly ledger: Readonly<Record<string, number>>;
  /** What somebody is told; none unless named. */
  readonly incidents?: readonly string[];
};
/** Why nothing of the kind can happen. */
type Never = { readonly never: string };
export type Row = {
  readonly prepare: Prepare;
  /** Which request the fault hits. */
  readonly path: (rig: Rig) => string;
  readonly end: End;
  /** Another end is the right one, or there is no such fault. */
  readonly but?: Partial<Readonly<Record<Fault, (End & { readonly why: string }) | Never>>>;
};
export type Step = {
  /** Where a worker may die: before, after the effect, after it is recorded. */
  readonly points: readonly [string, string, string];
  readonly rows: Readonly<Record<Column, Row | Never>>;
};

const never = (why: string): Never => ({ never: why });
export const isNever = (row: object): row is Never => 'never' in row;

const currencyOf = (name: RigName): string =>
  name === 'campay' || name === 'noupay' ? 'XAF' : 'EUR';
const inBooks = (name: RigName, ...lines: readonly string[]): readonly string[] =>
  lines.map((line) => `${line} ${currencyOf(name)}`);

/** A wallet has no network in between: nothing is refused on the way, and nobody tells anything. */
const noNetwork: NonNullable<Row['but']> = {
  '409': never('a wallet is our own ledger: no two requests of one key are in flight'),
  '429': never('a wallet is our own ledger: it limits nobody'),
  ...Object.fromEntries(
    newsFaults.map((fault) => [fault, never('a wallet is our own ledger: it sends no webhooks')]),
  ),
};

const ofOrder = (step: string): Step['points'] => [
  `payment:before#${step}`,
  `payment:after-effect#${step}`,
  `record:after-commit#answer:${step}`,
];
const ofRow = (kind: string, status?: string): Step['points'] => {
  const tag = status === undefined ? '' : `#${status}`;
  return [`${kind}:before${tag}`, `${kind}:after-effect${tag}`, `${kind}:after-record${tag}`];
};

const booked = {
  cash: never('cash is asked of no provider: it is collected, and booked by the order'),
  external: never('it was paid elsewhere: no provider is asked'),
} as const;
const bankPaysOut = { bank: never('a bank only pays out') } as const;
const takesAtOnce = never('mobile money is taken when the payer confirms: there is no hold');
const ownWallet = never('a wallet is not filled out of itself, nor emptied into itself');
const cardHalf = never('the card of a split payment is asked as any card');
const declinedLate = (why: string, moved: readonly string[] = []) => ({
  status: 'declined',
  moved,
  ledger: {},
  why,
});

const held = (name: RigName): Row => ({
  prepare: steps.authorize,
  path: ({ paths }) => paths.authorize,
  end: { status: 'authorized', moved: inBooks(name, 'held 2000'), ledger: {} },
});
const takenByPhone = (name: RigName): Row => ({
  ...held(name),
  end: {
    status: 'captured',
    moved: inBooks(name, 'taken 2000'),
    ledger: { provider_clearing: 2_000, customer: -2_000 },
  },
  but: {
    'key forgotten': declinedLate('the phone’s owner has only ten minutes to confirm'),
  },
});

const taken = (name: RigName): Row => ({
  prepare: steps.capture,
  path: ({ paths }) => paths.capture,
  end: {
    status: 'captured',
    moved: inBooks(name, 'taken 1500'),
    ledger: { provider_clearing: 1_500, merchant: -1_200, platform: -300 },
  },
});
const released: Row = {
  prepare: steps.release,
  path: ({ paths }) => paths.release,
  end: { status: 'voided', moved: [], ledger: {} },
};
const renewed = (path: Row['path']): Row => ({
  prepare: steps.renew,
  path,
  end: { status: 'authorized', moved: ['held 2000 EUR'], ledger: {} },
});
const notRenewed = {
  ...booked,
  ...bankPaysOut,
  paypal: never('an order so far ahead that its hold would lapse is not paid by PayPal'),
  campay: takesAtOnce,
  noupay: takesAtOnce,
  wallet: never('what a wallet holds does not lapse'),
  split: never('only a card alone is renewed: a split payment is held at the release of its order'),
} as const;

const givenBack = (name: RigName, minor = 500): Row => ({
  prepare: steps.refund(minor),
  path: ({ paths }) => paths.refund,
  end: {
    status: 'refunded',
    moved: inBooks(name, 'taken 2000', `given back ${minor}`),
    ledger: { provider_clearing: 2_000 - minor, merchant: -1_600 + minor, platform: -400 },
  },
});

const tipped = (name: RigName): Row => ({
  prepare: steps.tip,
  path: ({ paths }) => paths.authorize,
  end: {
    status: 'paid',
    moved: inBooks(name, 'taken 200'),
    ledger: { provider_clearing: 200, driver: -200 },
  },
});
const filled = (name: RigName): Row => ({
  prepare: steps.topUp,
  path: ({ paths }) => paths.authorize,
  end: {
    status: 'paid',
    moved: inBooks(name, 'taken 5000'),
    ledger: { provider_clearing: 5_000, wallet: -5_000 },
  },
});
/** Asked for once: the payer gives another card rather than being asked again behind their back. */
const askedOnce = {
  'key forgotten': declinedLate('nobody waits a day for a tip or a top-up: it is let go'),
} as const;
const byCardOnce = {
  ...askedOnce,
  '500 before': declinedLate('Stripe has stored the failure under the key'),
} as const;
const unsent = declinedLate('a request that was sent once and is not found is not sent again');
const byPhoneOnce = { ...askedOnce, '409': unsent, '429': unsent, '500 before': unsent } as const;
const side = (row: (name: RigName) => Row) =>
  ({
    ...booked,
    ...bankPaysOut,
    stripe: { ...row('stripe'), but: byCardOnce },
    paypal: { ...row('paypal'), but: askedOnce },
    campay: { ...row('campay'), but: byPhoneOnce },
    noupay: { ...row('noupay'), but: byPhoneOnce },
    wallet: ownWallet,
    split: cardHalf,
  }) as const;
const sideCapture = (row: (name: RigName) => Row) => {
  const captured = (name: RigName): Row => ({
    ...row(name),
    path: ({ paths }) => paths.capture,
  });
  return {
    ...booked,
    ...bankPaysOut,
    stripe: captured('stripe'),
    paypal: captured('paypal'),
    campay: takesAtOnce,
    noupay: takesAtOnce,
    wallet: ownWallet,
    split: cardHalf,
  } as const;
};

const emptied = (name: RigName): Row => ({
  prepare: steps.withdraw,
  path: ({ paths }) => paths.refund,
  end: {
    status: 'paid',
    moved: inBooks(name, 'taken 5000', 'given back 2000'),
    ledger: { provider_clearing: -2_000, wallet: 2_000 },
  },
});

const paidOut = (name: RigName, path = 0): Row => ({
  prepare: steps.payOut,
  path: ({ payOuts }) => payOuts?.paths[path] ?? '',
  end: {
    status: 'paid',
    moved: inBooks(name, 'paid out 9000', ...(name === 'stripe' ? ['sent 9000'] : [])),
    ledger: { merchant: 9_000, provider_clearing: -9_000 },
  },
});
const paysNobodyOut = {
  ...booked,
  paypal: never('parties are paid out by Stripe, mobile money or a bank'),
  wallet: never('parties have no wallet'),
  split: never('parties have no wallet'),
} as const;

export const matrix = {
  authorize: {
    points: ofOrder('authorize'),
    rows: {
      ...booked,
      ...bankPaysOut,
      stripe: held('stripe'),
      paypal: held('paypal'),
      campay: takenByPhone('campay'),
      noupay: takenByPhone('noupay'),
      wallet: {
        ...held('wallet'),
        end: { ...held('wallet').end, ledger: { wallet: 2_000, wallet_held: -2_000 } },
        but: noNetwork,
      },
      split: {
        ...held('split'),
        end: {
          status: 'authorized',
          moved: inBooks('split', 'held 1200', 'held 800'),
          ledger: { wallet: 800, wallet_held: -800 },
        },
      },
    },
  },
  'hold what is approved': {
    points: ofOrder('check'),
    rows: {
      ...booked,
      ...bankPaysOut,
      stripe: never('the bank confirms the hold itself'),
      paypal: { ...held('paypal'), prepare: steps.holdApproved, path: () => '/authorize' },
      campay: takesAtOnce,
      noupay: takesAtOnce,
      wallet: never('nobody is asked to confirm'),
      split: never('the bank confirms the hold itself'),
    },
  },
  capture: {
    points: ofOrder('capture'),
    rows: {
      ...booked,
      ...bankPaysOut,
      stripe: taken('stripe'),
      paypal: taken('paypal'),
      campay: takesAtOnce,
      noupay: takesAtOnce,
      wallet: {
        ...taken('wallet'),
        end: {
          ...taken('wallet').end,
          ledger: { wallet: 1_500, merchant: -1_200, platform: -300 },
        },
        but: noNetwork,
      },
      split: {
        ...taken('split'),
        end: {
          status: 'captured',
          moved: inBooks('split', 'taken 700', 'taken 800'),
          ledger: { provider_clearing: 700, wallet: 800, merchant: -1_200, platform: -300 },
        },
      },
    },
  },
  void: {
    points: ofOrder('void'),
    rows: {
      ...booked,
      ...bankPaysOut,
      stripe: released,
      paypal: released,
      campay: takesAtOnce,
      noupay: takesAtOnce,
      wallet: { ...released, but: noNetwork },
      split: released,
    },
  },
  'hold renewal: the new hold': {
    points: ofOrder('authorize'),
    rows: {
      ...notRenewed,
      stripe: {
        ...renewed(({ paths }) => paths.authorize),
        but: {
          '500 before': {
            ...renewed(({ paths }) => paths.authorize).end,
            incidents: ['hold_will_lapse'],
            why: 'Stripe has stored the failure: the old hold stays, and somebody is told',
          },
        },
      },
    },
  },
  'hold renewal: the old hold': {
    points: ofOrder('release'),
    rows: { ...notRenewed, stripe: renewed(({ paths }) => paths.release) },
  },
  refund: {
    points: ofRow('refund'),
    rows: {
      ...bankPaysOut,
      cash: never('a refund in cash is paid by a person and booked when they say so'),
      external: never('what was paid elsewhere is given back elsewhere'),
      stripe: givenBack('stripe'),
      paypal: givenBack('paypal'),
      campay: givenBack('campay'),
      noupay: givenBack('noupay'),
      wallet: {
        ...givenBack('wallet'),
        end: {
          ...givenBack('wallet').end,
          ledger: { wallet: 1_500, merchant: -1_100, platform: -400 },
        },
        but: noNetwork,
      },
      /** The card first, then the wallet: a refund of two halves. */
      split: {
        ...givenBack('split', 1_500),
        end: {
          status: 'refunded',
          moved: inBooks('split', 'taken 1200', 'taken 800', 'given back 1200', 'given back 300'),
          ledger: { wallet: 500, merchant: -100, platform: -400 },
        },
      },
    },
  },
  'later tip: the hold': { points: ofRow('tip', 'sending'), rows: side(tipped) },
  'later tip: the capture': { points: ofRow('tip', 'authorized'), rows: sideCapture(tipped) },
  'top-up: the hold': { points: ofRow('topup', 'sending'), rows: side(filled) },
  'top-up: the capture': { points: ofRow('topup', 'authorized'), rows: sideCapture(filled) },
  withdrawal: {
    points: ofRow('withdrawal'),
    rows: {
      ...booked,
      ...bankPaysOut,
      stripe: emptied('stripe'),
      paypal: emptied('paypal'),
      campay: emptied('campay'),
      noupay: emptied('noupay'),
      wallet: ownWallet,
      split: ownWallet,
    },
  },
  'payout: the transfer': {
    points: ofRow('payout', 'sending'),
    rows: {
      ...paysNobodyOut,
      stripe: paidOut('stripe'),
      campay: never('the operator pays the phone at once'),
      noupay: never('the operator pays the phone at once'),
      bank: never('the bank is told by a file, whose payments wait in our own table'),
    },
  },
  'payout: to the bank or phone': {
    points: ofRow('payout', 'sending'),
    rows: {
      ...paysNobodyOut,
      stripe: paidOut('stripe', 1),
      campay: paidOut('campay'),
      noupay: paidOut('noupay'),
      bank: never('the bank is told by a file, whose payments wait in our own table'),
    },
  },
} as const satisfies Readonly<Record<string, Step>>;
export type StepName = keyof typeof matrix;
