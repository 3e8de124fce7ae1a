// The lifecycle table: for every state of the three machines its owner, its deadlines and what the system does by
// itself when one has come. It is the only source of waiting: the workflow sleeps, the API's `deadlines[]` speak and
// the graph test walks through it alone. The rows of each machine stand in domain/lifecycle/.

import { deliveryRows } from './lifecycle/delivery.ts';
import { orderRows } from './lifecycle/order.ts';
import { paymentRows } from './lifecycle/payment.ts';
import type { Machine, Owner, Row } from './lifecycle/row.ts';
import type { ExitKind } from './messages.ts';
import type { OrderState } from './order.ts';
import type { Policy } from './policy.ts';

export type { Machine, Owner } from './lifecycle/row.ts';

export const lifecycle = {
  order: orderRows,
  delivery: deliveryRows,
  payment: paymentRows,
} as const;

/** A deadline in force: whose move it is, until when, and what the system then does by itself. */
export type Deadline = {
  readonly machine: Machine;
  readonly status: string;
  readonly owner: Owner;
  readonly policy: keyof Policy;
  readonly exit: ExitKind;
  readonly at: number;
  readonly irreversible: boolean;
  readonly says: string;
  /** Names this one deadline of this one stay in the state. */
  readonly key: string;
};

function deadlinesIn(machine: Machine, state: OrderState): readonly Deadline[] {
  const part = state[machine];
  const row = lifecycle[machine][part.status as never] as Row<typeof part>;
  if (row.kind !== 'waits') return [];
  return row.steps.flatMap((step) => {
    const due = step.at(part, state);
    if (due === undefined) return [];
    const since = 'since' in part ? String(part.since) : '';
    const key = `${machine}.${part.status}.${step.exit}.${since}`;
    // Money on its way waits for nobody.
    const heldUntil = machine === 'payment' ? due : (state.held?.until ?? due);
    return [
      {
        machine,
        status: part.status,
        owner: step.owner ?? row.owner,
        policy: step.policy,
        exit: step.exit,
        // Put off, never brought forward: what follows from the state may be later by now.
        at: Math.max(due, state.extended[key] ?? due, state.extensions[key] ?? due, heldUntil),
        irreversible: step.irreversible,
        says: step.says,
        key,
      },
    ];
  });
}

/** All deadlines in force, the earliest first. Empty only while a call to the outside is under way or the order is over. */
export const deadlinesOf = (state: OrderState): readonly Deadline[] =>
  (['order', 'delivery', 'payment'] as const)
    .flatMap((machine) => deadlinesIn(machine, state))
    .toSorted((a, b) => a.at - b.at);

/** The exit that is due at `now`, if any: the earliest. */
export const dueAt = (state: OrderState, now: number): Deadline | undefined => {
  const first = deadlinesOf(state)[0];
  return first && first.at <= now ? first : undefined;
};
