// Bodies and answers of the order routes.

import { Type, type Static } from 'typebox';
import { contactChannels, denyCodes, pickupFailures } from '../../domain/messages.ts';
import { maxAmountMinor } from '../../domain/money.ts';
import { taxModes } from '../../domain/money/tax.ts';
import {
  fulfilments,
  paymentMethods,
  proofKinds,
  simpleStatuses,
  substitutions,
  undeliverables,
} from '../../domain/order.ts';
import { dropoffFailures, problems } from '../../domain/parts.ts';
import { maxCapacity, vehicles } from '../../domain/vehicles.ts';
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
export const Token = Type.String({
  pattern: '^pm_\\w{1,200}$',
  description: 'The provider’s token of the card, never its number',
  examples: ['pm_card_visa'],
});

const Quantity = Type.Integer({ minimum: 1, maximum: 999 });
const Item = Body({
  name: Name,
  sku: Type.Optional(Type.String({ minLength: 1, maxLength: 100 })),
  quantity: Quantity,
  unit_price_minor: AmountMinor,
  age_restricted: Type.Optional(Type.Boolean({ description: 'The driver checks the age' })),
  cold_chain: Type.Optional(Type.Boolean({ description: 'Only drivers with a cool box' })),
  heavy: Type.Optional(Type.Boolean({ description: 'Only drivers who carry heavy goods' })),
  prescription: Type.Optional(Type.Boolean({ description: 'A pharmacist approves it first' })),
  restockable: Type.Optional(Type.Boolean({ description: 'Can be sold again when it comes back' })),
});

const Vehicles = Type.Array(Type.Enum([...vehicles]), { minItems: 1, uniqueItems: true });

export const DeliveryTerms = Body({
  load: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: maxCapacity,
      description: 'Units of a driver’s capacity; default 1',
    }),
  ),
  vehicles: Type.Optional(
    Type.Unsafe<Static<typeof Vehicles>>({
      ...Vehicles,
      description: 'Only drivers with one of these; default any',
    }),
  ),
  own_drivers_only: Type.Optional(
    Type.Boolean({ description: 'Only drivers of the merchant itself; default false' }),
  ),
  direct: Type.Optional(
    Type.Boolean({
      description: 'Straight from the counter to the door, with nothing else; default false',
    }),
  ),
});
export type DeliveryTerms = Static<typeof DeliveryTerms>;

const Payment = Type.Union(
  [
    Body({ method: Type.Literal('card'), token: Token }),
    Body({ method: Type.Literal('paypal') }),
    Body({
      method: Type.Literal('mobile_money'),
      provider: Type.Enum(['campay', 'noupay']),
      phone: Phone,
    }),
    Body({ method: Type.Literal('wallet') }),
    Body({
      method: Type.Literal('split'),
      token: Token,
      wallet_minor: Type.Optional(
        Type.Integer({
          minimum: 1,
          maximum: maxAmountMinor,
          description: 'Exactly so much out of the wallet; absent: what it has',
        }),
      ),
    }),
    Body({ method: Type.Literal('cash') }),
    Body({ method: Type.Literal('external') }),
  ],
  {
    description:
      'By card, over PayPal or mobile money (the payer confirms it), out of the customer’s wallet, out of it and by card for the rest, in cash at the hand-over, or paid elsewhere already',
  },
);

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
    type: Type.Optional(Type.Enum([...fulfilments], { description: 'Default delivery' })),
    scheduled_for: Type.Optional(
      Type.String({ format: 'date-time', description: 'Absent: as soon as possible' }),
    ),
    dropoff: Type.Optional(
      Body(
        { location: Location, address: Type.String({ minLength: 1, maxLength: 500 }) },
        { description: 'Required for a delivery, and for nothing else' },
      ),
    ),
    delivery: Type.Optional(
      Type.Unsafe<DeliveryTerms>({
        ...DeliveryTerms,
        description: 'Who may bring it, and how; what is absent is as the merchant has it',
      }),
    ),
    items: Type.Array(Item, { minItems: 1, maxItems: 200 }),
    currency: Currency,
    tip_minor: Type.Optional(AmountMinor),
    merchant_discount_minor: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: maxAmountMinor,
        description: 'Off the goods, at most all of them, at the merchant’s cost',
      }),
    ),
    payment: Payment,
    substitution: Type.Optional(
      Type.Enum([...substitutions], {
        description:
          'What becomes of missing goods when the customer does not answer; default remove',
      }),
    ),
    undeliverable_action: Type.Optional(
      Type.Enum([...undeliverables], {
        description: 'What becomes of goods that cannot be handed over; default return',
      }),
    ),
    proof: Type.Optional(
      Type.Array(Type.Enum(['photo', 'signature', 'pin', 'barcode']), {
        uniqueItems: true,
        maxItems: 4,
        description: 'Without these the goods are not handed over; an age check is added by itself',
      }),
    ),
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
  status: Type.Optional(Type.Enum([...simpleStatuses])),
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
const note = { note: Type.Optional(Note) };
const arrival = { arrived_at: Type.Optional(Time) };
const Seconds = (maximum: number) => Type.Integer({ minimum: 1, maximum });
const shown = {
  proofs: Type.Optional(
    Type.Array(Body({ kind: Type.Enum([...proofKinds]), proof_id: Type.Optional(Id('proof')) }), {
      maxItems: 10,
      description: 'What `POST …/proofs` has answered; of an age check the word alone is enough',
    }),
  ),
};
const handOver = {
  ...shown,
  collected_minor: Type.Optional(
    Type.Integer({ minimum: 0, maximum: maxAmountMinor, description: 'Cash that was paid' }),
  ),
};

