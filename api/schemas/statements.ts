// Query and answer of the statements.

import { Type } from 'typebox';
import { accountNames } from '../../domain/ledger.ts';
import { Body, Currency, Limit, Nullable, Time } from './common.ts';

const period = {
  from: Type.Optional(Time),
  to: Type.Optional(Type.String({ ...Time, description: 'Not included; default: now' })),
  currency: Type.Optional(Currency),
  format: Type.Optional(
    Type.Enum(['json', 'csv'], { description: 'csv: the whole period, no pages; default json' }),
  ),
  cursor: Type.Optional(Type.String({ minLength: 1, maxLength: 500 })),
  limit: Limit,
};

export const StatementQuery = Body(period);
export const AccountQuery = Body({
  ...period,
  account: Type.Enum([...accountNames]),
  party: Type.String({ minLength: 1, maxLength: 100, pattern: '^[\\w:.-]+$' }),
});

export const Statement = Type.Object({
  party: Type.String(),
  currency: Type.String(),
  from: Time,
  to: Time,
  opening_balance_minor: Type.Integer({ description: 'Positive: owed to the party' }),
  closing_balance_minor: Type.Integer(),
  data: Type.Array(
    Type.Object({
      at: Time,
      account: Type.String(),
      kind: Type.String(),
      transaction: Type.String({ description: 'The movement’s key, the same for ever' }),
      order_id: Nullable(Type.String()),
      amount_minor: Type.Integer({ description: 'Positive: in the party’s favour' }),
      balance_minor: Type.Integer({ description: 'After this line' }),
    }),
  ),
  next_cursor: Nullable(Type.String()),
});
