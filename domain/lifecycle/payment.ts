// The rows of the payment machine: calls to the provider, and cash that is on its way.

import type { PaymentPart } from '../parts.ts';
import { renewAt } from '../renewal.ts';
import { final, restsOn, type Rows } from './row.ts';

export const paymentRows: Rows<PaymentPart> = {
  none: restsOn('order'),
  authorizing: {
    kind: 'effect',
    owner: 'system',
    limit: 'paymentActionTimeoutMs',
    says: 'the card is being authorized',
  },
  requires_action: restsOn('order'),
  authorized: {
    kind: 'waits',
    owner: 'system',
    on: ['order', 'delivery'],
    steps: [
      {
        exit: 'renewHold',
        policy: 'renewHoldMs',
        at: renewAt,
        irreversible: false,
        says: 'a new hold on the card is asked for before this one lapses, then this one is let go',
      },
    ],
  },
  declined: restsOn('order'),
  capturing: {
    kind: 'effect',
    owner: 'system',
    limit: 'moneyLimitMs',
    says: 'the payment is being captured',
  },
  capture_failed: {
    kind: 'waits',
    owner: 'system',
    steps: [
      {
        exit: 'retryCapture',
        policy: 'moneyRetryMs',
        at: (part, { facts }) => part.since + facts.policy.moneyRetryMs,
        irreversible: false,
        says: 'the capture is tried again',
      },
      {
        exit: 'writeOff',
        policy: 'moneyLimitMs',
        at: (part, { facts }) => part.firstAt + facts.policy.moneyLimitMs,
        irreversible: true,
        says: 'the hold is let go, then the amount is written off and an incident is opened',
      },
    ],
  },
  captured: final,
  voiding: {
    kind: 'effect',
    owner: 'system',
    limit: 'moneyLimitMs',
    says: 'the hold on the card is being released',
  },
  voided: final,
  written_off: final,
  due: restsOn('order', 'delivery'),
  collected: {
    kind: 'waits',
    owner: 'driver',
    steps: [
      {
        exit: 'fallShort',
        policy: 'cashRemitMs',
        at: (part, { facts }) => part.since + facts.policy.cashRemitMs,
        irreversible: true,
        says: 'the cash counts as missing, the driver owes it and an incident is opened',
      },
    ],
  },
  remitted: final,
  short: final,
  refused: final,
  external: final,
};
