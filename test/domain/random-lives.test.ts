// Random lives of an order: any command, any deadline, any answer of the bank in any order, early, late, twice; in
// currencies of every exponent, and with refunds behind the end.

import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Posting } from '../../domain/ledger.ts';
import { priceOf } from '../../domain/money/price.ts';
import { taxModes } from '../../domain/money/tax.ts';
import {
  priceTermsOf,
  substitutions,
  taxCollectors,
  undeliverables,
  type OrderFacts,
} from '../../domain/order.ts';
import { judgeSettlement } from '../../scripts/audit/settlement-checks.ts';
import { currencies, worthOf } from '../support/currencies.ts';
import { figure } from '../support/figure.ts';
import { refundSome } from './books.ts';
import { combinationOf, facts, hour, must, placedAt, say, type Draw } from './lives.ts';
import {
  checkEnd,
  hearBank,
  hearFleet,
  newWorld,
  pass,
  runOut,
  speak,
  turn,
  type World,
} from './world.ts';

const lives = Number(process.env['LIVES'] ?? 2_000);

/** Reads the numbers of a tape one after the other, then zeros. */
function drawFrom(tape: readonly number[]): (n: number) => number {
  let at = 0;
  return (n) => (tape[at++] ?? 0) % n;
}

const pick = <T>(draw: Draw, all: readonly T[]): T => all[draw(all.length)] as T;

/** The plain order's amounts in any currency, half of them odd. */
function amountsFrom(draw: Draw) {
  const currency = pick(draw, currencies);
  const amountOf = (euroCents: number): number =>
    worthOf(euroCents, currency) + (draw(2) === 0 ? 0 : draw(997));
  return {
    currency,
    goodsMinor: amountOf(facts.goodsMinor),
    tipMinor: amountOf(facts.tipMinor),
    driverPayMinor: amountOf(facts.driverPayMinor),
    feeMinor: amountOf(facts.deliveryFeeMinor),
    stepMinor: amountOf(500),
    commissionBps: pick(draw, [facts.commissionBps, 0, 1_333, 10_000]),
  };
}

const methods = [
  'card',
  'card',
  'card',
  'cash',
  'external',
  'mobile_money',
  'paypal',
  'wallet',
  'split',
] as const;
const tokens = {
  mobile_money: 'campay:payer',
  paypal: 'paypal',
  wallet: `wallet:${facts.customerId}`,
  split: `split:${facts.customerId}_all_pm_card_visa`,
} as const;

/** Holds that last for some hours. */
const renews = {
  renewHoldMs: 7 * 24 * hour - 6 * hour,
  holdMarginMs: 7 * 24 * hour - 8 * hour,
  orderLifeMs: 30 * 24 * hour,
};

/** Every kind of order; 0s make the plain one. */
function factsFrom(draw: Draw): OrderFacts {
  const { feeMinor, stepMinor, ...amounts } = amountsFrom(draw);
  const method = pick(draw, methods);
  const fulfilment = pick(draw, ['delivery', 'delivery', 'delivery', 'pickup', 'dine_in'] as const);
  const deliveryFeeMinor = fulfilment === 'delivery' ? feeMinor : 0;
  const promised = pick(draw, [undefined, undefined, undefined, 4 * hour, 240 * hour]);
  const substitution = pick(draw, substitutions);
  const isPharmacy = draw(5) === 4;
  const pricing = pricingFrom(draw, amounts.goodsMinor);
  const terms = priceTermsOf({ ...amounts, ...pricing });
  const { priceMinor } = priceOf(amounts.goodsMinor, terms);
  return {
    ...facts,
    ...amounts,
    method,
    paymentMethod: method in tokens ? tokens[method as keyof typeof tokens] : facts.paymentMethod,
    fulfilment,
    deliveryFeeMinor,
    totalMinor: priceMinor + deliveryFeeMinor + amounts.tipMinor,
    bufferMinor: substitution === 'substitute' && method !== 'mobile_money' ? stepMinor : 0,
    restockableMinor: draw(2) * stepMinor,
    travelMs: fulfilment === 'delivery' ? facts.travelMs : 0,
    ...(promised === undefined ? {} : { promisedAt: placedAt + promised }),
    ...(draw(5) === 4 ? { autoAcceptUntil: placedAt + hour } : {}),
    goodsKind: isPharmacy ? 'pharmacy' : 'restaurant',
    prescription: isPharmacy,
    ageCheck: draw(6) === 5,
    substitution,
    undeliverable: pick(draw, undeliverables),
    proofs: draw(5) === 4 ? ['photo'] : [],
    policy: { ...facts.policy, partnerCapMinor: draw(2) * 1_000, ...(draw(6) === 5 && renews) },
    ...pricing,
  };
}

