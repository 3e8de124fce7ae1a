// A partner fleet that brings what no driver takes: whether it may be asked, what its answers mean, and which call to it
// the state asks for. Intent before effect, as for payments: the price is recorded before the delivery is asked for at
// it, and what may have been made is cancelled for certain.

import { ending, fulfilling } from './decide/ending.ts';
import { accepted, ignored, type Decision } from './decision.ts';
import { assertNever } from './errors.ts';
import type { OrderEventBody } from './events.ts';
import type { Command, PartnerAnswer, PartnerResult, PartnerTruth } from './messages.ts';
import { hasEnded, type DeliveryTerms, type OrderState } from './order.ts';
import type { DeliveryPart, PartnerHold } from './parts.ts';

type ResultOf<K extends PartnerResult['kind']> = Extract<PartnerResult, { readonly kind: K }>;

const resultKinds: Readonly<Record<PartnerResult['kind'], true>> = {
  partnerQuoted: true,
  partnerRefused: true,
  partnerConfirmed: true,
  partnerSeen: true,
  partnerCancelled: true,
  partnerTooLate: true,
  partnerUnanswered: true,
};

export const isPartnerResult = (command: Command): command is PartnerAnswer =>
  Object.hasOwn(resultKinds, command.kind);

/** A courier of somebody else checks and collects nothing, and comes with any vehicle for goods that are at the branch. */
export function mayAskPartner(state: OrderState): boolean {
  const { facts, fulfilment, goodsOut, partnerRequests } = state;
  const { policy, method, ageCheck, prescription, proofs, deliveryTerms } = facts;
  return (
    policy.partnerCapMinor > 0 &&
    partnerRequests < policy.maxPartnerRequests &&
    fulfilment === 'delivery' &&
    !goodsOut &&
    method !== 'cash' &&
    !ageCheck &&
    !prescription &&
    proofs.every((kind) => kind === 'photo') &&
    (deliveryTerms === undefined || isForAnybody(deliveryTerms))
  );
}

const isForAnybody = ({ load, needs, vehicles, ownDriversOnly }: DeliveryTerms): boolean =>
  load === 1 && needs.length === 0 && vehicles === undefined && !ownDriversOnly;

export const askPartner = ({ partnerRequests }: OrderState): Decision =>
  accepted({ type: 'delivery.partner_requested', attempt: partnerRequests + 1 });

/** The call that the state asks for: `key` is its idempotency key, `<orderId>:<step>:<n>`. */
export type PartnerCall = {
  readonly key: string;
  /** Epoch milliseconds: silence until then is an answer too. */
  readonly giveUpAt: number;
} & (
  | { readonly step: 'quote' }
  | { readonly step: 'create'; readonly quoteRef: string; readonly tipMinor: number }
  | { readonly step: 'check'; readonly partnerRef: string }
  | {
      readonly step: 'cancel';
      readonly partnerRef: string | undefined;
      readonly createKey: string;
      readonly lastSentAt: number;
    }
);

export function partnerCallOf(state: OrderState): PartnerCall | undefined {
  const { delivery, facts, partnerRequests: n, tipMinor } = state;
  const { partnerAnswerMs, partnerPollMs, partnerCancelMs, pingGraceMs } = facts.policy;
  const keyOf = (step: string, count = n): string => `${facts.orderId}:${step}:${count}`;
  const createKey = keyOf('partner');
  switch (delivery.status) {
    case 'partner_requested': {
      const giveUpAt = delivery.since + partnerAnswerMs;
      if (!delivery.quote) return { step: 'quote', key: keyOf('partner_quote'), giveUpAt };
      const { quoteRef } = delivery.quote;
      return { step: 'create', key: createKey, giveUpAt, quoteRef, tipMinor };
    }
    case 'partner_confirmed':
    case 'partner_picked_up':
    case 'partner_unconfirmed': {
      const { checking, check, checkAt, partnerRef } = delivery;
      const giveUpAt = checkAt + partnerPollMs;
      return checking
        ? { step: 'check', key: keyOf('partner_check', check), giveUpAt, partnerRef }
        : undefined;
    }
    case 'partner_cancelling': {
      const { since, partnerRef } = delivery;
      const asked = { partnerRef, createKey, lastSentAt: since };
      return {
        step: 'cancel',
        key: keyOf('partner_cancel'),
        // Behind the deadline, which says what silence means.
        giveUpAt: since + partnerCancelMs + pingGraceMs,
        ...asked,
      };
    }
    default:
      return undefined;
  }
}

type Held = Extract<DeliveryPart, PartnerHold>;
type In<S extends DeliveryPart['status']> = Extract<DeliveryPart, { readonly status: S }>;

