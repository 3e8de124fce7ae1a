// Bodies and answers of the order routes.

import { Type, type Static } from 'typebox';
import { denyCodes } from '../../domain/messages.ts';
import { maxAmountMinor } from '../../domain/money.ts';
import {
  AmountMinor,
  Body,
  Currency,
  Cursor,
  Id,
  Limit,
  Location,
  Name,
  Nullable,
  Phone,
  Time,
} from './common.ts';

const Note = Type.String({ minLength: 1, maxLength: 1_000, description: 'Stored encrypted' });
const Token = Type.String({
  pattern: '^pm_\\w{1,200}$',
  description: 'The provider’s token of the card, never its number',
  examples: ['pm_card_visa'],
});

const Item = Body({
  name: Name,
  quantity: Type.Integer({ minimum: 1, maximum: 999 }),
  unit_price_minor: AmountMinor,
});

export const NewOrder = Body(
  {
    branch_id: Id('branch'),
    external_id: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 100,
        description: 'Your own id of the order; unique per merchant',
      }),
    ),
    customer: Type.Union([Body({ id: Id('customer') }), Body({ name: Name, phone: Phone })], {
      description: 'A known customer, or a guest',
    }),
    dropoff: Body({ location: Location, address: Type.String({ minLength: 1, maxLength: 500 }) }),
    items: Type.Array(Item, { minItems: 1, maxItems: 200 }),
    currency: Currency,
    tip_minor: Type.Optional(AmountMinor),
    payment: Body({ method: Type.Literal('card'), token: Token }),
    note: Type.Optional(Note),
  },
  {
    examples: [
      {
        branch_id: 'brn_01932f4e8a7b7c1e9f0a1b2c3d4e5f60',
        external_id: 'pos-1042',
        customer: { name: 'Ada Example', phone: '+491701234567' },
        dropoff: {
          location: { lat: 52.53, lng: 13.41 },
          address: 'Example Street 1, 10115 Berlin',
        },
        items: [{ name: 'Margherita', quantity: 2, unit_price_minor: 950 }],
        currency: 'EUR',
        tip_minor: 200,
        payment: { method: 'card', token: 'pm_card_visa' },
      },
    ],
  },
);
export type NewOrder = Static<typeof NewOrder>;

export const OrderQuery = Body({
  cursor: Cursor,
  limit: Limit,
  status: Type.Optional(
    Type.Enum(['PENDING', 'PREPARING', 'READY', 'OUT_FOR_DELIVERY', 'DELIVERED', 'CANCELLED']),
  ),
  branch_id: Type.Optional(Id('branch')),
  external_id: Type.Optional(Type.String({ maxLength: 100 })),
  open: Type.Optional(Type.Boolean({ description: 'true: something, if only money, still moves' })),
  overdue: Type.Optional(
    Type.Boolean({ description: 'true: its deadline passed more than two minutes ago' }),
  ),
});

export const Accept = Body({
  prep_seconds: Type.Optional(Type.Integer({ minimum: 0, maximum: 86_400 })),
  ready_at: Type.Optional(Time),
});
export type Accept = Static<typeof Accept>;
export const Deny = Body({ code: Type.Enum(denyCodes), note: Type.Optional(Note) });
export const Cancel = Body({ note: Type.Optional(Note) });
export const Ready = Body({});
export const RetryPayment = Body({ token: Token });
export const Arrival = Body({ arrived_at: Type.Optional(Time) });
export const Abandon = Body({});

const Deadline = Type.Object({
  machine: Type.String(),
  status: Type.String(),
  owner: Type.String(),
  policy: Type.String({ description: 'The market’s policy that sets it' }),
  at: Time,
  exit: Type.String({ description: 'What the system then does by itself' }),
  irreversible: Type.Boolean(),
  says: Type.String(),
});

export const Order = Type.Object({
  id: Type.String(),
  external_id: Nullable(Type.String()),
  number: Type.String({ description: 'Short, for people' }),
  status: Type.String({
    description: 'PENDING PREPARING READY OUT_FOR_DELIVERY DELIVERED CANCELLED',
  }),
  order_status: Type.String(),
  delivery_status: Type.String(),
  payment_status: Type.String({
    description:
      'none pending requires_action authorized declined captured capture_failed voided written_off',
  }),
  end_reason: Nullable(Type.String()),
  merchant_id: Type.String(),
  branch_id: Type.String(),
  market_id: Type.String(),
  customer_id: Type.String(),
  currency: Type.String(),
  totals: Type.Object({
    goods_minor: Type.Integer(),
    delivery_fee_minor: Type.Integer(),
    tip_minor: Type.Integer(),
    total_minor: Type.Integer({ maximum: maxAmountMinor }),
  }),
  items: Type.Array(
    Type.Object({
      name: Type.String(),
      quantity: Type.Integer(),
      unit_price_minor: Type.Integer(),
    }),
  ),
  placed_at: Time,
  updated_at: Time,
  sequence: Type.Integer({ description: 'Of its last event; also the ETag' }),
  driver_id: Nullable(Type.String()),
  owner: Nullable(Type.String({ description: 'Whose move it is' })),
  deadlines: Type.Array(Deadline, { description: 'The earliest first' }),
  next_step: Nullable(Type.Object({ at: Time, exit: Type.String(), says: Type.String() })),
  ready_estimate_at: Nullable(Time),
  ready_at: Nullable(Time),
  pickup_eta_at: Nullable(Time),
  dropoff_eta_at: Nullable(Time),
  pickup: Type.Object({ location: Location }),
  dropoff: Type.Object(
    { location: Location, address: Type.Optional(Type.String()) },
    { description: 'For a driver who does not carry the order: without address, to 0.01°' },
  ),
  customer: Type.Optional(
    Type.Object(
      { name: Type.String(), phone: Type.String() },
      { description: 'Only for the merchant, the driver on the way, the customer and support' },
    ),
  ),
  note: Type.Optional(Type.String()),
  payment_client_secret: Type.Optional(
    Type.String({
      description:
        'Only while payment_status is requires_action, for the customer and the merchant',
    }),
  ),
});
export type Order = Static<typeof Order>;
