// Wallets on a real database: the balance is the ledger's, two who want the last of it at once meet each other, and the
// database itself lets none fall below zero.

import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { newId } from '../../db/new-id.ts';
import { postOnce } from '../../db/ledger.ts';
import { openTopUps } from '../../db/top-ups.ts';
import { balanceOf, createWalletBooks } from '../../db/wallet.ts';
import { openWithdrawals } from '../../db/withdrawals.ts';
import { holdRef, parseHoldRef, type WalletBooks } from '../../domain/wallet.ts';
import { createMarket, type Market } from './market.ts';
import { fillWallet } from '../support/wallet.ts';

let market: Market;
let books: WalletBooks;
let wallet: { readonly customerId: string; readonly currency: string };
beforeAll(async () => {
  market = await createMarket();
  books = createWalletBooks(market.db);
});
beforeEach(async () => {
  wallet = { customerId: newId('customer'), currency: 'EUR' };
  await fillWallet(market.db, { ...wallet, amountMinor: 1_000 });
});
afterAll(() => market.close());

const name = () => ({ orderId: newId('order'), step: 'authorize', attempt: 1 });
const balance = () => balanceOf(market.db, wallet);

describe('a hold', () => {
  it('is called so that it can be found again', () => {
    const named = name();
    expect(parseHoldRef(holdRef(named))).toEqual(named);
    expect(parseHoldRef('pi_1')).toBeUndefined();
  });

  it('moves what it sets aside, takes a part of it once and lets the rest go', async () => {
    const hold = name();
    const wish = { ...hold, ...wallet, amountMinor: 700 };
    expect(await books.hold(wish)).toEqual({ status: 'held', amountMinor: 700 });
    expect(await books.hold(wish)).toEqual({ status: 'held', amountMinor: 700 });
    expect(await balance()).toEqual({ balanceMinor: 300, heldMinor: 700 });
    const taken = await books.settle({ ...hold, amountMinor: 450 });
    expect(taken).toMatchObject({ status: 'captured', capturedMinor: 450 });
    expect(await books.settle({ ...hold, amountMinor: 0 })).toEqual(taken);
    expect(await balance()).toEqual({ balanceMinor: 550, heldMinor: 0 });
  });

  it('of two orders at once gives the last of it to one', async () => {
    const wishes = Array.from({ length: 8 }, () => ({ ...name(), ...wallet, amountMinor: 600 }));
    const made = await Promise.all(wishes.map((wish) => books.hold(wish)));
    expect(made.filter(({ status }) => status === 'held')).toHaveLength(1);
    expect(made.filter(({ status }) => status === 'too_little')).toHaveLength(7);
    expect(await balance()).toEqual({ balanceMinor: 400, heldMinor: 600 });
  });

  it('is taken or let go, never both, however many ask at once', async () => {
    const hold = name();
    await books.hold({ ...hold, ...wallet, amountMinor: 600 });
    const ends = await Promise.all(
      [600, 0, 600, 0].map((amountMinor) => books.settle({ ...hold, amountMinor })),
    );
    expect(new Set(ends.map((end) => end?.status)).size).toBe(1);
    const { balanceMinor, heldMinor } = await balance();
    expect([heldMinor, balanceMinor]).toEqual([0, ends[0]?.status === 'captured' ? 400 : 1_000]);
  });

  it('or the burning of its name wins, never both', async () => {
    for (let round = 0; round < 5; round += 1) {
      const hold = name();
      const [made, burnt] = await Promise.all([
        books.hold({ ...hold, ...wallet, amountMinor: 100 }),
        books.burn(hold),
      ]);
      expect([made.status, burnt]).toEqual(
        made.status === 'held' ? ['held', 'held'] : ['burnt', 'burnt'],
      );
    }
  });

  it('gives back at most what it took, once per key', async () => {
    const hold = name();
    await books.hold({ ...hold, ...wallet, amountMinor: 600 });
    await books.settle({ ...hold, amountMinor: 500 });
    const refund = (key: string, amountMinor: number) =>
      books.refund({ ...hold, key, amountMinor });
    await Promise.all([refund('a', 300), refund('a', 300), refund('b', 300)]);
    const after = await books.read(hold);
    expect([...(after?.refunds.values() ?? [])]).toEqual([300]);
    expect((await balance()).balanceMinor).toBe(800);
  });
});

it('one customer’s wallets in two currencies know nothing of each other', async () => {
  expect(await balanceOf(market.db, { ...wallet, currency: 'JPY' })).toEqual({
    balanceMinor: 0,
    heldMinor: 0,
  });
  const yen = { ...name(), ...wallet, currency: 'JPY', amountMinor: 1 };
  expect(await books.hold(yen)).toEqual({ status: 'too_little' });
});

const steal = (amountMinor: number) =>
  postOnce(market.db, {
    posting: {
      key: `theft:${newId('note')}`,
      kind: 'correction',
      entries: [
        { account: 'wallet', party: wallet.customerId, amountMinor },
        { account: 'platform', party: 'platform', amountMinor: -amountMinor },
      ],
    },
    orderId: undefined,
    currency: 'EUR',
    at: new Date(),
  });

it('the database lets no wallet fall below zero, whoever posts', async () => {
  await expect(steal(1_001)).rejects.toMatchObject({ code: 'WB003' });
  expect(await steal(1_000)).toBe('posted');
});

const many = Array.from({ length: 205 });
const common = () => ({
  customer_id: wallet.customerId,
  currency: 'EUR',
  amount_minor: 1,
  requested_by: '{}',
  created_at: new Date(),
  finished_at: null,
});
const seen = async (open: (db: Market['db']) => Promise<readonly string[]>): Promise<number> => {
  const ids = new Set<string>();
  for (let look = 0; look < 10; look += 1) for (const id of await open(market.db)) ids.add(id);
  return ids.size;
};

describe('of more than one look of the housekeeping can take, none is always left out', () => {
  it('of top-ups', async () => {
    const rest = { status: 'requested', provider: 'stripe', payment_method: 'pm_1' } as const;
    const none = { provider_ref: null, client_secret: null, code: null, first_sent_at: null };
    await market.db
      .insertInto('top_ups')
      .values(many.map(() => ({ id: newId('topUp'), ...common(), ...rest, ...none })))
      .execute();
    expect(await seen(openTopUps)).toBe(205);
  });

  it('of withdrawals', async () => {
    await market.db
      .insertInto('withdrawals')
      .values(
        many.map(() => ({ id: newId('withdrawal'), ...common(), status: 'sending' as const })),
      )
      .execute();
    expect(await seen(openWithdrawals)).toBe(205);
  });
});
