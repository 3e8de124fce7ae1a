// Bodies and answers of files of payments for a bank.

import { Type, type Static } from 'typebox';
import { Body, Currency, Id, Name, Time } from './common.ts';

export const Iban = Type.String({
  pattern: '^[A-Z]{2}\\d{2}[A-Z0-9]{11,30}$',
  description: 'ISO 13616, without spaces',
});

export const NewPayoutFile = Body({
  market_id: Id('market'),
  debtor: Body({ name: Name, iban: Iban }, { description: 'The account that pays' }),
});
export type NewPayoutFile = Static<typeof NewPayoutFile>;

export const PayoutFile = Type.Object({
  id: Id('payoutFile'),
  market_id: Type.String(),
  currency: Currency,
  payment_count: Type.Integer(),
  total_minor: Type.Integer(),
  sha256: Type.String({ description: 'Of the file, in hex' }),
  sealed_at: Time,
});
