// Bodies and answers of disputes.

import { Type, type Static } from 'typebox';
import { idPattern } from '../../domain/ids.ts';
import { Body, Currency, Id, Nullable, Time } from './common.ts';

export const DisputeParams = Type.Object({
  id: Type.String({
    pattern: '^[A-Za-z0-9_-]{1,100}$',
    description: 'The provider’s name for the dispute, as the order’s list of disputes has it',
  }),
});

const Words = (description: string, maxLength = 5_000) =>
  Type.String({ minLength: 1, maxLength, pattern: '\\S', description });

export const EvidenceBody = Body(
  {
    explanation: Words(
      'Why the payment is right, in your words; no names, phones, addresses',
      15_000,
    ),
    product_description: Type.Optional(Words('Instead of the order’s list of goods')),
    refund_refusal: Type.Optional(Words('Why no refund is due')),
    cancellation_rebuttal: Type.Optional(Words('Why the order was not cancelled')),
    proof_ids: Type.Optional(
      Type.Array(Type.String({ pattern: idPattern('proof') }), {
        maxItems: 20,
        uniqueItems: true,
        description: 'Proofs of this order to be named; see GET /v1/orders/{id}/proofs',
      }),
    ),
  },
  {
    description: 'What support says; goods and day of delivery are added from the order’s log',
    examples: [{ explanation: 'Delivered at the door and signed for', proof_ids: [] }],
  },
);
export type EvidenceBody = Static<typeof EvidenceBody>;

const Dispute = Type.Object({
  dispute_id: Type.String(),
  order_id: Id('order'),
  provider: Type.String(),
  status: Type.String({ description: 'open won lost' }),
  reason: Type.String({ description: 'The provider’s code' }),
  amount_minor: Type.Integer(),
  currency: Currency,
  opened_at: Time,
  evidence_due_at: Nullable(Time),
  evidence_sent_at: Nullable(Time),
  closed_at: Nullable(Time),
});
export const Disputes = Type.Object({ data: Type.Array(Dispute) });

export const EvidencePreview = Type.Object({
  dispute: Dispute,
  allowed: Type.Boolean(),
  refusal: Nullable(Type.Object({ code: Type.String(), reason: Type.String() })),
  sends: Type.Array(Type.Object({ field: Type.String(), text: Type.String() }), {
    description: 'Exactly what the provider is told',
  }),
});
