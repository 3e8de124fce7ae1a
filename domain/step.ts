// A step of an order on its way into the event log, and what the log answers.

import type { Actor, OrderEvent, OrderEventBody } from './events.ts';
import type { DriverId } from './ids.ts';
import type { OrderFacts } from './order.ts';
import type { OrderRow } from './view.ts';

export type RecordInput = {
  readonly facts: OrderFacts;
  /** The sequence that the first of these events must get. */
  readonly expectedSequence: number;
  readonly commandId: string;
  readonly actor: Actor;
  /** Epoch milliseconds of all of them. */
  readonly at: number;
  /** Empty: only read what is stored from `expectedSequence` on. */
  readonly events: readonly OrderEventBody[];
  /** Who carried the delivery before these events. */
  readonly previousDriverId: DriverId | undefined;
  /** The read model after these events. */
  readonly row: OrderRow;
};

export type Recorded =
  /** Stored just now, exactly as sent. */
  | { readonly kind: 'stored' }
  /** Something is there already, by this command or another: nothing was written, follow these. */
  | { readonly kind: 'found'; readonly events: readonly OrderEvent[] };
