// Bulk actions: first a count of what would happen, then a job of exactly that many orders.

import type { OrderEngine } from '../../adapters/order-engine.ts';
import { bulkProgress, createBulk, findBulk, ordersFor, type BulkFilter } from '../../db/bulk.ts';
import type { Db } from '../../db/connect.ts';
import type { KeyedRequest } from '../../db/idempotency.ts';
import { readOrderLogs, type OrderLog } from '../../db/order-logs.ts';
import type { Vault } from '../../db/vault.ts';
import { parseId, type BulkId } from '../../domain/ids.ts';
import { previewOf } from '../../domain/preview.ts';
import { tryAction, type SupportActionName } from '../../domain/support.ts';
import type { Logger } from '../../log.ts';
import type { Caller } from '../plugins/auth.ts';
import { badField, notFound, problem } from '../problems.ts';
import type { NewBulk } from '../schemas/support.ts';
import type { Answer } from '../server.ts';
import { createOnce } from './once.ts';

type Deps = {
  readonly db: Db;
  readonly vault: Vault;
  readonly engine: Pick<OrderEngine, 'startBulk'>;
  readonly log: Logger;
};
type Input = { readonly caller: Caller; readonly request: KeyedRequest; readonly body: NewBulk };

const filterOf = (body: NewBulk): BulkFilter => ({
  branchId: body.branch_id,
  merchantId: body.merchant_id,
  marketId: body.market_id,
  orderStatus: body.order_status,
  deliveryStatus: body.delivery_status,
});

export function createBulkDesk({ db, vault, engine, log }: Deps) {
  async function dryRun(body: NewBulk) {
    const orderIds = await ordersFor(db, filterOf(body));
    const logs = await readOrderLogs(db, orderIds);
    return { orderIds, count: countOf([...logs.values()], body.action) };
  }

  return {
    /** 200 with the count for a dry run; 202 with the job, which runs by itself. */
    async start({ caller, request, body }: Input): Promise<Answer> {
      if (!Object.values(filterOf(body)).some((value) => value !== undefined))
        throw badField('branch_id', 'is needed, or another filter: not every order there is');
      if (body.dry_run) return { status: 200, body: (await dryRun(body)).count };
      const { expected_count: expected, action, reason } = body;
      if (expected === undefined) throw badField('expected_count', 'is required without dry_run');
      const answer = await createOnce({ db, vault }, { caller, request }, async (trx) => {
        const { orderIds, count } = await dryRun(body);
        if (count.would_do !== expected)
          throw problem(
            'count_changed',
            `it would be done to ${count.would_do} orders, not ${expected}`,
          );
        const now = new Date(request.now);
        const id = await createBulk(trx, { action, reason, keyId: caller.keyId, orderIds, now });
        return { body: await progress(trx, id) };
      });
      const id = parseId('bulk', (answer.body as { readonly id: string }).id);
      // Housekeeping starts what cannot be started now.
      if (id) await begin(id);
      return { ...answer, status: 202 };
    },
    progress: (id: string) => progress(db, id),
  };

  async function begin(id: BulkId): Promise<void> {
    await engine
      .startBulk(id)
      .catch((error: unknown) => log.warn({ err: error, bulk_id: id }, 'a bulk action waits'));
  }
}

async function progress(db: Db, id: string): Promise<object> {
  const job = await findBulk(db, id);
  if (!job) throw notFound('bulk action');
  return {
    id,
    action: job.action,
    reason: job.reason,
    created_at: job.created_at.toISOString(),
    ...(await bulkProgress(db, id)),
  };
}

function countOf(logs: readonly OrderLog[], action: SupportActionName) {
  const now = Date.now();
  const judged = logs.map((order) => {
    const { decision } = tryAction(action, { state: order.state, given: {}, noted: {}, now });
    if (decision.kind === 'refused') return { kind: 'refused', lossMinor: 0 } as const;
    const { lossMinor } = previewOf(order, decision.events, now);
    const tooDear = lossMinor > order.facts.policy.secondApprovalMinor;
    return { kind: tooDear ? 'approval' : 'do', lossMinor } as const;
  });
  const count = (kind: string): number => judged.filter((each) => each.kind === kind).length;
  return {
    selected: logs.length,
    would_do: count('do'),
    would_refuse: count('refused'),
    needs_approval: count('approval'),
    loss_minor: judged.reduce((sum, each) => sum + (each.kind === 'do' ? each.lossMinor : 0), 0),
  };
}
