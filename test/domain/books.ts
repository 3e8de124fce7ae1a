// The books of one life: what its events post, and refunds behind its end; with what must hold of them ("nothing lost",
// 1 to 3).

import { balanced, type Posting } from '../../domain/ledger.ts';
import { stepOf, sumMinor } from '../../domain/money.ts';
import { priceOf } from '../../domain/money/price.ts';
import { holdMinorOf, priceTermsOf, railOf, type OrderFacts } from '../../domain/order.ts';
import type { OrderEvent } from '../../domain/events.ts';
import { providerOfOrder } from '../../domain/payment-methods.ts';
import {
  goodsTaxIn,
  planRefund,
  refundEndPosting,
  refundFaults,
  refundPostings,
  type RefundBasis,
  type RefundFacts,
  type RefundWish,
} from '../../domain/refund.ts';
import {
  bearersOf,
  earnersOf,
  goodsTaxOf,
  takenIn,
  type Move,
} from '../../domain/refund-shares.ts';
import { postingOf } from '../../db/ledger.ts';
import { must, type Draw } from './lives.ts';

/** How a customer’s debt is paid. */
const payments: ReadonlySet<string> = new Set([
  'capture',
  'write_off',
  'cash',
  'elsewhere',
  // Before anybody asks for money back: the rest of what was taken early.
  'refund_sent',
]);

/** What really changes hands, and so only in the steps that it can. */
const moves: ReadonlySet<string> = new Set(['capture', 'cash', 'refund_sent', 'refund_confirmed']);

const movesOf = (postings: readonly Posting[]): readonly Move[] =>
  postings.flatMap(({ kind, entries }) => entries.map((entry) => ({ kind, ...entry })));

const totalOf = (postings: readonly Posting[], fits: (move: Move) => boolean): number =>
  sumMinor(
    movesOf(postings)
      .filter(fits)
      .map(({ amountMinor }) => amountMinor),
  );

/** What the provider holds of it; of cash, what was paid less what the desk has given back. */
const keptIn = (postings: readonly Posting[]): number =>
  totalOf(postings, ({ account }) => account === 'provider_clearing') +
  takenIn(movesOf(postings).filter(({ kind }) => kind === 'cash')) +
  totalOf(postings, ({ kind, account }) => kind === 'refund_confirmed' && account === 'cash_desk');

const capturedIn = (postings: readonly Posting[]): number =>
  totalOf(postings, ({ kind, account }) => kind === 'capture' && account === 'provider_clearing');

/** What was taken before the end and is not owed goes back by a refund that the customer bears. */
function givenBack(facts: OrderFacts, amountMinor: number) {
  const { orderId, customerId } = facts;
  const refund: RefundFacts = {
    refundId: 'rfd_prepaid',
    orderId,
    customerId,
    provider: providerOfOrder(facts),
    amountMinor,
    bearers: [{ account: 'customer', party: customerId, amountMinor }],
  };
  return [...refundPostings(refund), refundEndPosting(refund, 'refunded')];
}

/** Throws when one is out of balance or posted twice. */
export function booksOf(facts: OrderFacts, log: readonly OrderEvent[]): readonly Posting[] {
  let driverId = 'none';
  const postings = log.flatMap((event) => {
    if (event.type === 'delivery.assigned' || event.type === 'delivery.transferred')
      driverId = event.driverId;
    const posting = postingOf(facts, event, driverId);
    const back = event.type === 'payment.refund_due' ? givenBack(facts, event.amountMinor) : [];
    return [...(posting ? [posting] : []), ...back].flatMap((each) => balanced(each) ?? []);
  });
  must(new Set(postings.map(({ key }) => key)).size === postings.length, 'a key is posted twice');
  return postings;
}

/** `bankMinor`: what the bank’s own books say was taken. */
export function checkBooks(
  facts: OrderFacts,
  { postings, bankMinor }: { readonly postings: readonly Posting[]; readonly bankMinor: number },
): void {
  const captured = capturedIn(postings);
  must(captured === bankMinor, `the ledger took ${captured}, the bank ${bankMinor}`);
  must(captured <= holdMinorOf(facts), `captured ${captured} of ${holdMinorOf(facts)}`);
  const step = stepOf(facts.currency, railOf(facts));
  for (const { kind, amountMinor } of movesOf(postings))
    must(!moves.has(kind) || amountMinor % step === 0, `${kind} of ${amountMinor}, by ${step}`);
  const customer = (fits: (kind: string) => boolean): number =>
    totalOf(postings, ({ kind, account }) => account === 'customer' && fits(kind));
  const owed = customer((kind) => kind === 'settlement');
  const paid = -customer((kind) => payments.has(kind));
  must(owed === paid, `the settlement asks for ${owed}, the payments are ${paid}`);
  for (const account of ['customer', 'cash_in_hand']) {
    const left = totalOf(postings, (move) => move.account === account);
    must(left === 0, `the ledger leaves ${left} in ${account}`);
  }
}

