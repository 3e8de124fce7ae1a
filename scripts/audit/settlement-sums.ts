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
  Record<'customer' | 'merchant' | 'driver' | 'platform' | 'tax' | 'goodsTax' | 'rounding', number>
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

/** Goods as listed, and beside them. */
function customerPays(word: Shares[0], { goods, kept, fee, tip }: Parts) {
  switch (word) {
    case 'nothing':
      return { bought: 0, beside: 0 };
    case 'goods':
      return { bought: goods, beside: 0 };
    case 'goods_and_fee':
      return { bought: goods, beside: fee };
    case 'everything':
      return { bought: goods, beside: fee + tip };
    case 'everything_and_return':
      return { bought: goods, beside: fee + tip + fee };
    case 'both_legs_and_kept_goods':
      return { bought: kept, beside: fee + fee };
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
function limitOf(facts: OrderFacts, { end, securedMinor }: Ended, parts: Parts): number {
  const { method } = facts;
  if (method === 'external') return pricedAt(parts.goods, facts).price + parts.fee + parts.tip;
  if (method !== 'cash') return securedMinor;
  return end === 'delivered' ? Number.MAX_SAFE_INTEGER : 0;
}

/** To the nearest step that the way of paying can move. */
function payableOf(total: number, { currency, method }: OrderFacts): number {
  const step = stepOf(currency, rails[method]);
  const over = total % step;
  return over * 2 >= step && over > 0 ? total + step - over : total - over;
}

/** Of goods as listed: what they cost after their share of the merchant's discount, and the tax in that. */
function pricedAt(listed: number, { goodsMinor, merchantDiscountMinor = 0, taxes }: OrderFacts) {
  const { goodsBps = 0, mode = 'inclusive' } = taxes ?? {};
  const off =
    listed >= goodsMinor
      ? merchantDiscountMinor
      : Number((BigInt(merchantDiscountMinor) * BigInt(listed)) / BigInt(goodsMinor));
  const net = listed - off;
  if (mode === 'exclusive') {
    const tax = shareBps(net, goodsBps);
    return { price: net + tax, tax };
  }
  return { price: net, tax: roundedShare(net, goodsBps, 10_000 + goodsBps) };
}

/** Who pays what and who gets what, in minor units. Tax on the goods carries no commission. */
export function sumsOf(facts: OrderFacts, ended: Ended, shares: Shares): Sums {
  const [customerWord, merchantWord, driverWord] = shares;
  const parts = partsOf(facts, ended);
  const { collector, feeVatBps = 0 } = facts.taxes ?? {};
  const isOurs = collector === 'platform';
  const pays = customerPays(customerWord, parts);
  const bought = pricedAt(pays.bought, facts);
  const total = Math.min(bought.price + pays.beside, limitOf(facts, ended, parts));
  const customer = payableOf(total, facts);
  const gets = merchantGets(merchantWord, parts);
  const sold = pricedAt(gets.sold, facts);
  const commission = shareBps(Math.max(0, sold.price - sold.tax), facts.commissionBps);
  const tax = shareBps(commission, feeVatBps);
  const goodsTax = isOurs ? Math.min(bought.tax, total) : 0;
  const merchant = sold.price - (isOurs ? sold.tax : 0) - commission - tax + gets.beside;
  const driver = driverGets(ended.withPartner ? 'nothing' : driverWord, parts);
  const platform = total - merchant - driver - tax - goodsTax;
  return { customer, merchant, driver, platform, tax, goodsTax, rounding: customer - total };
}
