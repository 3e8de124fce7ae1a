// Break-glass: how support ends an order whose workflow is gone. Pure; `workflows/settle.ts` is the loop around it. An
// order that has ended, or whose goods are delivered, keeps what its log says: only its money is brought to an end.

import { decide, ending } from './decide.ts';
import { accepted, refused, type Decision } from './decision.ts';
import type { Refusal } from './errors.ts';
import type { Actor, OrderEventBody } from './events.ts';
import { foresee } from './foresee.ts';
import type { ExternalCommand, OrderResult } from './messages.ts';
import { hasEnded, type OrderFacts, type OrderState } from './order.ts';
import { captureAgain } from './payment.ts';
import { stageOf } from './settlement.ts';

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
  if (hasEnded(state) || state.delivery.status === 'delivered') return captureAgain(state);
  const onTheRoad = stageOf(state) === 'picked_up';
  switch (outcome) {
    case undefined:
      return onTheRoad
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
      return onTheRoad
        ? accepted(...ending(state, { status: 'failed', endReason: 'failed_to_deliver' }))
        : refused('not_picked_up', 'nobody has the goods: cancel the order instead');
  }
}

const cancel = (state: OrderState, now: number): Decision =>
  decide(state, { kind: 'cancel', by: 'support' }, now);

/** The driver who has it said nothing of it; whatever they left out is made up for. */
function delivered(state: OrderState, now: number): Decision {
  const { delivery } = state;
  if (!('driverId' in delivery)) return refused('no_driver', 'no driver has taken the delivery');
  const { driverId } = delivery;
  const steps: readonly ExternalCommand[] = [
    ...(delivery.status === 'confirmed' ? [{ kind: 'pickUp', driverId } as const] : []),
    { kind: 'deliver', driverId },
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