export function decidePartner(
  state: OrderState,
  command: PartnerAnswer | Extract<Command, { kind: 'checkPartner' }>,
  now: number,
): Decision {
  const { delivery } = state;
  if (command.kind === 'checkPartner') return heard(state, command.partnerRef);
  if (command.key !== undefined && command.key !== partnerCallOf(state)?.key) return ignored;
  switch (delivery.status) {
    case 'partner_requested':
      return requested(state, delivery, command);
    case 'partner_confirmed':
    case 'partner_picked_up':
    case 'partner_unconfirmed':
      return delivery.checking ? checked(state, delivery, command, now) : ignored;
    case 'partner_cancelling':
      return cancelling(state, delivery, command, now);
    default:
      return ignored;
  }
}

/** News of a delivery that it has: it is asked; more news meanwhile is remembered. */
function heard({ delivery, partnerRequests: attempt }: OrderState, partnerRef: string): Decision {
  return 'checkAgain' in delivery && delivery.partnerRef === partnerRef && !delivery.checkAgain
    ? accepted({ type: 'delivery.partner_checking', attempt })
    : ignored;
}

/** Somebody still has to bring it. */
const isWanted = (state: OrderState): boolean =>
  !hasEnded(state) && state.fulfilment === 'delivery';

function requested(
  state: OrderState,
  { quote }: In<'partner_requested'>,
  answer: PartnerAnswer,
): Decision {
  const { partnerRequests: attempt, tipMinor, facts } = state;
  const declined = (code: string, priceMinor?: number): Decision =>
    accepted({
      type: 'delivery.partner_declined',
      attempt,
      code,
      ...(priceMinor === undefined ? {} : { priceMinor }),
    });
  switch (answer.kind) {
    case 'partnerQuoted': {
      if (quote) return ignored;
      const { quoteRef } = answer;
      const priceMinor = answer.priceMinor + tipMinor;
      if (!isWanted(state)) return declined('not_wanted');
      if (answer.priceMinor > facts.policy.partnerCapMinor)
        return declined('too_expensive', priceMinor);
      return accepted({ type: 'delivery.partner_quoted', attempt, quoteRef, priceMinor });
    }
    case 'partnerRefused':
      return declined(answer.code);
    case 'partnerConfirmed':
      return quote ? accepted(confirmed(state, answer), ...afterYes(state, answer)) : ignored;
    case 'partnerUnanswered':
      // A price that nobody named binds nobody; a delivery may have been made all the same.
      return quote
        ? accepted({ type: 'delivery.partner_cancelling', attempt })
        : declined('unanswered');
    default:
      return ignored;
  }
}

/** What nobody wants any more is cancelled; what is ahead of us is looked at, because its news has come too early. */
function afterYes(
  state: OrderState,
  { isAhead }: ResultOf<'partnerConfirmed'>,
): readonly OrderEventBody[] {
  const { partnerRequests: attempt } = state;
  if (!isWanted(state)) return [{ type: 'delivery.partner_cancelling', attempt }];
  return isAhead ? [{ type: 'delivery.partner_checking', attempt }] : [];
}

const confirmed = (
  { partnerRequests: attempt }: OrderState,
  { partnerRef, priceMinor, pickupEtaAt }: Omit<ResultOf<'partnerConfirmed'>, 'kind'>,
): OrderEventBody => ({
  type: 'delivery.partner_confirmed',
  attempt,
  partnerRef,
  priceMinor,
  pickupEtaAt,
});

function checked(state: OrderState, held: Held, answer: PartnerAnswer, now: number): Decision {
  const { partnerRequests: attempt } = state;
  const again = held.checkAgain ? [{ type: 'delivery.partner_checking', attempt } as const] : [];
  const unchanged = { type: 'delivery.partner_unchanged', attempt } as const;
  if (answer.kind === 'partnerUnanswered') return accepted(unchanged, ...again);
  if (answer.kind !== 'partnerSeen') return ignored;
  const price = repriced(state, held, answer);
  const atTheBranch = held.status === 'partner_confirmed';
  switch (answer.progress) {
    case 'pending':
      return accepted(...price, unchanged, ...again);
    case 'picked_up':
      return accepted(...price, ...(atTheBranch ? pickedUp(state, answer) : [unchanged]), ...again);
    case 'delivered':
    case 'returned':
      return accepted(...price, ...over(state, { ...answer, progress: answer.progress }, now));
    case 'cancelled': {
      const { priceMinor: bookedMinor } = held;
      const { priceMinor } = answer;
      if (atTheBranch)
        return accepted({
          type: 'delivery.partner_cancelled',
          attempt,
          by: 'partner',
          priceMinor,
          bookedMinor,
        });
      // The goods are with somebody who brings them no more: a person has to find out.
      return accepted(
        ...price,
        ...(held.status === 'partner_picked_up'
          ? [{ type: 'delivery.partner_unconfirmed', attempt } as const]
          : [unchanged, ...again]),
      );
    }
    default:
      return assertNever(answer);
  }
}

