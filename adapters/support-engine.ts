// How support looks at and after the workflows behind the orders. Implemented by `adapters/temporal-support.ts`.

import type { BulkId, OrderId } from '../domain/ids.ts';
import type { SettleInput, SettleResult } from '../domain/settling.ts';

/** What the engine knows of an order's workflow. */
export type WorkflowState =
  | { readonly kind: 'running' }
  /** Its code fails on its history: a bug. Nothing happens to the order until it is fixed, or terminated. */
  | { readonly kind: 'failing'; readonly attempt: number }
  /** By hand: it takes no commands, while its deadlines pass. */
  | { readonly kind: 'paused' }
  /** `as`: `completed`, `terminated` … */
  | { readonly kind: 'closed'; readonly as: string }
  | { readonly kind: 'missing' }
  /** Closed or missing, and `settle:<orderId>` runs instead. */
  | { readonly kind: 'settling' }
  | { readonly kind: 'unavailable' };

export type SettleAnswer =
  | SettleResult
  /** Begun; the provider takes its time. */
  | { readonly kind: 'under_way' }
  | { readonly kind: 'unavailable' };

export type SupportEngine = {
  workflowOf(orderId: OrderId): Promise<WorkflowState>;
  /**
   * Orders whose workflow fails its tasks, or closed since `since` (epoch ms) other than by completing. From the
   * engine's list, which lags by moments: a hint, to be looked at with `workflowOf`. Throws when it cannot be reached.
   */
  troubledOrders(input: { readonly since: number }): Promise<readonly OrderId[]>;
  /** Starts `settle:<orderId>`, or joins the one that runs, and waits for its end at most `deadlineMs`. */
  settle(input: SettleInput & { readonly deadlineMs: number }): Promise<SettleAnswer>;
  /** Ends a workflow for good; the order must be settled afterwards. False when none is running. */
  terminate(input: { readonly orderId: OrderId; readonly reason: string }): Promise<boolean>;
  /** Starts the workflow of a bulk action unless it runs. Throws when the engine cannot be reached. */
  startBulk(bulkId: BulkId): Promise<void>;
};
