// Break-glass: how support ends an order whose workflow is gone. Pure; `workflows/settle.ts` is the loop around it. An
// order that has ended, or whose goods are delivered, keeps what its log says: only its money is brought to an end.

import { decide } from './decide.ts';
import { accepted, refused, type Decision } from './decision.ts';
import type { Refusal } from './errors.ts';
import type { Actor, OrderEventBody } from './events.ts';
import { foresee } from './foresee.ts';
import type { ExternalCommand, OrderResult } from './messages.ts';
import {
  dueMinorOf,
  hasEnded,
  isFulfilled,
  isWithPartner,
  type OrderFacts,
  type OrderState,
} from './order.ts';
import { captureAgain } from './payment.ts';

export const settleOutcomes = ['cancelled', 'delivered', 'failed'] as const;
export type SettleOutcome = (typeof settleOutcomes)[number];

export type SettleOrder = {
  readonly kind: 'settleOrder';
  /** What really became of the goods; undefined: nobody had them yet, or the log knows. */
  readonly outcome?: SettleOutcome | undefined;
};

export type SettleInput = {
  readonly facts: OrderFacts;
  readonly outcome?: SettleOutcome | undefined;
  readonly actor: Actor;
  readonly commandId: string;
};

export type SettleResult =
  | ({ readonly kind: 'settled' } & OrderResult)
  | { readonly kind: 'refused'; readonly refusal: Refusal };

/** Refuses with outcome_needed while the goods are on the road, and with what cannot have happened. */
export function decideSettle(
  state: OrderState,
  outcome: SettleOutcome | undefined,
  now: number,
): Decision {
  // Only money is left: a failed capture is tried again at once, whatever else is under way goes on.
  if (hasEnded(state) || isFulfilled(state)) return captureAgain(state);
  switch (outcome) {
    case undefined:
      return state.goodsOut
        ? refused(
            'outcome_needed',
            'the driver has the goods: the outcome is `delivered` or `failed`',
          )
        : cancel(state, now);
    case 'cancelled':
      return cancel(state, now);
    case 'delivered':
      return delivered(state, now);
    case 'failed':
      return state.goodsOut
        ? decide(state, { kind: 'forceFail', endReason: 'failed_to_deliver' }, now)
        : refused('not_picked_up', 'nobody has the goods: cancel the order instead');
  }
}

const cancel = (state: OrderState, now: number): Decision =>
  decide(state, { kind: 'cancel', by: 'support' }, now);

/** Nobody said it; whatever was left out is made up for. Cash counts as collected: whoever handed over owes it. */
function delivered(state: OrderState, now: number): Decision {
  const { delivery, fulfilment, facts } = state;
  const cash = facts.method === 'cash' ? { collectedMinor: dueMinorOf(state) } : {};
  // Support answers for what could not be shown any more.
  const proofs = facts.proofs.map((kind) => ({ kind }));
  if (fulfilment !== 'delivery') return decide(state, { kind: 'handOver', proofs, ...cash }, now);
  if (isWithPartner(state)) return decide(state, { kind: 'forceDeliver' }, now);
  if (!('driverId' in delivery)) return refused('no_driver', 'no driver has taken the delivery');
  const { driverId } = delivery;
  const steps: readonly ExternalCommand[] = [
    ...(state.goodsOut ? [] : [{ kind: 'pickUp', driverId } as const]),
    { kind: 'forceDeliver', proofs, ...cash },
  ];
  return inTurn(state, steps, now);
}

/** Several commands as one step: all of them or none. */
function inTurn(state: OrderState, commands: readonly ExternalCommand[], now: number): Decision {
  let events: readonly OrderEventBody[] = [];
  for (const command of commands) {
    const decision = decide(foresee(state, events, now), command, now);
    if (decision.kind === 'refused') return decision;
    events = [...events, ...decision.events];
  }
  return accepted(...events);
}
