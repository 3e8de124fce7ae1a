// What a row of the lifecycle table says of a state: whose move it is, its deadlines, and what the system does by
// itself at each of them.

import type { ExitKind } from '../messages.ts';
import type { OrderState } from '../order.ts';
import type { Policy } from '../policy.ts';

export type Machine = 'order' | 'delivery' | 'payment';
export type Owner =
  | 'customer'
  | 'merchant'
  | 'pharmacist'
  | 'driver'
  | 'partner'
  | 'support'
  | 'system';

export type Step<Part> = {
  readonly exit: ExitKind;
  /** The policy's name of the duration. */
  readonly policy: keyof Policy;
  /** Epoch milliseconds, or undefined while the step does not apply. */
  readonly at: (part: Part, state: OrderState) => number | undefined;
  /** Cannot be taken back: put off once after an outage of the engine. */
  readonly irreversible: boolean;
  /** What happens by itself, in the words of support. */
  readonly says: string;
  /** Whose move it is until then, if not the row's. */
  readonly owner?: Owner;
};

/** A call to a payment provider or a partner fleet is under way; its schedule-to-close time-out is the deadline. */
type RunningEffect = {
  readonly kind: 'effect';
  readonly owner: 'system';
  readonly limit: keyof Policy;
  readonly says: string;
};
type Waiting<Part> = {
  readonly kind: 'waits';
  readonly owner: Owner;
  readonly steps: readonly Step<Part>[];
  /** While no step applies, one of these machines carries the deadline. */
  readonly on?: readonly Machine[];
};
/** Nothing to wait for here: one of the named machines carries the deadline. */
type Resting = { readonly kind: 'rests'; readonly on: readonly Machine[] };
type Final = { readonly kind: 'final' };
export type Row<Part> = Waiting<Part> | RunningEffect | Resting | Final;

export type Rows<Part extends { readonly status: string }> = {
  readonly [S in Part['status']]: Row<Extract<Part, { readonly status: S }>>;
};

export const final: Final = { kind: 'final' };
export const restsOn = (...on: readonly Machine[]): Resting => ({ kind: 'rests', on });
