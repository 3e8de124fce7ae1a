// The rows of the delivery machine: the search, the driver's way, the door, the way back.

import type { OrderState } from '../order.ts';
import { mayAskPartner } from '../partner.ts';
import type { DeliveryPart, PartnerHold } from '../parts.ts';
import { restsOn, type Rows, type Step } from './row.ts';

type In<S extends DeliveryPart['status']> = Extract<DeliveryPart, { readonly status: S }>;

/** When the goods are there to be picked up, as far as is known; the merchant's word is given its grace. */
function goodsReadyAt({ order, facts }: OrderState): number {
  if ('readyEstimateAt' in order && order.status !== 'ready')
    return order.readyEstimateAt + facts.policy.prepGraceMs;
  return order.status === 'ready' ? order.since : 0;
}

function pickupDueAt(part: In<'confirmed' | 'partner_confirmed'>, state: OrderState): number {
  const etaAt =
    part.status === 'confirmed' ? Math.min(part.pickupEtaAt, part.latestEtaAt) : part.pickupEtaAt;
  return Math.max(etaAt, goodsReadyAt(state)) + state.facts.policy.pickupLateGraceMs;
}

const dropoffDueAt = (part: In<'picked_up'>, { facts }: OrderState): number =>
  Math.min(part.dropoffEtaAt, part.latestEtaAt) + facts.policy.dropoffLateGraceMs;

/** A driver's wait counts from the later of their arrival and the time that the goods were to be ready. */
function pickupWaitEndsAt(part: In<'arrived_at_pickup'>, { order, facts }: OrderState): number {
  const readyAt =
    'readyEstimateAt' in order && order.status !== 'ready' ? order.readyEstimateAt : 0;
  return Math.max(part.since, readyAt) + facts.policy.maxPickupWaitMs;
}

const dropoffWaitEndsAt = (part: In<'arrived_at_dropoff'>, { facts }: OrderState): number =>
  part.since + facts.policy.maxDropoffWaitMs;

const triedEnough = (part: In<'arrived_at_dropoff'>, { facts }: OrderState): boolean =>
  part.contacts >= facts.policy.minContactAttempts;

const ping = 'the driver is asked where they are';
const unconfirm =
  'the delivery is handed to support as unconfirmed; the hold on the card is kept' as const;

const assumeReturned = <Part>(at: Step<Part>['at']): Step<Part> => ({
  exit: 'assumeReturned',
  policy: 'returnWaitMs',
  at,
  irreversible: true,
  says: 'the goods are assumed to be back and an incident is opened',
});

/** When the last of our own drivers has had the time of the widest rung. */
function rungsEndAt(part: In<'searching'>, { facts }: OrderState): number {
  const { rungs, searchLimitMs } = facts.policy;
  const lastMs = rungs.reduce((sum, { durationMs }) => sum + durationMs, 0);
  return part.since + Math.min(lastMs, searchLimitMs);
}

const searchEndsAt = (part: In<'searching'>, { facts, searchedMs }: OrderState): number =>
  part.since + facts.policy.searchLimitMs - searchedMs;

const failSearch = (escalated: boolean): Step<In<'searching'>> => ({
  exit: 'failSearch',
  policy: 'searchLimitMs',
  owner: escalated ? 'support' : 'system',
  at: (part, state) => (part.escalated === escalated ? searchEndsAt(part, state) : undefined),
  irreversible: true,
  says: 'the order fails for want of a driver; the customer pays nothing',
});

const pollPartner: Step<{ readonly since: number } & PartnerHold> = {
  exit: 'pollPartner',
  policy: 'partnerPollMs',
  at: ({ checking, checkAt, since }, { facts }) =>
    checking ? undefined : Math.max(checkAt, since) + facts.policy.partnerPollMs,
  irreversible: false,
  says: 'the partner fleet is asked how far it is',
};

/** It is asked more and more seldom: again once a quarter of the time until the last question has passed. */
const pollLate: Step<In<'partner_unconfirmed'>> = {
  ...pollPartner,
  at: ({ checking, checkAt, since }, { facts }) => {
    const askedAt = Math.max(checkAt, since);
    return checking
      ? undefined
      : askedAt + Math.max(facts.policy.partnerPollMs, Math.round((askedAt - since) / 4));
  },
};

const giveUpProof = <Part extends { readonly since: number }>(): Step<Part> => ({
  exit: 'giveUpProof',
  policy: 'lateProofWindowMs',
  at: (part, { facts, payment }) =>
    Math.min(
      part.since + facts.policy.lateProofWindowMs,
      payment.status === 'authorized'
        ? Math.max(part.since, payment.captureBefore - facts.policy.holdMarginMs)
        : Number.POSITIVE_INFINITY,
    ),
  irreversible: true,
  says: 'the delivery counts as failed, the card is released and the platform bears it',
});