/** What it charges is booked as soon as it is seen to be another price: a return, a longer way, a cancellation. */
const repriced = (
  { partnerRequests: attempt, sequence: asOf }: OrderState,
  { priceMinor: bookedMinor }: Pick<Held, 'priceMinor'>,
  { priceMinor }: Pick<PartnerTruth, 'priceMinor'>,
): readonly OrderEventBody[] =>
  priceMinor === bookedMinor
    ? []
    : [{ type: 'delivery.partner_repriced', attempt, priceMinor, bookedMinor, asOf }];

type Moved = Pick<ResultOf<'partnerTooLate'>, 'partnerRef' | 'dropoffEtaAt' | 'customerFault'>;

/** The goods have left the branch, whatever the branch has said; what was missing stays away. */
function pickedUp(
  { order, goodsMinor, partnerRequests: attempt }: OrderState,
  { partnerRef, dropoffEtaAt }: Moved,
): readonly OrderEventBody[] {
  const shortage = 'shortage' in order ? order.shortage : undefined;
  return [
    ...(shortage
      ? [
          {
            type: 'order.shortage_resolved',
            outcome: 'removed',
            goodsMinor: goodsMinor - shortage.missingMinor,
          } as const,
        ]
      : []),
    ...(order.status === 'ready' ? [] : [{ type: 'order.ready', assumed: true } as const]),
    { type: 'delivery.partner_picked_up', attempt, partnerRef, dropoffEtaAt },
  ];
}

type Over = Moved & { readonly progress: 'delivered' | 'returned' };

/** It is at the customer's or back at the branch, perhaps before anything else was heard. */
function over(state: OrderState, answer: Over, now: number): readonly OrderEventBody[] {
  const { progress, customerFault } = answer;
  const left = state.goodsOut ? [] : pickedUp(state, { ...answer, dropoffEtaAt: now });
  const resolved = left.find((event) => event.type === 'order.shortage_resolved');
  const there = { ...state, goodsMinor: resolved?.goodsMinor ?? state.goodsMinor };
  if (progress === 'delivered')
    return [...left, ...fulfilling(there, { event: { type: 'delivery.delivered' } })];
  return [
    ...left,
    ...ending(there, {
      status: 'failed',
      endReason: 'returned',
      stage: 'returning',
      // Not by the customer's fault: nobody but the platform bears it.
      ...(customerFault ? {} : { end: 'failed_to_deliver' }),
      delivery: { type: 'delivery.returned', assumed: false },
    }),
  ];
}

function cancelling(
  state: OrderState,
  { partnerRef, priceMinor: bookedMinor }: In<'partner_cancelling'>,
  answer: PartnerAnswer,
  now: number,
): Decision {
  const { partnerRequests: attempt } = state;
  const failed = (code: string, priceMinor: number): Decision =>
    accepted({ type: 'delivery.partner_cancel_failed', attempt, code, priceMinor, bookedMinor });
  switch (answer.kind) {
    case 'partnerCancelled': {
      const { chargedMinor: priceMinor } = answer;
      const by = 'platform';
      return accepted({
        type: 'delivery.partner_cancelled',
        attempt,
        by,
        priceMinor,
        bookedMinor,
      });
    }
    case 'partnerTooLate': {
      const { progress, priceMinor } = answer;
      if (!isWanted(state)) return failed(`already_${progress}`, priceMinor);
      const known =
        partnerRef === undefined
          ? [confirmed(state, answer)]
          : repriced(state, { priceMinor: bookedMinor }, answer);
      return progress === 'picked_up'
        ? accepted(...known, ...pickedUp(state, answer))
        : accepted(...known, ...over(state, { ...answer, progress }, now));
    }
    case 'partnerUnanswered':
      return giveUpPartner(state);
    default:
      return ignored;
  }
}

/** Whether it still comes is for a person to find out; what is booked stays booked. */
export function giveUpPartner({ delivery, partnerRequests: attempt }: OrderState): Decision {
  if (delivery.status !== 'partner_cancelling') return ignored;
  const { priceMinor } = delivery;
  const booked = { priceMinor, bookedMinor: priceMinor };
  return accepted({
    type: 'delivery.partner_cancel_failed',
    attempt,
    code: 'unanswered',
    ...booked,
  });
}
