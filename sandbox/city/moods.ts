// How often people are difficult. Drawn once per order when a day is planned, so that a seed always
// gives the same moods whatever happens on the day. Used by generate.ts and instance.ts.

import type { CustomerMood, MerchantMood, PlannedDriver } from './plan.ts';
import { createRandom, type Random } from './random.ts';

/** Shares of orders, offers or deliveries, from 0 to 1. */
export type MoodRates = {
  readonly silentMerchant: number;
  readonly lateKitchen: number;
  readonly secondCard: number;
  readonly givesUp: number;
  readonly authenticates: number;
  readonly impatient: number;
  readonly declinedOffer: number;
  readonly abandonedDelivery: number;
};

export const obliging: MoodRates = {
  silentMerchant: 0,
  lateKitchen: 0,
  secondCard: 0,
  givesUp: 0,
  authenticates: 0,
  impatient: 0,
  declinedOffer: 0,
  abandonedDelivery: 0,
};

/** An ordinary day. */
export const ordinary: MoodRates = {
  silentMerchant: 0.03,
  lateKitchen: 0.12,
  secondCard: 0.04,
  givesUp: 0.02,
  authenticates: 0.07,
  impatient: 0.03,
  declinedOffer: 0.08,
  abandonedDelivery: 0.04,
};

/** A bad one: everything, often. */
export const difficult: MoodRates = {
  silentMerchant: 0.08,
  lateKitchen: 0.3,
  secondCard: 0.1,
  givesUp: 0.04,
  authenticates: 0.15,
  impatient: 0.08,
  declinedOffer: 0.2,
  abandonedDelivery: 0.1,
};

type OrderMoods = {
  readonly merchantMood: MerchantMood;
  readonly customerMood: CustomerMood;
  readonly lateByMinutes: number;
};

export function drawOrderMoods(rates: MoodRates, random: Random): OrderMoods {
  const merchantMood = drawMerchant(rates, random.next());
  return {
    merchantMood,
    lateByMinutes: merchantMood === 'late' ? random.between(4, 9) : 0,
    customerMood: drawCustomer(rates, random),
  };
}

function drawMerchant({ silentMerchant, lateKitchen }: MoodRates, draw: number): MerchantMood {
  if (draw < silentMerchant) return 'silent';
  return draw < silentMerchant + lateKitchen ? 'late' : 'prompt';
}

function drawCustomer(rates: MoodRates, random: Random): CustomerMood {
  const { secondCard, givesUp, authenticates, impatient } = rates;
  const draw = random.next();
  const minutes = random.next();
  if (draw < secondCard) return { kind: 'second_card' };
  if (draw < secondCard + givesUp) return { kind: 'gives_up' };
  if (draw < secondCard + givesUp + authenticates) {
    return { kind: 'authenticates', afterMinutes: 0.5 + 2 * minutes };
  }
  return draw < secondCard + givesUp + authenticates + impatient
    ? { kind: 'impatient', cancelsAfterMinutes: 4 + 12 * minutes }
    : { kind: 'calm' };
}

export const driverMoods = (rates: MoodRates): Pick<PlannedDriver, 'declines' | 'abandons'> => ({
  declines: rates.declinedOffer,
  abandons: rates.abandonedDelivery,
});

type Asked = { readonly seed: number; readonly driver: string; readonly order: string };

/** A driver says the same to the same order whenever it is offered: `share` of them are declined. */
export const saysNo = (share: number, { seed, driver, order }: Asked): boolean =>
  createRandom(seed).fork(`${driver} asked for ${order}`).chance(share);
