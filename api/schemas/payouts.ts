// Bodies and answers of payouts and of the accounts that they go to.

import { Type, type Static } from 'typebox';
import { idPattern } from '../../domain/ids.ts';
import { partyKinds, payoutRails, payoutStatuses } from '../../domain/payout.ts';
import { Body, Currency, Cursor, Id, Limit, Name, Nullable, Phone, Time } from './common.ts';
import { Iban } from './payout-files.ts';

export const Payout = Type.Object({
  id: Id('payout'),
  party: Type.String(),
  kind: Type.Enum([...partyKinds]),
  period: Type.String({ description: 'The day at whose first moment it ends, or instant-…' }),
  earned_before: Time,
  status: Type.Enum([...payoutStatuses]),
  code: Nullable(Type.String({ description: 'Why it is held, skipped or failed' })),
  amount_minor: Nullable(Type.Integer({ description: 'Null until it is decided' })),
  currency: Currency,
  rail: Nullable(Type.String()),
  instant: Type.Boolean(),
  created_at: Time,
  paid_at: Nullable(Time),
  finished_at: Nullable(Time),
});

export const PayoutQuery = Body({
  market_id: Type.Optional(Id('market')),
  cursor: Cursor,
  limit: Limit,
});

export const NewPayoutAccount = Body(
  {
    party: Type.String({
      pattern: `${idPattern('merchant')}|${idPattern('driver')}`,
      description: 'A merchant or a driver',
    }),
    rail: Type.Enum([...payoutRails]),
    destination: Type.Optional(
      Type.String({
        pattern: '^acct_\\w{1,100}$',
        description: 'By stripe: the connected account there',
      }),
    ),
    bank: Type.Optional(
      Body({ name: Name, iban: Iban }, { description: 'By bank: whose account; stored encrypted' }),
    ),
    phone: Type.Optional({ ...Phone, description: 'By mobile money; stored encrypted' }),
  },
  { examples: [{ party: `mer_${'0'.repeat(32)}`, rail: 'stripe', destination: 'acct_1' }] },
);
export type NewPayoutAccount = Static<typeof NewPayoutAccount>;

export const PayoutAccount = Type.Object({
  party: Type.String(),
  rail: Nullable(Type.String({ description: 'Null: there is no account yet' })),
  verified: Type.Boolean({ description: 'The provider pays there; it is asked again and again' }),
  held: Type.Boolean({ description: 'Support keeps payouts back' }),
  changed_at: Time,
});
