// How the rest of the system speaks to running orders. `adapters/temporal.ts` is the implementation; no business
// rule lives here.

import type { Actor } from '../domain/events.ts';
import type { Refusal } from '../domain/errors.ts';
import type { MarketId, OrderId } from '../domain/ids.ts';
import type { CommandAnswer, ExternalCommand } from '../domain/messages.ts';
import type { OrderFacts } from '../domain/order.ts';
import type { SupportEngine } from './support-engine.ts';

/** What became of a message. Never a hang: every call ends at its deadline. */
export type Outcome =
  | { readonly kind: 'done'; readonly answer: CommandAnswer }
  | { readonly kind: 'refused'; readonly refusal: Refusal }
  /** The engine cannot be reached. The same message (same id) may be sent again later. */
  | { readonly kind: 'unavailable' }
  /** Sent, but no answer in time. The same message (same id) may be sent again. */
  | { readonly kind: 'unknown' }
  /** Operations have paused the order in the engine: it hears nothing until they let it go on. Send again later. */
  | { readonly kind: 'paused' }
  /** No such workflow is running. */
  | { readonly kind: 'not_running' };

export type OrderEngine = SupportEngine & {
  /** Update-with-Start; idempotent per order id, before and after the workflow has closed. */
  place(input: { readonly facts: OrderFacts; readonly deadlineMs: number }): Promise<Outcome>;
  /** Whether the order has a workflow, running or closed; undefined when that cannot be found out. */
  isPlaced(orderId: OrderId): Promise<boolean | undefined>;
  /** One Update; idempotent per `commandId` (the update id, and the `command_id` of its events). */
  send(input: {
    readonly orderId: OrderId;
    readonly command: ExternalCommand;
    readonly actor: Actor;
    readonly commandId: string;
    readonly deadlineMs: number;
    /** Refused with stale_sequence once the order has moved on. */
    readonly ifSequence?: number | undefined;
  }): Promise<Outcome>;
  /** Tells the order that the provider has news about its payment. A closed workflow is no error. */
  paymentSettled(input: { readonly orderId: OrderId; readonly providerRef: string }): Promise<void>;
  /** Tells the order that the partner fleet has news about its delivery. A closed workflow is no error. */
  partnerDeliveryChanged(input: {
    readonly orderId: OrderId;
    readonly partnerRef: string;
  }): Promise<void>;
  /** Makes the order read its own log: it may be ahead of the workflow after a crash. A closed workflow is no error. */
  catchUp(orderId: OrderId): Promise<void>;
  /** Starts the market's dispatcher or shortens its sleep. */
  wakeDispatcher(marketId: MarketId): Promise<void>;
  /** Starts the housekeeping workflow unless it runs. */
  startMaintenance(): Promise<void>;
  /** Round trip to the frontend; throws when it cannot be reached in `deadlineMs`. */
  ping(deadlineMs: number): Promise<void>;
  close(): Promise<void>;
};
