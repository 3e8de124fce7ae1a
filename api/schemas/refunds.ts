// Bodies and answers of refunds.

import { Type, type Static } from 'typebox';
import { refundFaults, refundReasons, refundStatuses } from '../../domain/refund.ts';
import { settlementOutcomes } from '../../domain/refund-settlement.ts';
import { refundWaits } from '../../domain/refund-wait.ts';
import { maxAmountMinor } from '../../domain/money.ts';
import { Body, Currency, Id, Nullable, Time } from './common.ts';
import { because } from './support.ts';

const Quantity = Type.Integer({ minimum: 1, maximum: 999 });

export const NewRefund = Body(
  {
    reason: Type.Enum([...refundReasons]),
    fault: Type.Enum([...refundFaults], {
      description: 'Who caused it and bears all of it; shared: everyone who earned, in proportion',
    }),
    amount_minor: Type.Optional(
      Type.Integer({ minimum: 1, maximum: maxAmountMinor, description: 'Instead of parts' }),
    ),
    items: Type.Optional(
      Type.Array(
        Body({
          index: Type.Integer({
            minimum: 0,
            maximum: 199,
            description: 'Place in `items`, from 0',
          }),
          quantity: Quantity,
        }),
        { minItems: 1, maxItems: 200 },
      ),
    ),
    delivery_fee: Type.Optional(Type.Boolean()),
    tip: Type.Optional(Type.Boolean({ description: 'The tip that the order was placed with' })),
    later_tip: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 99,
        description: 'Number `n` of a tip after the delivery: it, or amount_minor of it, instead',
      }),
    ),
    again: Type.Optional(
      Type.Boolean({ description: 'true: an equal refund of the last ten minutes is known' }),
    ),
    note: Type.Optional(
      Type.String({ minLength: 1, maxLength: 1_000, description: 'Stored encrypted' }),
    ),
  },
  {
    description: 'Without amount and parts: all that is left',
    examples: [{ reason: 'item_missing', fault: 'merchant', items: [{ index: 0, quantity: 1 }] }],
  },
);
export type NewRefund = Static<typeof NewRefund>;

export const Decision = Body({});

export const PayOut = Body(
  {
    reference: Type.String({
      pattern: '^[!-~]{1,100}$',
      description: 'What the receipt or the transfer is called; no names. One refund each',
    }),
  },
  { examples: [{ reference: 'DESK-2026-0117' }] },
);

export const SettleRefund = Body(
  {
    outcome: Type.Enum([...settlementOutcomes], {
      description:
        'as_booked: exactly what the provider’s books show is posted; failed: they show nothing',
    }),
    ...because,
  },
  { examples: [{ outcome: 'as_booked', reason: 'payment_problem' }] },
);
export type SettleRefund = Static<typeof SettleRefund>;

const Waiting = Type.Object({
  for: Type.Enum([...refundWaits]),
  ends_by: Type.Array(Type.String(), { description: 'Any of these' }),
});

export const Refund = Type.Object({
  id: Id('refund'),
  order_id: Id('order'),
  to: Type.String({ description: 'payment, wallet or cash: where it goes' }),
  part_of: Nullable(
    Type.String({
      description:
        'Of an order paid by wallet and card: the refund whose other half it is. One decision is for both.',
    }),
  ),
  status: Type.Enum([...refundStatuses]),
  amount_minor: Type.Integer(),
  currency: Currency,
  reason: Type.String(),
  fault: Type.String(),
  asked_minor: Nullable(
    Type.Integer({ description: 'What had been asked for, if it was settled as another amount' }),
  ),
  settlement: Nullable(
    Type.Object({
      outcome: Type.Enum([...settlementOutcomes]),
      amount_minor: Nullable(Type.Integer({ description: 'In the provider’s books' })),
      asked_at: Time,
      approved: Type.Boolean(),
    }),
  ),
  waits_for: Nullable(Waiting),
  borne_by: Type.Array(Type.Object({ account: Type.String(), amount_minor: Type.Integer() })),
  code: Nullable(Type.String({ description: 'Why it failed' })),
  reference: Nullable(
    Type.String({ description: 'What the provider, or who paid it out, calls it' }),
  ),
  created_at: Time,
  decide_before: Nullable(Time),
  finished_at: Nullable(Time),
});
export const Refunds = Type.Object({ data: Type.Array(Refund) });
