// How an order ends, early or well: its end, its delivery's, who pays, and what becomes of the money.

import { accepted, refused, type Decision } from '../decision.ts';
import type { OrderEventBody, Proof } from '../events.ts';
import type { DriverId } from '../ids.ts';
import { dueMinorOf, isWithPartner, type OrderState } from '../order.ts';
import type { EndReason, EndStatus } from '../parts.ts';
import { releaseOrCapture } from '../payment.ts';
import {
  billOf,
  settle,
  sharesFor,
  sharesOf,
  stageOf,
  type End,
  type Settlement,
  type Shares,
  type Stage,
} from '../settlement.ts';

type Ending = {
  readonly status: EndStatus;
  readonly endReason: EndReason;
  readonly code?: string;
  readonly outOfStock?: readonly number[];
  /** What becomes of the delivery, unless it is simply cancelled. */
  readonly delivery?: OrderEventBody;
  /** Settled as another end, at another stage, or by shares of its own. */
  readonly end?: End;
  readonly stage?: Stage;
  readonly shares?: Shares;
};

export const end = (state: OrderState, how: Ending): Decision => accepted(...ending(state, how));

const moves = (settlement: Settlement): boolean =>
  Object.values(settlement).some((minor) => minor !== 0);

/** What a partner has under way already ends the delivery by its answer. */
const closesItself: ReadonlySet<string> = new Set([
  'none',
  'cancelled',
  'partner_requested',
  'partner_cancelling',
]);

function closing(state: OrderState): readonly OrderEventBody[] {
  if (closesItself.has(state.delivery.status)) return [];
  return isWithPartner(state)
    ? [{ type: 'delivery.partner_cancelling', attempt: state.partnerRequests }]
    : [{ type: 'delivery.cancelled' }];
}

export function ending(state: OrderState, how: Ending): readonly OrderEventBody[] {
  const { status, endReason, code, outOfStock, delivery, end: settledAs = endReason } = how;
  const { settlement: agreed } = state.facts.policy;
  const { stage = stageOf(state) } = how;
  const shares = how.shares ?? sharesOf(agreed, { end: settledAs, stage });
  const settlement = settle(billOf(state, settledAs), sharesFor(state, shares));
  return [
    {
      type: `order.${status}`,
      endReason,
      ...(code === undefined ? {} : { code }),
      ...(outOfStock === undefined ? {} : { outOfStock }),
    },
    ...(delivery ? [delivery] : closing(state)),
    ...(moves(settlement) ? [{ type: 'order.settled', ...settlement } as const] : []),
    ...releaseOrCapture(state, settlement.customerMinor),
  ];
}

export type HandOver = {
  readonly proofs?: readonly Proof[];
  readonly collectedMinor?: number;
};

/** Why the goods may not be handed over like this, if they may not. */
export function handOverRefused(
  state: OrderState,
  { proofs = [], collectedMinor }: HandOver,
): Decision | undefined {
  const missing = state.facts.proofs.filter((kind) => !proofs.some((proof) => proof.kind === kind));
  if (missing.length > 0)
    return refused('proof_missing', `without ${missing.join(' and ')} nothing is handed over`);
  return cashRefused(state, collectedMinor);
}

/** Cash is recorded before the goods change hands. */
export function cashRefused(
  state: OrderState,
  collectedMinor: number | undefined,
): Decision | undefined {
  const dueMinor = dueMinorOf(state);
  return state.payment.status === 'due' && (collectedMinor ?? -1) < dueMinor
    ? refused('cash_not_recorded', `${dueMinor} minor units are due in cash`)
    : undefined;
}

/** The customer has the goods: settled, and captured, collected or accounted for. `driverId`: who holds the cash. */
export function fulfilling(
  state: OrderState,
  { event, driverId }: { readonly event: OrderEventBody; readonly driverId?: DriverId },
): readonly OrderEventBody[] {
  const { settlement: agreed } = state.facts.policy;
  const stage = event.type === 'order.handed_over' ? 'handed_over' : 'delivered';
  const shares = sharesOf(agreed, { end: 'delivered', stage });
  const settlement = settle(billOf(state, 'delivered'), sharesFor(state, shares));
  const { customerMinor } = settlement;
  const settled: readonly OrderEventBody[] = [event, { type: 'order.settled', ...settlement }];
  if (state.payment.status === 'due') {
    const by = driverId === undefined ? {} : { driverId };
    const collected = { type: 'payment.collected', amountMinor: customerMinor, ...by } as const;
    return [...settled, collected, { type: 'order.completed' }];
  }
  const money = releaseOrCapture(state, customerMinor);
  // A hold is captured first; what was paid elsewhere or taken before is done.
  return state.payment.status === 'external' || state.payment.status === 'captured'
    ? [...settled, ...money, { type: 'order.completed' }]
    : [...settled, ...money];
}