type Made = { readonly amountMinor: number; readonly wish: RefundWish };

type Asked = {
  readonly capturedMinor: number;
  readonly made: readonly Made[];
  readonly postings: readonly Posting[];
};

const taxIn = (postings: readonly Posting[]): RefundBasis['goodsTax'] => ({
  earnedMinor: goodsTaxOf(movesOf(postings)),
  givenBackMinor: totalOf(
    postings,
    ({ kind, account }) => account === 'goods_tax' && kind !== 'settlement',
  ),
});

function basisOf(facts: OrderFacts, { capturedMinor, made, postings }: Asked): RefundBasis {
  const parts = made.flatMap(({ wish }) => (wish.kind === 'parts' ? [wish] : []));
  const refundedQuantity = parts.filter(({ items }) => items.length > 0).length;
  const pricing = priceTermsOf(facts);
  return {
    currency: facts.currency,
    rail: railOf(facts),
    isOver: true,
    capturedMinor,
    refundedMinor: sumMinor(made.map(({ amountMinor }) => amountMinor)),
    disputed: false,
    lostMinor: 0,
    items: [{ unitPriceMinor: facts.goodsMinor, quantity: 1, refundedQuantity }],
    itemsRefunded: priceOf(facts.goodsMinor * refundedQuantity, pricing),
    pricing,
    goodsTax: taxIn(postings),
    deliveryFee: {
      minor: facts.deliveryFeeMinor,
      refunded: parts.some(({ deliveryFee }) => deliveryFee),
    },
    tip: { minor: facts.tipMinor, refunded: parts.some(({ tip }) => tip) },
  };
}

function wishFrom(draw: Draw, capturedMinor: number): RefundWish {
  switch (draw(3)) {
    case 0:
      return { kind: 'amount', amountMinor: 1 + Math.floor((capturedMinor * draw(101)) / 100) };
    case 1:
      return { kind: 'whole' };
    default: {
      const items = draw(2) === 0 ? [] : [{ index: 0, quantity: 1 }];
      return { kind: 'parts', items, deliveryFee: draw(2) === 0, tip: draw(2) === 0 };
    }
  }
}

const asksAtMost = 5;

/** A customer asks for money back, again and again; some of it fails. Returns how often it was given. */
export function refundSome(
  facts: OrderFacts,
  { postings: before, draw }: { readonly postings: readonly Posting[]; readonly draw: Draw },
): number {
  const captured = keptIn(before);
  let postings = before;
  let made: readonly Made[] = [];
  for (let n = 1; n <= asksAtMost; n += 1) {
    const wish = wishFrom(draw, captured);
    const basis = basisOf(facts, { capturedMinor: captured, made, postings });
    const plan = planRefund(basis, wish);
    const fails = draw(4) === 0;
    if (plan.kind === 'refused') continue;
    const { amountMinor } = plan;
    const fault = refundFaults[draw(refundFaults.length)] ?? 'shared';
    const earners = earnersOf(movesOf(postings));
    const refund: RefundFacts = {
      refundId: `rfd_${n}`,
      orderId: facts.orderId,
      customerId: facts.customerId,
      provider: providerOfOrder(facts),
      amountMinor,
      bearers: bearersOf(amountMinor, {
        fault,
        earners,
        goodsTaxMinor: goodsTaxIn(basis, wish, amountMinor),
      }),
    };
    const end = refundEndPosting(refund, fails ? 'failed' : 'refunded');
    postings = [...postings, ...[...refundPostings(refund), end].flatMap((p) => balanced(p) ?? [])];
    if (!fails) made = [...made, { amountMinor, wish }];
  }
  checkRefunds({ facts, captured }, { postings, made });
  return made.length;
}

function checkRefunds(
  { facts, captured }: { readonly facts: OrderFacts; readonly captured: number },
  { postings, made }: { readonly postings: readonly Posting[]; readonly made: readonly Made[] },
): void {
  const refunded = sumMinor(made.map(({ amountMinor }) => amountMinor));
  must(refunded <= captured, `refunded ${refunded} of ${captured}`);
  const held = keptIn(postings);
  must(held === captured - refunded, `what is kept is ${held} of ${captured} − ${refunded}`);
  for (const account of ['customer', 'refunds_in_transit']) {
    const left = totalOf(postings, (move) => move.account === account);
    must(left === 0, `refunds leave ${left} in ${account}`);
  }
  const { earnedMinor, givenBackMinor } = taxIn(postings);
  must(givenBackMinor <= earnedMinor, `${givenBackMinor} of ${earnedMinor} tax given back`);
  if (refunded === captured)
    must(givenBackMinor >= Math.min(earnedMinor, captured), 'tax is owed on what was given back');
  const step = stepOf(facts.currency, railOf(facts));
  for (const { amountMinor } of made) must(amountMinor % step === 0, `refunded ${amountMinor}`);
  const all = totalOf(postings, () => true);
  must(all === 0, `all accounts together hold ${all}`);
}
