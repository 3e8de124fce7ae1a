// Bodies and answers of tips after the delivery.

import { Type, type Static } from 'typebox';
import { maxAmountMinor } from '../../domain/money.ts';
import { Body, Currency, Id, Nullable, Time } from './common.ts';
import { Token } from './orders.ts';

export const NewTip = Body(
  { amount_minor: Type.Integer({ minimum: 1, maximum: maxAmountMinor }), token: Token },
  {
    description: 'Whole to the driver, by a payment of its own',
    examples: [{ amount_minor: 200, token: 'pm_card_visa' }],
  },
);
export type NewTip = Static<typeof NewTip>;

export const Tip = Type.Object({
  n: Type.Integer({ description: 'Counts the tips of an order, from 1' }),
  order_id: Id('order'),
  status: Type.String({ description: 'pending requires_action paid declined' }),
  amount_minor: Type.Integer(),
  currency: Currency,
  code: Nullable(Type.String({ description: 'Why it was declined' })),
  client_secret: Type.Optional(
    Type.String({ description: 'Only while status is requires_action: for the payer’s app' }),
  ),
  created_at: Time,
  finished_at: Nullable(Time),
});
export const Tips = Type.Object({ data: Type.Array(Tip) });
