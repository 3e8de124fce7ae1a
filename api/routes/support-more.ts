// Second approvals and bulk actions of support.

import type { Db } from '../../db/connect.ts';
import { listPending, type ApprovalRow } from '../../db/support-approvals.ts';
import type { Vault } from '../../db/vault.ts';
import type { createApprovals } from '../actions/approvals.ts';
import type { createBulkDesk } from '../actions/bulk.ts';
import { doOnce } from '../actions/once.ts';
import { pageBody, pageFrom } from '../pages.ts';
import { access, callerOf } from '../plugins/auth.ts';
import { keyedRequest } from '../plugins/idempotency.ts';
import { IdParams, PageOf, PageQuery } from '../schemas/common.ts';
import { Acted, Approval, Bulk, BulkCount, DecideBody, NewBulk } from '../schemas/support.ts';
import { send, type Api } from '../server.ts';

type Deps = {
  readonly db: Db;
  readonly vault: Vault;
  readonly approvals: ReturnType<typeof createApprovals>;
  readonly bulk: ReturnType<typeof createBulkDesk>;
};

const agents = access({ roles: ['support', 'platform_admin'] });
const tags = ['support'];

export function supportMoreRoutes(app: Api, deps: Deps): void {
  approvalRoutes(app, deps);
  bulkRoutes(app, deps);
}

const approvalBody = (row: ApprovalRow) => ({
  id: row.id,
  order_id: row.order_id,
  action: row.action,
  reason: row.reason,
  status: row.status,
  loss_minor: row.loss_minor,
  currency: row.currency,
  asked_by: row.asked_by,
  asked_at: row.asked_at.toISOString(),
  expires_at: row.expires_at.toISOString(),
  decided_by: row.decided_by,
});

const verdicts = [
  { path: 'approve', summary: 'Approve what another agent asked for: it is done' },
  { path: 'reject', summary: 'Reject what another agent asked for: nothing is done' },
] as const;

function approvalRoutes(app: Api, { db, vault, approvals }: Deps): void {
  const list = {
    summary: 'What waits for a second agent, newest first',
    tags,
    querystring: PageQuery,
    response: { 200: PageOf(Approval) },
  };
  app.get('/v1/support/approvals', { ...agents, schema: list }, async ({ query }) =>
    pageBody(await listPending(db, { ...pageFrom(query), now: new Date() }), approvalBody),
  );
  for (const { path, summary } of verdicts) {
    const schema = {
      summary,
      description: 'Refused to the one who asked. Bound to the order as it was then.',
      tags,
      params: IdParams('approval'),
      body: DecideBody,
      response: { 200: Acted },
    };
    app.post(`/v1/support/approvals/:id/${path}`, { ...agents, schema }, async (request, reply) => {
      const caller = callerOf(request);
      const verdict = { caller, id: request.params.id };
      const keyed = { caller, request: keyedRequest(request) };
      return send(reply, await doOnce({ db, vault }, keyed, () => approvals[path](verdict)));
    });
  }
}

function bulkRoutes(app: Api, { bulk }: Deps): void {
  const start = {
    summary: 'Do one thing to many orders, or count what it would do',
    description:
      'At most 1,000 open orders. What costs more than the approval limit, is claimed by another agent or refused by its order is left out and listed.',
    tags,
    body: NewBulk,
    response: { 200: BulkCount, 202: Bulk },
  };
  app.post('/v1/support/bulk', { ...agents, schema: start }, async (request, reply) => {
    const input = { caller: callerOf(request), request: keyedRequest(request), body: request.body };
    return send(reply, await bulk.start(input));
  });
  const read = {
    summary: 'How far a bulk action is',
    tags,
    params: IdParams('bulk'),
    response: { 200: Bulk },
  };
  app.get('/v1/support/bulk/:id', { ...agents, schema: read }, async (request, reply) =>
    send(reply, { status: 200, body: await bulk.progress(request.params.id) }),
  );
}
