// An order that is paid by wallet and card: its token, what each gives, and what becomes of a half.

import { describe, expect, it } from 'vitest';
import { cutOff } from '../../domain/refund-shares.ts';
import { parseSplitToken, splitToken, walletShare, withCard } from '../../domain/split.ts';
import {
  assign,
  after,
  facts,
  hear,
  inShort,
  minute,
  placedAt,
  say,
  type Saying,
} from './lives.ts';

const customerId = facts.customerId;
const split = {
  ...facts,
  method: 'split',
  paymentMethod: splitToken({ customerId, walletMinor: undefined, card: 'pm_card_visa' }),
} as const;

describe('the token of a split payment', () => {
  it.each([undefined, 700])('names wallet, amount and card: %s', (walletMinor) => {
    const method = { customerId, walletMinor, card: 'pm_card_visa' };
    expect(parseSplitToken(splitToken(method))).toEqual(method);
    expect(parseSplitToken(withCard(splitToken(method), 'pm_other'))?.card).toBe('pm_other');
  });

  it.each(['', 'split', 'split:cus_1_all_pm_1', `split:${customerId}_all_4242`, 'pm_card_visa'])(
    'is not %j',
    (token) => expect(parseSplitToken(token)).toBeUndefined(),
  );
});

it.each([
  ['EUR', 1_000, 333, 333],
  ['EUR', 1_000, 5_000, 1_000],
  ['EUR', 1_000, 990, 950],
  ['EUR', 1_000, 999, 950],
  ['EUR', 40, 30, 0],
  ['HUF', 30_000, 29_000, 12_500],
  ['KWD', 1_000, 999, 800],
  ['KWD', 1_000, 333, 330],
  ['KWD', 1_000, 1_000, 1_000],
])('the wallet gives what leaves the card something it can move: %s', (currency, ...amounts) => {
  const [amountMinor, mostMinor, share] = amounts;
  expect(walletShare(amountMinor, { currency, mostMinor })).toBe(share);
});

const delivered: readonly Saying[] = [
  [0, say.place],
  [1, say.authorized],
  [2, say.accept],
  [3, assign(1, placedAt + 5 * minute)],
  [4, say.ready],
  [5, say.pickUp],
  [6, say.deliver],
];

describe('a split order', () => {
  it('whose card was lost at the capture keeps what the wallet gave, and writes off the rest', () => {
    const lost = after([...delivered, [7, say.captureLost]], split);
    const half = { kind: 'paymentCaptured', providerRef: 'wlt_1', amountMinor: 900 } as const;
    const heard = hear(lost, { ...half, walletMinor: 900 }, placedAt + 8);
    expect(inShort(heard)).toBe('payment.captured payment.written_off order.completed');
    expect(heard.events[0]).toMatchObject({ amountMinor: 900, walletMinor: 900 });
    expect(heard.events[1]).toMatchObject({ amountMinor: 1_600, code: 'hold_expired' });
    expect(heard.state.payment.status).toBe('written_off');
  });

  it('can be tried with another card, from the same wallet', () => {
    const declined = after(
      [
        [0, say.place],
        [1, say.declined],
      ],
      split,
    );
    const { events } = hear(declined, say.retry, placedAt + 2);
    expect(events[0]).toMatchObject({
      type: 'payment.authorizing',
      paymentMethod: splitToken({ customerId, walletMinor: undefined, card: 'pm_card_other' }),
    });
  });
});

it('what a refund’s bearers bear is cut in two', () => {
  const bearers = [
    { account: 'merchant', party: 'mer_1', amountMinor: 300 },
    { account: 'driver', party: 'drv_1', amountMinor: 200 },
  ] as const;
  expect(cutOff(bearers, 350)).toEqual([
    [bearers[0], { ...bearers[1], amountMinor: 50 }],
    [{ ...bearers[1], amountMinor: 150 }],
  ]);
});
