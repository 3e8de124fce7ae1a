// Disputes at Stripe (docs.stripe.com/disputes/api): what they are now, and our side of the story. Called by stripe.ts.
import type { Stripe } from 'stripe';
import type { Evidence } from '../domain/evidence.ts';
import type { ProviderDispute } from '../domain/provider-books.ts';
import type { CardGateway } from './card-gateway.ts';
import { impossibleRequest, readFailure, type StripeFailure } from './stripe-failure.ts';

const idOf = (object: string | { readonly id: string } | null): string =>
  typeof object === 'string' ? object : (object?.id ?? '');

/** `warning_…`: an inquiry that has taken no money; it is no dispute until it becomes one. `prevented`: never one. */
const statuses: Readonly<Record<string, ProviderDispute['status']>> = {
  needs_response: 'open',
  under_review: 'open',
  appeal_needs_response: 'lost',
  appeal_under_review: 'lost',
  won: 'won',
  lost: 'lost',
};

function readDispute(dispute: Stripe.Dispute): readonly ProviderDispute[] {
  const status = statuses[dispute.status];
  const dueBy = dispute.evidence_details.due_by;
  return status === undefined
    ? []
    : [
        {
          disputeRef: dispute.id,
          providerRef: idOf(dispute.payment_intent),
          amountMinor: dispute.amount,
          feeMinor: dispute.balance_transactions.reduce((sum, booked) => sum + booked.fee, 0),
          currency: dispute.currency.toUpperCase(),
          status,
          reason: dispute.reason,
          evidenceDueAt: dueBy === null ? undefined : dueBy * 1000,
          openedAt: dispute.created * 1000,
        },
      ];
}

function raise(step: string, failure: StripeFailure): never {
  if (failure.kind === 'outage' || failure.kind === 'broken') throw failure.outage;
  throw impossibleRequest(step, failure.kind === 'refused' ? failure.code : failure.kind);
}

const fields = {
  explanation: 'uncategorized_text',
  product_description: 'product_description',
  service_date: 'service_date',
  refund_refusal: 'refund_refusal_explanation',
  cancellation_rebuttal: 'cancellation_rebuttal',
} as const satisfies Record<keyof Evidence, keyof Stripe.DisputeUpdateParams.Evidence>;

const wordsOf = (evidence: Evidence): Stripe.DisputeUpdateParams.Evidence =>
  Object.fromEntries(
    Object.entries(evidence).map(([field, said]) => [fields[field as keyof Evidence], said]),
  );

/** Stripe lists by the day of opening; from it to the decision, an appeal included. */
const decidedWithinMs = 180 * 24 * 3_600_000;

type Disputing = Pick<CardGateway, 'disputes' | 'listDisputes' | 'submitEvidence'>;

export function createDisputes(stripe: Stripe): Disputing {
  return {
    async *listDisputes({ changedAfter }) {
      const openedAfter = Math.max(0, changedAfter - decidedWithinMs);
      const created = { gte: Math.floor(openedAfter / 1_000) };
      try {
        for await (const dispute of stripe.disputes.list({ created, limit: 100 }))
          yield* readDispute(dispute);
      } catch (error) {
        raise('disputes', readFailure(error));
      }
    },
    async disputes({ providerRef }) {
      const found: ProviderDispute[] = [];
      try {
        const all = stripe.disputes.list({ payment_intent: providerRef, limit: 100 });
        for await (const dispute of all) found.push(...readDispute(dispute));
        return found;
      } catch (error) {
        return raise('disputes', readFailure(error));
      }
    },
    async submitEvidence({ disputeRef, key, evidence }) {
      const params = { evidence: wordsOf(evidence), submit: true };
      try {
        await stripe.disputes.update(disputeRef, params, { idempotencyKey: key });
        return 'submitted';
      } catch (error) {
        const failure = readFailure(error);
        // Only a dispute that was decided takes no more evidence.
        return failure.kind === 'refused' && failure.final
          ? 'closed'
          : raise('submitEvidence', failure);
      }
    },
  };
}