export const deliveryRows: Rows<DeliveryPart> = {
  none: restsOn('order'),
  searching: {
    kind: 'waits',
    owner: 'system',
    steps: [
      {
        exit: 'askPartner',
        policy: 'rungs',
        at: (part, state) => (mayAskPartner(state) ? rungsEndAt(part, state) : undefined),
        irreversible: true,
        says: 'a partner fleet is asked to bring it',
      },
      {
        exit: 'escalateSearch',
        policy: 'rungs',
        at: (part, state) => {
          const at = rungsEndAt(part, state);
          const isLast = at >= searchEndsAt(part, state);
          return part.escalated || isLast || mayAskPartner(state) ? undefined : at;
        },
        irreversible: false,
        says: 'support is told that no driver was found; the search goes on',
      },
      failSearch(false),
      failSearch(true),
    ],
  },
  partner_requested: {
    kind: 'effect',
    owner: 'system',
    limit: 'partnerAnswerMs',
    says: 'the partner fleet is asked for its price, and to bring it',
  },
  partner_confirmed: {
    kind: 'waits',
    owner: 'partner',
    steps: [
      pollPartner,
      {
        exit: 'dropPartner',
        policy: 'pickupLateGraceMs',
        at: (part, state) => pickupDueAt(part, state) + state.facts.policy.pingGraceMs,
        irreversible: true,
        says: 'the partner fleet is cancelled and the search for a driver goes on',
      },
    ],
  },
  partner_picked_up: {
    kind: 'waits',
    owner: 'partner',
    steps: [
      pollPartner,
      {
        exit: 'unconfirmPartner',
        policy: 'dropoffLateGraceMs',
        at: (part, { facts }) =>
          part.dropoffEtaAt + facts.policy.dropoffLateGraceMs + facts.policy.pingGraceMs,
        irreversible: true,
        says: unconfirm,
      },
    ],
  },
  partner_unconfirmed: { kind: 'waits', owner: 'support', steps: [pollLate, giveUpProof()] },
  partner_cancelling: {
    kind: 'waits',
    owner: 'system',
    steps: [
      {
        exit: 'giveUpPartner',
        policy: 'partnerCancelMs',
        at: (part, { facts }) => part.since + facts.policy.partnerCancelMs,
        irreversible: true,
        says: 'the cancellation at the partner fleet counts as failed and an incident is opened',
      },
    ],
  },
  confirmed: {
    kind: 'waits',
    owner: 'driver',
    steps: [
      {
        exit: 'pingDriver',
        policy: 'pickupLateGraceMs',
        at: (part, state) => (part.pinged ? undefined : pickupDueAt(part, state)),
        irreversible: false,
        says: ping,
      },
      {
        exit: 'unassignLate',
        policy: 'pingGraceMs',
        at: (part, state) => pickupDueAt(part, state) + state.facts.policy.pingGraceMs,
        irreversible: true,
        says: 'the driver is released and another one is looked for',
      },
    ],
  },
  arrived_at_pickup: {
    kind: 'waits',
    owner: 'merchant',
    steps: [
      {
        exit: 'warnMerchant',
        policy: 'maxPickupWaitMs',
        at: (part, state) => (part.warned ? undefined : pickupWaitEndsAt(part, state)),
        irreversible: false,
        says: 'the merchant is warned that the driver will leave',
      },
      {
        exit: 'releaseDriver',
        policy: 'pickupWarnMs',
        at: (part, state) => pickupWaitEndsAt(part, state) + state.facts.policy.pickupWarnMs,
        irreversible: true,
        says: 'the driver is released with pay and another one is looked for',
      },
    ],
  },
  picked_up: {
    kind: 'waits',
    owner: 'driver',
    steps: [
      {
        exit: 'pingDriver',
        policy: 'dropoffLateGraceMs',
        at: (part, state) => (part.pinged ? undefined : dropoffDueAt(part, state)),
        irreversible: false,
        says: ping,
      },
      {
        exit: 'unconfirm',
        policy: 'pingGraceMs',
        at: (part, state) => dropoffDueAt(part, state) + state.facts.policy.pingGraceMs,
        irreversible: true,
        says: unconfirm,
      },
    ],
  },
  arrived_at_dropoff: {
    kind: 'waits',
    owner: 'customer',
    steps: [
      {
        exit: 'giveUpDropoff',
        policy: 'maxDropoffWaitMs',
        at: (part, state) =>
          triedEnough(part, state) ? dropoffWaitEndsAt(part, state) : undefined,
        irreversible: true,
        says: 'the goods are left at the door, brought back or disposed of, as the customer asked',
      },
      {
        exit: 'pingDriver',
        policy: 'maxDropoffWaitMs',
        at: (part, state) =>
          triedEnough(part, state) || part.pinged ? undefined : dropoffWaitEndsAt(part, state),
        irreversible: false,
        owner: 'driver',
        says: 'the driver is asked to try to reach the customer',
      },
      {
        exit: 'unconfirm',
        policy: 'dropoffLateGraceMs',
        at: (part, state) =>
          triedEnough(part, state)
            ? undefined
            : dropoffWaitEndsAt(part, state) + state.facts.policy.dropoffLateGraceMs,
        irreversible: true,
        owner: 'driver',
        says: unconfirm,
      },
    ],
  },
  delivery_unconfirmed: {
    kind: 'waits',
    owner: 'support',
    steps: [giveUpProof()],
  },
  problem: {
    kind: 'waits',
    owner: 'support',
    steps: [
      {
        exit: 'resolveProblem',
        policy: 'problemMs',
        at: (part, { facts }) => part.since + facts.policy.problemMs,
        irreversible: true,
        says: 'another driver is looked for, or, when the goods are gone, the order fails and the customer pays nothing',
      },
    ],
  },
  enroute_to_return: {
    kind: 'waits',
    owner: 'driver',
    steps: [
      {
        exit: 'escalateReturn',
        policy: 'dropoffLateGraceMs',
        at: (part, { facts }) =>
          part.escalated ? undefined : part.returnEtaAt + facts.policy.dropoffLateGraceMs,
        irreversible: false,
        says: 'support is told that the goods are not back',
      },
      assumeReturned(
        (part, { facts }) =>
          part.returnEtaAt + facts.policy.dropoffLateGraceMs + facts.policy.returnWaitMs,
      ),
    ],
  },
  arrived_at_return: {
    kind: 'waits',
    owner: 'merchant',
    steps: [assumeReturned((part, { facts }) => part.since + facts.policy.returnWaitMs)],
  },
  delivered: restsOn('payment'),
  returned: restsOn('payment'),
  discarded: restsOn('payment'),
  cancelled: restsOn('order', 'payment'),
};
