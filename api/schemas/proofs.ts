// Bodies and answers of the proof routes.

import { Type, type Static } from 'typebox';
import { proofKinds } from '../../domain/order.ts';
import { Body, Nullable, Time } from './common.ts';

export const pictureTypes = ['image/jpeg', 'image/png', 'image/webp'] as const;
export type PictureType = (typeof pictureTypes)[number];

export const ProofQuery = Body({ kind: Type.Enum([...proofKinds]) });
export const ProofCode = Body(
  {
    code: Type.Optional(
      Type.String({ minLength: 1, maxLength: 100, description: 'The PIN, or what was scanned' }),
    ),
  },
  { description: 'PIN and barcode with `code`, an age check with nothing' },
);
export type ProofCode = Static<typeof ProofCode>;

export const Picture = Type.Unsafe<Buffer>({ description: 'The bytes of the picture' });

export const Proof = Type.Object({
  id: Type.String(),
  order_id: Type.String(),
  kind: Type.String(),
  content_type: Nullable(Type.String()),
  byte_count: Nullable(Type.Integer()),
  at: Time,
});
export type Proof = Static<typeof Proof>;
export const Proofs = Type.Object({ data: Type.Array(Proof) });
