// Our side of a dispute, for the payer's bank: what support says, and what the order's log and its proofs show. Pure.
// Goods, days and codes; nothing here names a person.

import type { ProofKind } from './order.ts';

/** What support says. */
export type SaidEvidence = {
  readonly explanation: string;
  readonly product_description?: string;
  readonly refund_refusal?: string;
  readonly cancellation_rebuttal?: string;
};
/** `service_date`: YYYY-MM-DD, UTC. */
export type Evidence = SaidEvidence & { readonly service_date?: string };

export type EvidenceFacts = {
  readonly items: readonly { readonly name: string; readonly quantity: number }[];
  readonly handedOverAt: number | undefined;
  /** Those that support points at. */
  readonly proofs: readonly { readonly id: string; readonly kind: ProofKind; readonly at: Date }[];
};

const longestList = 5_000;

/** What support says comes before what the log says; proofs are named behind the explanation. */
export function evidenceOf(said: SaidEvidence, facts: EvidenceFacts): Evidence {
  const { items, handedOverAt, proofs } = facts;
  const goods = items.map(({ name, quantity }) => `${quantity} × ${name}`).join(', ');
  const shown = proofs.map(
    ({ id, kind, at }) => `Proof of delivery ${id}: ${kind}, given ${at.toISOString()}`,
  );
  return {
    product_description: goods.slice(0, longestList),
    ...(handedOverAt !== undefined && {
      service_date: new Date(handedOverAt).toISOString().slice(0, 10),
    }),
    ...said,
    explanation: [said.explanation, ...shown].join('\n'),
  };
}
