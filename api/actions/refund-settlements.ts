// A way out for a refund whose provider says something else than was asked: one person asks for an end, a second agrees,
// and each time the provider's books are read. What anybody types decides nothing.

import { isOutage } from '../../adapters/outage.ts';
import type { Db } from '../../db/connect.ts';
import type { KeyedRequest } from '../../db/idempotency.ts';
import { dropSettlement, proposeSettlement, settleRefund } from '../../db/refund-settlements.ts';
import { findRefund, type Refund } from '../../db/refunds.ts';
import { closeAttempt } from '../../db/support-attempts.ts';
import type { Vault } from '../../db/vault.ts';
import { refundKey } from '../../domain/refund.ts';
import {
  failedFrom,
  isAsSeen,
  judgeSettlement,
  settlementOf,
  type Booked,
  type Settlement,
  type SettlementOutcome,
} from '../../domain/refund-settlement.ts';
import type { Caller } from '../plugins/auth.ts';
import { comeBack, notFound, problem } from '../problems.ts';
import type { SettleRefund } from '../schemas/refunds.ts';
import type { WebhookPorts } from './receive-webhook.ts';
import { assertFree, audited, logOf } from './support-desk.ts';

export type SettlingDeps = {
  readonly db: Db;
  readonly vault: Vault;
  readonly ports: WebhookPorts;
};
type Proposing = {
  readonly id: string;
  readonly body: SettleRefund;
  readonly caller: Caller;
  readonly request: KeyedRequest;
};
type Deciding = { readonly refund: Refund; readonly approve: boolean; readonly caller: Caller };

export function createRefundSettling(deps: SettlingDeps) {
  const { db, ports } = deps;

  /** Throws not_found, refund_not_in_doubt, approval_needed, refund_books_differ, claimed_by_other, provider_unavailable. */
  async function propose({ id, body, caller, request }: Proposing): Promise<Refund> {
    const refund = await findRefund(db, id);
    if (!refund) throw notFound('refund');
    const { order_id: orderId } = refund;
    const { outcome, ...because } = body;
    const ask = { caller, request, orderId, because, ifSequence: undefined };
    const params = { refund_id: id, outcome };
    const audit = { ask, log: await logOf(db, orderId), action: 'settle_refund', params };
    return audited(deps, audit, async ({ commandId, now }) => {
      const known = settlementOf(refund);
      if (known?.commandId !== commandId) {
        if (refund.doubt === null) throw notInDoubt(refund);
        if (known) throw problem('approval_needed', 'somebody has asked for it: approve or reject');
        await assertFree(db, { orderId, keyId: caller.keyId });
        const booked = await look(ports, refund, outcome);
        const asked: Settlement = {
          outcome,
          booked,
          by: caller.actor,
          commandId,
          at: now.getTime(),
        };
        if (!(await proposeSettlement(db, refund, asked))) throw notInDoubt(refund);
      }
      await closeAttempt(db, { commandId, outcome: 'awaits_approval', now: new Date() });
      return (await findRefund(db, id)) ?? refund;
    });
  }

  /** Throws approval_needs_another, refund_not_waiting, refund_books_differ, provider_unavailable. */
  async function decide({ refund, approve, caller }: Deciding): Promise<void> {
    const asked = settlementOf(refund);
    if (asked === undefined) throw notWaiting(refund);
    const said = { row: refund, by: caller.actor, now: new Date() };
    if (!approve) {
      if (!(await dropSettlement(db, said))) throw notWaiting(refund);
      return;
    }
    if ('id' in asked.by && asked.by.id === caller.keyId)
      throw problem('approval_needs_another', 'somebody else than who asked for it must agree');
    const from = failedFrom(asked);
    if (asked.outcome === 'failed' && said.now.getTime() < from)
      throw problem(
        'provider_unavailable',
        `what was sent may still arrive in the books until ${new Date(from).toISOString()}`,
        comeBack((from - said.now.getTime()) / 1_000),
      );
    const booked = await look(ports, refund, asked.outcome);
    if (!isAsSeen(asked.booked, booked))
      throw differ(
        'amount_minor',
        `was ${asked.booked?.amountMinor} when it was asked for, and the books show ${booked?.amountMinor} now: reject it`,
      );
    if (!(await settleRefund(db, { ...said, booked }))) throw notWaiting(refund);
  }

  return { propose, decide };
}

/** The provider's books, now. Throws refund_books_differ when they do not bear the outcome out. */
async function look(
  ports: WebhookPorts,
  row: Refund,
  outcome: SettlementOutcome,
): Promise<Booked | null> {
  const { order_id: orderId, provider_ref: providerRef, provider, currency } = row;
  const findBooked = ports[provider as keyof WebhookPorts]?.findRefund;
  if (!findBooked) throw problem('provider_unavailable', `${provider} is not set up here`);
  const key = refundKey({ orderId, refundId: row.id }, row.attempt);
  const found = await findBooked({ providerRef, key }).catch((error: unknown) => {
    if (!isOutage(error)) throw error;
    const retryAfterMs = error.retryAfterMs ?? 5_000;
    const text = 'send the same request again';
    throw problem('provider_unavailable', text, comeBack(retryAfterMs / 1_000));
  });
  const judged = judgeSettlement({ outcome, currency }, found);
  if (judged.kind === 'contradicted') throw differ('outcome', judged.problem);
  return judged.booked;
}

const differ = (field: string, text: string) =>
  problem('refund_books_differ', `${field} ${text}`, { errors: [{ field, problem: text }] });

const notInDoubt = ({ status }: Refund) =>
  problem('refund_not_in_doubt', `the refund is ${status}, and what its provider says is believed`);

const notWaiting = ({ status }: Refund) => problem('refund_not_waiting', `the refund is ${status}`);
