// Disputes, for support: those of an order, and our side of one.

import type { Db } from '../../db/connect.ts';
import { disputesOfOrder } from '../../db/disputes.ts';
import type { Vault } from '../../db/vault.ts';
import type { createDisputeDesk } from '../actions/dispute-evidence.ts';
import { doOnce } from '../actions/once.ts';
import { logOf } from '../actions/support-desk.ts';
import { access, callerOf } from '../plugins/auth.ts';
import { keyedRequest } from '../plugins/idempotency.ts';
import { IdParams } from '../schemas/common.ts';
import { DisputeParams, Disputes, EvidenceBody, EvidencePreview } from '../schemas/disputes.ts';
import { Acted } from '../schemas/support.ts';
import { send, type Api } from '../server.ts';
import { disputeBody, evidencePreview } from '../views/dispute.ts';
import { supportPath } from '../views/support.ts';

type Deps = {
  readonly db: Db;
  readonly vault: Vault;
  readonly desk: ReturnType<typeof createDisputeDesk>;
};

const roles = ['support', 'platform_admin'] as const;
const tags = ['support'];

export function disputeRoutes(app: Api, { db, vault, desk }: Deps): void {
  const list = {
    summary: 'The disputes of an order, oldest first',
    tags,
    params: IdParams('order'),
    response: { 200: Disputes },
  };
  app.get(
    `${supportPath(':id')}/disputes`,
    { ...access({ roles }), schema: list },
    async (request, reply) => {
      const { id: orderId } = request.params;
      await logOf(db, orderId);
      const data = (await disputesOfOrder(db, orderId)).map(disputeBody);
      return send(reply, { status: 200, body: { data } });
    },
  );

  const says = 'Give the provider our side of a dispute';
  const evidence = {
    summary: says,
    description:
      'Once and for all, while it is open: preview it first. Kept in the audit, sealed with the customer’s key, also when refused.',
    tags,
    params: DisputeParams,
    body: EvidenceBody,
    response: { 200: Acted },
  };
  const path = '/v1/support/disputes/:id/evidence';
  app.post(path, { ...access({ roles }), schema: evidence }, async (request, reply) => {
    const caller = callerOf(request);
    const keyed = keyedRequest(request);
    const submitting = {
      disputeRef: request.params.id,
      body: request.body,
      caller,
      request: keyed,
    };
    const answer = await doOnce({ db, vault }, { caller, request: keyed }, () =>
      desk.submit(submitting),
    );
    return send(reply, answer);
  });

  const preview = {
    summary: `Preview: ${says}`,
    description: 'Exactly what would be sent. Nothing is done.',
    tags,
    params: DisputeParams,
    body: EvidenceBody,
    response: { 200: EvidencePreview },
  };
  app.post(
    `${path}/preview`,
    { ...access({ roles, keyless: true }), schema: preview },
    async (request, reply) => {
      const asked = { disputeRef: request.params.id, body: request.body };
      return send(reply, { status: 200, body: evidencePreview(await desk.judge(asked)) });
    },
  );
}
