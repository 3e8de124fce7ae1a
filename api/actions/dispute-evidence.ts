// Our side of a dispute, by support: put together from what the agent says, the order's log and its proofs, kept in the
// audit sealed, and given to the provider. Repeating a request says the same thing once.

import { isOutage } from '../../adapters/outage.ts';
import type { PaymentPort } from '../../adapters/payment-port.ts';
import { evidenceSent, findDispute, type DisputeRow } from '../../db/disputes.ts';
import type { OrderLog } from '../../db/order-logs.ts';
import { findOrder } from '../../db/orders.ts';
import { proofsOf } from '../../db/proofs.ts';
import { attemptIsDone, closeAttempt } from '../../db/support-attempts.ts';
import type { Refusal } from '../../domain/errors.ts';
import { evidenceOf, type Evidence, type EvidenceFacts } from '../../domain/evidence.ts';
import { missingItems } from '../../domain/refund.ts';
import type { KeyedRequest } from '../../db/idempotency.ts';
import type { Caller } from '../plugins/auth.ts';
import { badField, comeBack, notFound, problem, refusal } from '../problems.ts';
import type { EvidenceBody } from '../schemas/disputes.ts';
import type { Answer } from '../server.ts';
import type { WebhookPorts } from './receive-webhook.ts';
import { actedAnswer } from './acted.ts';
import { assertFree, audited, logOf, type DeskDeps } from './support-desk.ts';

type Deps = Pick<DeskDeps, 'db' | 'vault'> & { readonly ports: WebhookPorts };
type Asked = { readonly disputeRef: string; readonly body: EvidenceBody };
type Submitting = Asked & { readonly caller: Caller; readonly request: KeyedRequest };

export type Judged = {
  readonly dispute: DisputeRow;
  readonly log: OrderLog;
  readonly evidence: Evidence;
  readonly refused: Refusal | undefined;
};

export function createDisputeDesk(deps: Deps) {
  const { db, ports } = deps;
  const portOf = (dispute: DisputeRow) => ports[dispute.provider as keyof WebhookPorts];

  /** What would be sent, and what speaks against it. Throws not_found, invalid_request. */
  async function judge({ disputeRef, body }: Asked): Promise<Judged> {
    const dispute = await findDispute(db, disputeRef);
    const orderId = dispute?.order_id;
    if (!dispute || !orderId) throw notFound('dispute of an order');
    const [log, order, given] = [
      await logOf(db, orderId),
      await findOrder(db, { scope: { kind: 'platform' }, orderId }),
      await proofsOf(db, orderId),
    ];
    const { proof_ids: ids = [], ...said } = body;
    const proofs = given.filter(({ id }) => ids.includes(id));
    const unknown = ids.find((id) => !given.some((proof) => proof.id === id));
    if (unknown !== undefined)
      throw badField('proof_ids', `names no proof of this order: ${unknown}`);
    const facts = {
      items: handedOver(order?.items ?? [], log),
      handedOverAt: handedOverAt(log),
      proofs,
    };
    return {
      dispute,
      log,
      evidence: evidenceOf(said, facts),
      refused: refusedBy(dispute, portOf(dispute)),
    };
  }

  /** 200, once per request. Throws not_found, invalid_request, claimed_by_other, dispute_closed, evidence_given, provider_unavailable. */
  async function submit({ caller, request, ...asked }: Submitting): Promise<Answer> {
    const judged = await judge(asked);
    const { dispute, log, evidence } = judged;
    const { orderId } = log;
    const because = { reason: 'payment_problem', note: wordsOf(evidence) };
    const params = {
      dispute_id: dispute.dispute_ref,
      proofs: (asked.body.proof_ids ?? []).join(' '),
    };
    const ask = { caller, request, orderId, because, ifSequence: undefined };
    return audited(deps, { ask, log, action: 'dispute_evidence', params }, async (attempt) => {
      const { commandId } = attempt;
      if (!(await attemptIsDone(db, commandId))) {
        await assertFree(db, { orderId, keyId: caller.keyId });
        await send(portOf(dispute), judged, commandId);
        const now = new Date();
        await db.transaction().execute(async (trx) => {
          await evidenceSent(trx, { disputeRef: dispute.dispute_ref, now });
          await closeAttempt(trx, { commandId, outcome: 'done', now });
        });
      }
      return actedAnswer(db, { attempt, outcome: 'done', status: 200 });
    });
  }

  return { judge, submit };
}

const wordsOf = (evidence: Evidence): string =>
  Object.entries(evidence)
    .map(([field, said]) => `${field}: ${said}`)
    .join('\n');

async function send(
  port: Pick<PaymentPort, 'submitEvidence'> | undefined,
  { dispute, evidence, refused }: Judged,
  commandId: string,
): Promise<void> {
  const { dispute_ref: disputeRef } = dispute;
  if (refused) throw refusal(refused);
  const key = `${disputeRef}:evidence:${commandId}`;
  const outcome = await port
    ?.submitEvidence?.({ disputeRef, key, evidence })
    .catch((error: unknown) => {
      if (!isOutage(error)) throw error;
      throw problem('provider_unavailable', 'send the same request again', comeBack(5));
    });
  if (outcome !== 'submitted')
    throw problem('dispute_closed', 'the provider takes no more evidence for it');
}

/** Without what was missing. */
function handedOver(items: EvidenceFacts['items'], { log }: OrderLog): EvidenceFacts['items'] {
  const missing = missingItems(log);
  return items
    .map((item, index) => ({ ...item, quantity: item.quantity - (missing.get(index) ?? 0) }))
    .filter(({ quantity }) => quantity > 0);
}

const handedOverAt = ({ log }: OrderLog): number | undefined =>
  log.findLast(({ type }) => type === 'delivery.delivered' || type === 'order.handed_over')?.at;

function refusedBy(
  { status, provider, evidence_sent_at: sentAt }: DisputeRow,
  port: Pick<PaymentPort, 'submitEvidence'> | undefined,
): Refusal | undefined {
  if (status !== 'open') return { code: 'dispute_closed', reason: `the dispute is ${status}` };
  if (sentAt)
    return {
      code: 'evidence_given',
      reason: `it was sent at ${sentAt.toISOString()}, once and for all`,
    };
  return port?.submitEvidence
    ? undefined
    : { code: 'evidence_elsewhere', reason: `tell ${provider} in its own dashboard` };
}