/** Half of the orders have taxes, and a third of them a discount. */
function pricingFrom(
  draw: Draw,
  goodsMinor: number,
): Pick<OrderFacts, 'taxes' | 'merchantDiscountMinor'> {
  const taxes = {
    goodsBps: 100 * draw(28),
    feeVatBps: 100 * draw(26),
    mode: pick(draw, taxModes),
    collector: pick(draw, taxCollectors),
  };
  const merchantDiscountMinor = draw(goodsMinor + 1);
  return {
    ...(draw(2) === 0 ? {} : { taxes }),
    ...(draw(3) === 2 && { merchantDiscountMinor }),
  };
}

type Lived = World & { readonly refunds: number };

function live(tape: readonly number[]): Lived {
  const draw = drawFrom(tape);
  const world = newWorld(factsFrom(draw), draw);
  turn(world, say.place);
  for (let turns = 0; turns < tape.length / 5; turns += 1) {
    const act = [speak, speak, speak, hearBank, hearBank, pass, hearFleet][draw(7)] ?? pass;
    act(world);
  }
  runOut(world);
  const postings = checkEnd(world);
  checkTable(world, postings);
  const refunds = refundSome(world.facts, { postings, draw: drawFrom(tape.toReversed()) });
  return { ...world, refunds };
}

/** The audit, which reckons by itself, finds what the table says. */
function checkTable({ facts: of, log }: World, postings: readonly Posting[]): void {
  const { orderId, currency } = of;
  const ledger = postings.map((posting) => ({
    ...posting,
    orderId,
    currency,
    entries: posting.entries.map((entry) => ({ ...entry, currency })),
  }));
  const [breach] = judgeSettlement({ id: orderId, facts: of, events: log }, ledger);
  must(!breach, `expected ${breach?.expected}, actual ${breach?.actual}`);
}

const tapes = fc.array(fc.nat({ max: 5_039 }), { minLength: 20, maxLength: 500, size: 'max' });

const eventKinds = 97;

describe('random lives', () => {
  it(`keep the money right and come to an end, ${lives} of them`, () => {
    const ends = new Map<string, number>();
    const refunded = new Map<string, number>();
    fc.assert(
      fc.property(tapes, (tape) => {
        const { state, log, facts: of, refunds } = live(tape);
        refunded.set(of.currency, (refunded.get(of.currency) ?? 0) + refunds);
        for (const seen of [combinationOf(state), ...log.map(({ type }) => type)]) {
          ends.set(seen, (ends.get(seen) ?? 0) + 1);
        }
      }),
      { numRuns: lives, seed: 20_261_121 },
    );
    console.log(
      `random lives: ${[...ends]
        .filter(([name]) => name.includes('×'))
        .map(([name, n]) => `${name} ${n}`)
        .join(', ')}`,
    );
    const events = [...ends.keys()].filter((name) => name.includes('.'));
    figure(
      `${lives} random lives came to an end with the money right; ${events.length} kinds of events; ` +
        `refunds ${[...refunded].map(([code, n]) => `${code} ${n}`).join(', ')}`,
    );
    expect([...refunded.values()].filter((n) => n > 0)).toHaveLength(currencies.length);
    // In the proof all of the catalogue; the rarest need more lives than a test run has.
    expect(events.length).toBeGreaterThanOrEqual(lives >= 100_000 ? eventKinds : 65);
  }, 600_000);
});
