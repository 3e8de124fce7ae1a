// Taking back: a declared list of inverses, never money, within the policy's minute, and only what nothing has followed.

import { accepted, refused, type Decision } from '../decision.ts';
import type { OrderEvent, OrderEventBody, OrderEventType } from '../events.ts';
import { hasEnded, type OrderState } from '../order.ts';
import { capped } from './refusals.ts';

type EventOf<T extends OrderEventType> = Extract<OrderEventBody, { readonly type: T }>;
type Inverses = {
  readonly [T in OrderEventType]?: (event: EventOf<T>) => OrderEventBody | undefined;
};

const inverses: Inverses = {
  'order.held': () => ({ type: 'order.unheld' }),
  'order.delayed': ({ readyEstimateAt, previousAt, undo }) =>
    undo
      ? undefined
      : {
          type: 'order.delayed',
          readyEstimateAt: previousAt,
          previousAt: readyEstimateAt,
          undo: true,
        },
  'order.ready': ({ assumed }) => (assumed ? undefined : { type: 'order.unready' }),
  'deadline.extended': ({ key, byMs }) =>
    byMs === undefined ? undefined : { type: 'deadline.restored', key },
};

/** What takes an event back; undefined for what cannot be. */
export const inverseOf = (event: OrderEvent): OrderEventBody | undefined =>
  (inverses[event.type] as ((event: OrderEventBody) => OrderEventBody | undefined) | undefined)?.(
    event,
  );

export function undoLast(state: OrderState, now: number): Decision {
  const { undoable, facts } = state;
  const inverse = undoable && inverseOf(undoable);
  if (!undoable || !inverse || hasEnded(state))
    return refused('nothing_to_undo', 'the last thing that happened cannot be taken back');
  if (now - undoable.at > facts.policy.undoMs)
    return refused('nothing_to_undo', `${undoable.type} is too long ago`, undoable.at);
  return capped(state, 'undos') ?? accepted(inverse);
}
