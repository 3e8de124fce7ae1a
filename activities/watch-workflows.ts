// The watchdog: an order must be able to go on. Part of the housekeeping; what it finds stands in `order_troubles`, in
// the exceptions queue and in the metrics, until it is right again.

import type { OrderEngine } from '../adapters/order-engine.ts';
import type { WorkflowState } from '../adapters/support-engine.ts';
import type { Db } from '../db/connect.ts';
import {
  clearTrouble,
  openAmong,
  overdueOrders,
  saveTrouble,
  troubledBefore,
  type TroubleKind,
} from '../db/troubles.ts';
import { parseId } from '../domain/ids.ts';
import type { Logger } from '../log.ts';
import { sendAll } from './send-all.ts';

type Dependencies = {
  readonly db: Db;
  readonly engine: Pick<OrderEngine, 'workflowOf' | 'troubledOrders'>;
  readonly log: Logger;
};

const overdueAfterMs = 120_000;
/** The engine's list is asked so far back; older ones were found before, or are overdue by now. */
const lookBackMs = 24 * 3_600_000;
const batch = 100;

/** One look. Lists only hint; each order's own workflow is asked. */
export async function watchWorkflows({ db, engine, log }: Dependencies): Promise<void> {
  const now = Date.now();
  const [listed, overdue, before] = await Promise.all([
    engine.troubledOrders({ since: now - lookBackMs }).catch((error: unknown) => {
      log.warn({ err: error }, 'the engine’s list cannot be read now');
      return [];
    }),
    overdueOrders(db, { before: new Date(now - overdueAfterMs), limit: batch }),
    troubledBefore(db, batch),
  ]);
  const suspects = [...new Set([...listed, ...overdue, ...before])];
  const open = await openAmong(db, suspects);
  // What was settled long ago stays in the engine's list for a day.
  const items = suspects.filter((id) => open.has(id) || before.includes(id));
  await sendAll({ items, log }, async (id) => {
    const orderId = parseId('order', id);
    if (!orderId || !open.has(id)) return clearTrouble(db, id);
    const workflow = await engine.workflowOf(orderId);
    if (workflow.kind === 'unavailable') return;
    const kind = troubleOf(workflow);
    if (!kind) return clearTrouble(db, id);
    const isNews = await saveTrouble(db, { orderId: id, kind, now: new Date(now) });
    if (isNews) log.error({ order_id: id, kind, workflow }, 'an order cannot go on by itself');
  });
}

/** A closed workflow of an open order, and one that was never there, leave nobody to act. */
function troubleOf({ kind }: WorkflowState): TroubleKind | undefined {
  switch (kind) {
    case 'closed':
    case 'missing':
      return 'workflow_gone';
    case 'failing':
      return 'workflow_failing';
    case 'paused':
      return 'workflow_paused';
    case 'running':
    case 'settling':
    case 'unavailable':
      return undefined;
  }
}
