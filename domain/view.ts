// What people and the read model see of an order: a flat row, and the card that support reads in the Temporal UI.

import { deadlinesOf, type Deadline, type Owner } from './lifecycle.ts';
import { formatMoney } from './money.ts';
import { mayAskPartner, partnerCallOf } from './partner.ts';
import { paymentCallOf } from './payment-call.ts';
import { bonusAt } from './policy.ts';
import {
  amountsOf,
  endReasonOf,
  hasEnded,
  isFulfilled,
  isOver,
  simpleStatus,
  type Fulfilment,
  type OrderFacts,
  type OrderState,
  type SimpleStatus,
} from './order.ts';

/** One row of the read model; times in epoch milliseconds. */
export type OrderRow = {
  readonly status: SimpleStatus;
  readonly orderStatus: string;
  readonly deliveryStatus: string;
  readonly paymentStatus: string;
  readonly endReason: string | undefined;
  readonly sequence: number;
  readonly driverId: string | undefined;
  readonly offerId: string | undefined;
  readonly owner: Owner | undefined;
  readonly deadlineAt: number | undefined;
  readonly nextExit: string | undefined;
  readonly deadlines: readonly Deadline[];
  readonly readyEstimateAt: number | undefined;
  readonly readyAt: number | undefined;
  readonly pickupEtaAt: number | undefined;
  readonly dropoffEtaAt: number | undefined;
  readonly search: number;
  readonly searchSince: number | undefined;
  readonly providerRef: string | undefined;
  readonly fulfilment: Fulfilment;
  readonly promisedAt: number | undefined;
  readonly goodsMinor: number;
  readonly deliveryFeeMinor: number;
  readonly tipMinor: number;
  readonly totalMinor: number;
  /** Support holds all deadlines of order and delivery until then. */
  readonly heldUntil: number | undefined;
  readonly isOver: boolean;
};

/** Integrators know these names; that a search goes on, or by whom it is brought, is our own business. */
const publicNames: Readonly<Record<string, string>> = {
  searching: 'created',
  partner_requested: 'created',
  partner_cancelling: 'created',
  partner_confirmed: 'confirmed',
  partner_picked_up: 'picked_up',
  partner_unconfirmed: 'delivery_unconfirmed',
};
export const publicDelivery = (status: string): string => publicNames[status] ?? status;

export function rowOf(state: OrderState): OrderRow {
  const { order, delivery, payment } = state;
  const deadlines = deadlinesOf(state);
  const next = deadlines[0];
  return {
    status: simpleStatus(state),
    orderStatus: order.status,
    deliveryStatus: delivery.status,
    paymentStatus: payment.status,
    endReason: endReasonOf(state),
    sequence: state.sequence,
    driverId: 'driverId' in delivery ? delivery.driverId : undefined,
    offerId: 'offerId' in delivery ? delivery.offerId : undefined,
    owner: next?.owner ?? (isOver(state) ? undefined : 'system'),
    deadlineAt: next?.at,
    nextExit: next?.exit,
    deadlines,
    readyEstimateAt:
      'readyEstimateAt' in order && order.status !== 'ready' ? order.readyEstimateAt : undefined,
    readyAt: order.status === 'ready' ? order.since : undefined,
    pickupEtaAt: 'pickupEtaAt' in delivery ? delivery.pickupEtaAt : undefined,
    dropoffEtaAt: 'dropoffEtaAt' in delivery ? delivery.dropoffEtaAt : undefined,
    search: state.searches,
    searchSince: delivery.status === 'searching' ? delivery.since : undefined,
    providerRef: 'providerRef' in payment ? payment.providerRef : undefined,
    heldUntil: hasEnded(state) ? undefined : state.held?.until,
    fulfilment: state.fulfilment,
    promisedAt: state.promisedAt,
    ...amountsOf(state),
    isOver: isOver(state),
  };
}

/** `#1042 · delivery · 2 items · 23.50 EUR` (at most 200 bytes: Temporal's limit of a summary). */
export const summaryOf = (facts: OrderFacts): string =>
  `#${facts.number.slice(0, 24)} · ${facts.fulfilment} · ${facts.itemCount} ${facts.itemCount === 1 ? 'item' : 'items'} · ${formatMoney(facts.totalMinor, facts.currency)}`;

const clock = (at: number): string =>
  `${new Date(at).toISOString().slice(0, 19).replace('T', ' ')} UTC`;

const supportMay = (state: OrderState): string => {
  if (isOver(state)) return 'nothing is left to do.';
  if (hasEnded(state)) return 'wait: only money is still on its way.';
  const actions = `/v1/support/orders/${state.facts.orderId}/actions`;
  if (state.delivery.status === 'searching' && state.delivery.escalated)
    return `look for a driver by phone, then \`assign-driver\`; \`extend\` the search; or end it: \`POST ${actions}/cancel\`, with a preview beside each.`;
  return state.goodsOut || isFulfilled(state)
    ? 'ask driver and customer, then `mark-delivered`, `redeliver`, `bring-back` or `mark-failed`; the order cannot be cancelled any more.'
    : `cancel it: \`POST ${actions}/cancel\`, with a preview beside it.`;
};

/** Who is asked from when on, while the search lasts. */
function searchPlan(state: OrderState): readonly string[] {
  const { delivery, facts } = state;
  if (delivery.status !== 'searching') return [];
  let from = delivery.since;
  const lines = facts.policy.rungs.map(({ radiusM, durationMs }, rung) => {
    const bonusMinor = bonusAt(facts.policy, { rung, payMinor: facts.driverPayMinor });
    const more = bonusMinor > 0 ? `, for ${formatMoney(bonusMinor, facts.currency)} more` : '';
    const line = `- from ${clock(from)} on, drivers within ${radiusM / 1_000} km of the branch are asked${more}.`;
    from += durationMs;
    return line;
  });
  const behind = mayAskPartner(state)
    ? `- from ${clock(from)} on, a partner fleet is asked; when it does not bring it, support is told.`
    : `- from ${clock(from)} on, support has it in its queue.`;
  return [...lines, behind];
}

/** The card in the Temporal UI: state, owner, deadline, what happens by itself, what support can do. Markdown. */
export function detailsOf(state: OrderState): string {
  const { order, delivery, payment } = state;
  const deadlines = deadlinesOf(state);
  const reason = endReasonOf(state);
  const lines = [
    `**${simpleStatus(state)}**${reason ? ` (${reason})` : ''} · order \`${order.status}\` · delivery \`${publicDelivery(delivery.status)}\` · payment \`${payment.status}\``,
    '',
    ...deadlines.map(
      (d) => `- until **${clock(d.at)}** it is the ${d.owner}'s move; then ${d.says}.`,
    ),
    ...searchPlan(state),
    ...(paymentCallOf(state) && deadlines.length === 0
      ? ['- a payment call is under way; it is retried by itself.']
      : []),
    ...(partnerCallOf(state)
      ? ['- the partner fleet is being asked; that is repeated by itself until it answers.']
      : []),
    '',
    `Support can ${supportMay(state)}`,
  ];
  return lines.join('\n');
}
