// Bugs of money, each as a few changed words of the code (other-code.ts), what must go wrong outside for it to show, and
// the check of the audit that must see it.

import type { FaultRule } from '../../sandbox/provider/faults.ts';
import { skipsVoids, type Patch } from './other-code.ts';

/** An order that ends well, one that is cancelled, a merchant who is paid out. */
export type Deed = 'collect' | 'cancel' | 'pay out';

export type MoneyBug = {
  readonly name: string;
  readonly patches: readonly Patch[];
  readonly deed: Deed;
  readonly fault?: FaultRule;
  /** Ids of checks, any of them. */
  readonly seenBy: readonly string[];
};

const settlement = (from: string, to: string): Patch => ({
  file: 'domain/settlement.ts',
  from,
  to,
});

/** Carried out, without an answer. */
const unanswered = (path: string): FaultRule => ({
  match: { method: 'POST', path },
  kind: 'execute_then_timeout',
});

export const moneyBugs: readonly MoneyBug[] = [
  {
    name: 'the idempotency key is dropped',
    patches: [
      {
        file: 'adapters/stripe.ts',
        from: "        expand: ['latest_charge'],\n      },\n      { idempotencyKey: key },",
        to: "        expand: ['latest_charge'],\n      },\n      {},",
      },
    ],
    deed: 'collect',
    fault: unanswered('/v1/payment_intents'),
    seenBy: ['one-payment-per-attempt'],
  },
  { name: 'voids are skipped', patches: skipsVoids, deed: 'cancel', seenBy: ['no-hold-left'] },
  {
    name: 'capture and refund are swapped in the ledger',
    patches: [
      {
        file: 'db/ledger.ts',
        from: "pays('capture', card, amountMinor - walletMinor, attempt)",
        to: "pays('capture', card, walletMinor - amountMinor, attempt)",
      },
    ],
    deed: 'collect',
    seenBy: ['payments-meet-settlement'],
  },
  {
    name: 'what was captured is given back at once',
    patches: [
      {
        file: 'adapters/stripe.ts',
        from: '      .then(readCaptured, (error',
        to: '      .then(async (intent) => {\n        await stripe.refunds.create({ payment_intent: intent.id });\n        return readCaptured(intent);\n      }, (error',
      },
    ],
    deed: 'collect',
    seenBy: ['books-in-ledger'],
  },
  {
    name: 'what rounding gives is lost',
    patches: [
      settlement(
        'platformMinor: totalMinor - merchantMinor',
        'platformMinor: payableMinor - merchantMinor',
      ),
      settlement('    roundingMinor,\n', '    roundingMinor: 0 * roundingMinor,\n'),
    ],
    deed: 'collect',
    seenBy: ['settlement-as-table'],
  },
  {
    name: '`n` advances on a timeout',
    patches: [
      {
        file: 'activities/payments.ts',
        from: '        throw retryable(error.code, error.retryAfterMs);',
        to: "        return { kind: 'paymentNotExecuted' };",
      },
    ],
    deed: 'collect',
    fault: unanswered('/v1/payment_intents'),
    seenBy: ['no-hold-left'],
  },
  {
    name: 'the tip is posted twice',
    patches: [
      settlement('[bill.goodsMinor, bill.tipMinor]', '[bill.goodsMinor, 2 * bill.tipMinor]'),
    ],
    deed: 'collect',
    seenBy: ['settlement-as-table'],
  },
  {
    name: 'the commission is taken of the tip too',
    patches: [
      settlement(
        'feeOn(sold, bill)',
        'feeOn({ ...sold, priceMinor: sold.priceMinor + bill.tipMinor }, bill)',
      ),
    ],
    deed: 'collect',
    seenBy: ['settlement-as-table'],
  },
  {
    name: 'a payout is paid twice',
    patches: [
      {
        file: 'adapters/stripe-payouts.ts',
        from: '        { idempotencyKey: input.key },',
        to: '        {},',
      },
    ],
    deed: 'pay out',
    fault: unanswered('/v1/transfers'),
    seenBy: ['payouts-in-books'],
  },
];