/** Bodies of the commands, by the last part of their path. */
export const commands = {
  acknowledge: Body({}),
  accept: Accept,
  deny: Body({
    code: Type.Enum(denyCodes),
    out_of_stock: Type.Optional(
      Type.Array(Type.Integer({ minimum: 0, maximum: 199 }), {
        minItems: 1,
        maxItems: 200,
        uniqueItems: true,
        description: 'Positions of the items that are not there, from 0',
      }),
    ),
    ...note,
  }),
  delay: Body({ ready_in_seconds: Seconds(3_600), ...note }),
  ready: Body({}),
  'hand-over': Body(handOver),
  shortages: Body({
    line: Type.Integer({ minimum: 0, maximum: 199, description: 'Position of the item, from 0' }),
    quantity: Quantity,
    substitute_minor: Type.Optional(AmountMinor),
    ...note,
  }),
  'shortage-answer': Body({ answer: Type.Enum([...substitutions]) }),
  'approve-prescription': Body(note),
  'reject-prescription': Body(note),
  remittance: Body({ amount_minor: AmountMinor }),
  cancel: Body(note),
  payment: Body({
    token: Type.Optional(Token),
  }),
  tip: Body({ tip_minor: AmountMinor }),
  'dropoff-notes': Body({ note: Note }),
  reschedule: Body({ scheduled_for: Time }),
  'arrive-at-pickup': Body(arrival),
  'fail-pickup': Body({ code: Type.Enum([...pickupFailures]), ...note }),
  'pick-up': Body(arrival),
  'arrive-at-dropoff': Body(arrival),
  contact: Body({ channel: Type.Enum([...contactChannels]) }),
  deliver: Body({ ...arrival, happened_at: Type.Optional(Time), ...handOver }),
  'fail-dropoff': Body({ reason: Type.Enum([...dropoffFailures]), ...shown, ...note }),
  'arrive-at-return': Body({}),
  'complete-return': Body({}),
  abandon: Body({}),
  problem: Body({ problem: Type.Enum([...problems]), ...note }),
} as const;
export type CommandBodies = {
  readonly [Path in keyof typeof commands]: Static<(typeof commands)[Path]>;
};

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
    description: simpleStatuses.join(' '),
  }),
  order_status: Type.String(),
  delivery_status: Type.String(),
  payment_status: Type.String({
    description:
      'none pending requires_action authorized declined captured capture_failed voided written_off, ' +
      'in cash due collected remitted short refused, or external',
  }),
  end_reason: Nullable(Type.String()),
  type: Type.String({ description: fulfilments.join(' ') }),
  scheduled_for: Nullable(Time),
  payment_method: Type.String({ description: paymentMethods.join(' ') }),
  goods_kind: Type.String({ description: 'restaurant store pharmacy' }),
  age_check: Type.Boolean(),
  prescription: Type.Boolean(),
  substitution: Type.String(),
  undeliverable_action: Type.String(),
  proof: Type.Array(Type.String(), { description: 'Without these nothing is handed over' }),
  merchant_id: Type.String(),
  branch_id: Type.String(),
  market_id: Type.String(),
  customer_id: Type.String(),
  currency: Type.String(),
  totals: Type.Object({
    goods_minor: Type.Integer({ description: 'As listed' }),
    merchant_discount_minor: Type.Integer({ description: 'Off the goods' }),
    delivery_fee_minor: Type.Integer(),
    tip_minor: Type.Integer(),
    total_minor: Type.Integer({ maximum: maxAmountMinor }),
    payable_minor: Type.Integer({
      description: 'The total in what can be paid: in cash to the smallest coin',
    }),
    tax_minor: Type.Integer({ description: 'Of the goods, less the discount' }),
    tax_mode: Type.Enum([...taxModes], {
      description: 'Whether the tax is inside the prices or comes on top of them',
    }),
  }),
  delivery: Nullable(
    Type.Object(
      {
        load: Type.Integer(),
        vehicles: Nullable(Type.Array(Type.String(), { description: 'null: any' })),
        own_drivers_only: Type.Boolean(),
        direct: Type.Boolean(),
      },
      { description: 'Who may bring it, and how; null: nobody does' },
    ),
  ),
  items: Type.Array(
    Type.Object({
      name: Type.String(),
      sku: Type.Optional(Type.String()),
      quantity: Type.Integer(),
      unit_price_minor: Type.Integer(),
      age_restricted: Type.Optional(Type.Boolean()),
      cold_chain: Type.Optional(Type.Boolean()),
      heavy: Type.Optional(Type.Boolean()),
      prescription: Type.Optional(Type.Boolean()),
      restockable: Type.Optional(Type.Boolean()),
    }),
  ),
  placed_at: Time,
  updated_at: Time,
  sequence: Type.Integer({ description: 'Of its last event; also the ETag' }),
  driver_id: Nullable(Type.String()),
  owner: Nullable(Type.String({ description: 'Whose move it is' })),
  deadlines: Type.Array(Deadline, { description: 'The earliest first' }),
  next_step: Nullable(Type.Object({ at: Time, exit: Type.String(), says: Type.String() })),
  by_itself: Nullable(
    Type.String({ description: 'What happens when nobody does anything; null when it is over' }),
  ),
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
  pin: Type.Optional(
    Type.String({ description: 'Only for the customer: what they say at the hand-over' }),
  ),
  payment_client_secret: Type.Optional(
    Type.String({
      description:
        'Only while payment_status is requires_action, for the customer and the merchant',
    }),
  ),
});
export type Order = Static<typeof Order>;
