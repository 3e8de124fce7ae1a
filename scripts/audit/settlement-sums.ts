// What the words of the settlement's table come to, reckoned anew in whole numbers of any size: the audit does not ask
// the code whose results it judges.

import { stepOf, type Rail } from '../../domain/money.ts';
import type { OrderFacts, PaymentMethod } from '../../domain/order.ts';
import type { Shares } from '../../domain/settlement.ts';
import type { Ended } from './settlement-walk.ts';

/** Half up, of amounts from 0. */
function roundedShare(minor: number, numerator: number, denominator: number): number {
  const [times, by] = [BigInt(minor) * BigInt(numerator), BigInt(denominator)];
  return Number((2n * times + by) / (2n * by));
}

export const shareBps = (minor: number, bps: number): number => roundedShare(minor, bps, 10_000);

const rails: Readonly<Record<PaymentMethod, Rail>> = {
  card: 'card',
  paypal: 'card',
  split: 'card',
  mobile_money: 'book',
  wallet: 'book',
  external: 'book',
  cash: 'cash',
};

export type Sums = Readonly<
  Record<'customer' | 'merchant' | 'driver' | 'platform' | 'tax' | 'rounding', number>
>;

type Parts = Readonly<Record<'goods' | 'kept' | 'fee' | 'tip' | 'pay' | 'bonus', number>>;

function partsOf(facts: OrderFacts, ended: Ended): Parts {
  const { goodsMinor: goods, tipMinor: tip, bonusMinor: bonus, hasFee } = ended;
  return {
    goods,
    tip,
    bonus,
    kept: Math.max(0, goods - facts.restockableMinor),
    fee: hasFee ? facts.deliveryFeeMinor : 0,
    pay: facts.driverPayMinor,
  };
}

function customerPays(word: Shares[0], { goods, kept, fee, tip }: Parts): number {
  switch (word) {
    case 'nothing':
      return 0;
    case 'goods':
      return goods;
    case 'goods_and_fee':
      return goods + fee;
    case 'everything':
      return goods + fee + tip;
    case 'everything_and_return':
      return goods + fee + tip + fee;
    case 'both_legs_and_kept_goods':
      return kept + fee + fee;
  }
}

/** Sold, and beside it. */
function merchantGets(word: Shares[1], { goods, kept, tip, pay }: Parts) {
  switch (word) {
    case 'nothing':
      return { sold: 0, beside: 0 };
    case 'goods':
      return { sold: goods, beside: 0 };
    case 'goods_and_tip':
      return { sold: goods, beside: tip };
    case 'kept_goods':
      return { sold: kept, beside: 0 };
    case 'owes_driver':
      return { sold: 0, beside: -pay };
  }
}

function driverGets(word: Shares[2], { pay, bonus, tip }: Parts): number {
  switch (word) {
    case 'nothing':
      return 0;
    case 'pay':
      return pay + bonus;
    case 'pay_and_tip':
      return pay + bonus + tip;
    case 'both_legs':
      return pay + pay + bonus;
  }
}

/** The most that the customer can be charged; cash only when the goods change hands. */
function limitOf({ method }: OrderFacts, { end, securedMinor }: Ended, parts: Parts): number {
  if (method === 'external') return parts.goods + parts.fee + parts.tip;
  if (method !== 'cash') return securedMinor;
  return end === 'delivered' ? Number.MAX_SAFE_INTEGER : 0;
}

/** To the nearest step that the way of paying can move. */
function payableOf(total: number, { currency, method }: OrderFacts): number {
  const step = stepOf(currency, rails[method]);
  const over = total % step;
  return over * 2 >= step && over > 0 ? total + step - over : total - over;
}

/** Who pays what and who gets what, in minor units. Taxes inside the goods' price carry no commission. */
export function sumsOf(facts: OrderFacts, ended: Ended, shares: Shares): Sums {
  const [customerWord, merchantWord, driverWord] = shares;
  const parts = partsOf(facts, ended);
  const total = Math.min(customerPays(customerWord, parts), limitOf(facts, ended, parts));
  const customer = payableOf(total, facts);
  const { sold, beside } = merchantGets(merchantWord, parts);
  const { goodsBps = 0, feeVatBps = 0 } = facts.taxes ?? {};
  const inside = roundedShare(sold, goodsBps, 10_000 + goodsBps);
  const commission = shareBps(sold - inside, facts.commissionBps);
  const tax = shareBps(commission, feeVatBps);
  const merchant = sold - commission - tax + beside;
  const driver = driverGets(ended.withPartner ? 'nothing' : driverWord, parts);
  const platform = total - merchant - driver - tax;
  return { customer, merchant, driver, platform, tax, rounding: customer - total };
}
