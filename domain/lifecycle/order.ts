// The rows of the order machine: the customer's payment, the merchant's answer, the goods, who collects them.

import type { OrderState } from '../order.ts';
import type { OrderPart, Preparation } from '../parts.ts';
import { final, restsOn, type Rows } from './row.ts';

const shortageDueAt = ({ shortage }: Preparation, { facts }: OrderState): number | undefined =>
  shortage && shortage.askedAt + facts.policy.shortageMs;

/** When the goods should be there: while the customer is asked about missing ones, not before that is answered. */
const expectedReadyAt = (part: Preparation, state: OrderState): number =>
  Math.max(part.readyEstimateAt, shortageDueAt(part, state) ?? 0);

export const orderRows: Rows<OrderPart> = {
  payment_pending: {
    kind: 'waits',
    owner: 'customer',
    steps: [
      {
        exit: 'abandonPayment',
        policy: 'paymentActionTimeoutMs',
        at: (part, { facts, payment }) =>
          payment.status === 'authorizing' ||
          payment.status === 'none' ||
          (payment.status === 'requires_action' && payment.last)
            ? undefined
            : part.since + facts.policy.paymentActionTimeoutMs,
        irreversible: true,
        says: 'the provider is asked once more, then the order is cancelled as not paid',
      },
    ],
    on: ['payment'],
  },
  scheduled: {
    kind: 'waits',
    owner: 'system',
    steps: [
      {
        exit: 'releaseScheduled',
        policy: 'scheduleMarginMs',
        // A second hold decides whether the order is paid, or is in the way of a new one.
        at: ({ releaseAt }, { renewal, spare, facts }) => {
          const since = renewal?.since ?? spare?.firstAt;
          return since === undefined
            ? releaseAt
            : Math.max(releaseAt, since + facts.policy.paymentActionTimeoutMs);
        },
        irreversible: false,
        says: 'the merchant is asked; a card that is not held, or not long enough, is held first',
      },
    ],
  },
  pending: {
    kind: 'waits',
    owner: 'merchant',
    steps: [
      {
        exit: 'remindMerchant',
        policy: 'remindMerchantMs',
        at: (part, { facts }) =>
          part.nudges < 1 ? part.since + facts.policy.remindMerchantMs : undefined,
        irreversible: false,
        says: 'the merchant is reminded',
      },
      {
        exit: 'alertBranch',
        policy: 'acknowledgeMs',
        at: (part, { facts }) =>
          part.nudges < 2 && !part.acknowledged
            ? part.since + facts.policy.acknowledgeMs
            : undefined,
        irreversible: false,
        says: 'the branch counts as unreachable and its managers are told',
      },
      {
        exit: 'callMerchant',
        policy: 'callMerchantMs',
        at: (part, { facts }) =>
          part.nudges < 3 ? part.since + facts.policy.callMerchantMs : undefined,
        irreversible: false,
        says: 'the merchant is called',
      },
      {
        exit: 'expire',
        policy: 'expireMs',
        at: (part, { facts }) => part.since + facts.policy.expireMs,
        irreversible: true,
        says: 'the order expires and the card is released',
      },
    ],
  },
  awaiting_prescription: {
    kind: 'waits',
    owner: 'pharmacist',
    steps: [
      {
        exit: 'expirePrescription',
        policy: 'prescriptionMs',
        at: (part, { facts }) => part.since + facts.policy.prescriptionMs,
        irreversible: true,
        says: 'the order expires and the card is released',
      },
    ],
  },
  accepted: {
    kind: 'waits',
    owner: 'system',
    steps: [
      {
        exit: 'startPreparing',
        policy: 'prepEstimateMs',
        at: (part) => part.prepStartAt,
        irreversible: false,
        says: 'the merchant starts preparing',
      },
    ],
  },
  preparing: {
    kind: 'waits',
    owner: 'merchant',
    steps: [
      {
        exit: 'settleShortage',
        policy: 'shortageMs',
        at: shortageDueAt,
        irreversible: true,
        owner: 'customer',
        says: 'the missing goods are replaced, taken off or the order is cancelled, as the customer asked',
      },
      {
        exit: 'askPreparation',
        policy: 'prepGraceMs',
        at: (part, state) =>
          part.late < 1 ? expectedReadyAt(part, state) + state.facts.policy.prepGraceMs : undefined,
        irreversible: false,
        says: 'the merchant is asked when the goods will be ready',
      },
      {
        exit: 'reestimate',
        policy: 'prepAskMs',
        at: (part, { facts }) =>
          part.late === 1 ? part.lateSince + facts.policy.prepAskMs : undefined,
        irreversible: false,
        says: 'the time is estimated anew, once',
      },
      {
        exit: 'escalatePreparation',
        policy: 'prepGraceMs',
        at: (part, state) =>
          part.late === 2
            ? expectedReadyAt(part, state) + state.facts.policy.prepGraceMs
            : undefined,
        irreversible: false,
        says: 'support is told that the goods are late',
      },
      {
        exit: 'assumeReady',
        policy: 'prepSupportMs',
        at: (part, state) =>
          part.late >= 3
            ? Math.max(part.lateSince, shortageDueAt(part, state) ?? 0) +
              state.facts.policy.prepSupportMs
            : undefined,
        irreversible: false,
        owner: 'support',
        says: 'the order is assumed to be ready',
      },
    ],
  },
  ready: {
    kind: 'waits',
    owner: 'customer',
    steps: [
      {
        exit: 'remindCollection',
        policy: 'collectRemindMs',
        at: (part, { facts, fulfilment }) =>
          fulfilment === 'delivery' || part.reminded
            ? undefined
            : part.since + facts.policy.collectRemindMs,
        irreversible: false,
        says: 'the customer is reminded that the goods are ready',
      },
      {
        exit: 'giveUpCollection',
        policy: 'collectMs',
        at: (part, { facts, fulfilment }) =>
          fulfilment === 'delivery' ? undefined : part.since + facts.policy.collectMs,
        irreversible: true,
        says: 'the order ends as not collected; the merchant is paid',
      },
    ],
    on: ['delivery', 'payment'],
  },
  handed_over: restsOn('payment'),
  completed: final,
  denied: final,
  expired: final,
  cancelled: final,
  failed: final,
};
