// Bodies and answers of wallets.

import { Type, type Static } from 'typebox';
import { currencies, maxAmountMinor } from '../../domain/money.ts';
import { Body, Currency, Id, Nullable, Time } from './common.ts';
import { Token } from './orders.ts';

const amount = {
  amount_minor: Type.Integer({ minimum: 1, maximum: maxAmountMinor }),
  currency: Type.Enum([...currencies]),
};

export const Wallets = Type.Object({
  customer_id: Id('customer'),
  data: Type.Array(
    Type.Object({
      currency: Currency,
      balance_minor: Type.Integer({ description: 'Can be spent' }),
      held_minor: Type.Integer({ description: 'Set aside for orders under way' }),
      withdrawable_minor: Type.Integer({
        description: 'Of the balance: what can go back to the payments that filled the wallet',
      }),
    }),
    { description: 'One per currency that was ever used' },
  ),
});

export const NewTopUp = Body(
  { ...amount, token: Token },
  { examples: [{ amount_minor: 5_000, currency: 'EUR', token: 'pm_card_visa' }] },
);
export type NewTopUp = Static<typeof NewTopUp>;
export const TopUp = Type.Object({
  id: Id('topUp'),
  customer_id: Id('customer'),
  status: Type.String({ description: 'pending requires_action paid declined returned' }),
  amount_minor: Type.Integer(),
  currency: Currency,
  code: Nullable(Type.String({ description: 'Why it was declined, or came too late' })),
  client_secret: Type.Optional(
    Type.String({ description: 'Only while status is requires_action: for the payer’s app' }),
  ),
  created_at: Time,
  finished_at: Nullable(Time),
});
export const TopUps = Type.Object({ data: Type.Array(TopUp) });

export const NewWithdrawal = Body(amount, { examples: [{ amount_minor: 2_000, currency: 'EUR' }] });
export type NewWithdrawal = Static<typeof NewWithdrawal>;
export const Withdrawal = Type.Object({
  id: Id('withdrawal'),
  customer_id: Id('customer'),
  status: Type.String({
    description: 'sending paid, or partly_paid failed: the rest is in the wallet again',
  }),
  amount_minor: Type.Integer(),
  currency: Currency,
  created_at: Time,
  finished_at: Nullable(Time),
});
export const Withdrawals = Type.Object({ data: Type.Array(Withdrawal) });
