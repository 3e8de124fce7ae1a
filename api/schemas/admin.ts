// Bodies and answers of the admin routes.

import { Type, type Static, type TSchema } from 'typebox';
import { currencies } from '../../domain/money.ts';
import { marketProviders } from '../../domain/payment-methods.ts';
import { taxModes } from '../../domain/money/tax.ts';
import { goodsKinds, taxCollectors } from '../../domain/order.ts';
import { payoutEvery, payoutRails } from '../../domain/payout.ts';
import { defaultPolicy, matchings, type Policy } from '../../domain/policy.ts';
import { shareWords, type Shares as SettlementShares } from '../../domain/settlement.ts';
import { maxCapacity, vehicles } from '../../domain/vehicles.ts';
import { driverSkills } from '../../db/schema.ts';
import { AmountMinor, Body, Id, Location, Name, Nullable, Phone, Time } from './common.ts';
import { DeliveryTerms } from './orders.ts';

const longestMs = 30 * 86_400_000;
const DurationMs = Type.Integer({ minimum: 1, maximum: longestMs });
const Count = Type.Integer({ minimum: 1, maximum: 1_000 });
/** Of the matching engine's work. */
const Steps = Type.Integer({ minimum: 1, maximum: 1_000_000_000 });
const Bps = Type.Integer({ minimum: 0, maximum: 10_000 });
const Percent = Type.Integer({ minimum: 1, maximum: 1_000 });
const Shares = Type.Unsafe<SettlementShares>(
  Type.Tuple(
    [
      Type.Enum([...shareWords.customer]),
      Type.Enum([...shareWords.merchant]),
      Type.Enum([...shareWords.driver]),
    ],
    { description: 'What the customer pays, the merchant gets and the driver gets' },
  ),
);
const Settlement = Type.Record(Type.String({ maxLength: 60 }), Shares, {
  maxProperties: 100,
  description: 'Instead of cells of the settlement table, by `end.stage` (docs/lifecycle.md)',
  examples: [{ 'not_collected.preparing': ['nothing', 'nothing', 'nothing'] }],
});
const special: Readonly<Record<string, TSchema>> = {
  settlement: Settlement,
  matching: Type.Enum([...matchings]),
  version: Type.String({ minLength: 1, maxLength: 100 }),
  rungs: Type.Array(
    Body({
      radiusM: Type.Integer({ minimum: 1, maximum: 100_000 }),
      durationMs: DurationMs,
      payBps: Type.Optional(Bps),
    }),
    { minItems: 1, maxItems: 10 },
  ),
  secondApprovalMinor: AmountMinor,
  cashLimitMinor: AmountMinor,
  partnerCapMinor: AmountMinor,
  bonusCapMinor: AmountMinor,
  metersPerMinute: Type.Number({ minimum: 1, maximum: 1_000_000 }),
  travelStepM: Type.Number({ minimum: 1, maximum: 100_000 }),
  roadFactor: Type.Number({ minimum: 1, maximum: 5 }),
  vehiclePercent: Body(Object.fromEntries(vehicles.map((vehicle) => [vehicle, Percent]))),
  hourPercent: Type.Array(Percent, { minItems: 24, maxItems: 24 }),
};

const schemaOf = (name: string): TSchema => {
  if (name.endsWith('Ms')) return DurationMs;
  if (name.endsWith('Steps')) return Steps;
  return name.endsWith('Bps') ? Bps : Count;
};

/** Every name of the policy, each optional: what is absent is the default. */
const PolicyOverrides = Type.Unsafe<Partial<Policy>>(
  Body(
    Object.fromEntries(
      Object.keys(defaultPolicy).map((name) => [
        name,
        Type.Optional(special[name] ?? schemaOf(name)),
      ]),
    ),
    { description: 'Overrides of the default policy; durations in milliseconds' },
  ),
);

const taxBps = (says: string) =>
  Type.Integer({
    minimum: 0,
    maximum: 10_000,
    description: `${says}; hundredths of a percent, default 0`,
  });

export const NewMarket = Body({
  name: Name,
  currency: Type.Enum([...currencies]),
  time_zone: Type.String({ minLength: 1, maxLength: 100, examples: ['Europe/Berlin'] }),
  driver_pay_minor: AmountMinor,
  delivery_fee_minor: AmountMinor,
  tax_bps: Type.Optional(taxBps('Tax on the goods: no commission is taken of it')),
  tax_mode: Type.Optional(
    Type.Enum([...taxModes], {
      description: 'Inside the goods’ prices, or on top of them; default inclusive',
    }),
  ),
  tax_collector: Type.Optional(
    Type.Enum([...taxCollectors], {
      description: 'Who owes the tax on the goods to the state; default merchant',
    }),
  ),
  fee_vat_bps: Type.Optional(taxBps('VAT on the commission, on top of it')),
  payment_providers: Type.Optional(
    Type.Array(Type.Enum([...marketProviders]), {
      minItems: 1,
      uniqueItems: true,
      description: 'Who takes money here; default stripe, cash and external',
    }),
  ),
  payouts: Type.Optional(
    Body(
      {
        every: Type.Optional(
          Type.Enum([...payoutEvery], {
            description:
              'By the market’s calendar, a week from Monday on; default never: only when asked for',
          }),
        ),
        minimum_minor: Type.Optional(AmountMinor),
        rails: Type.Optional(
          Type.Array(Type.Enum([...payoutRails]), { minItems: 1, uniqueItems: true }),
        ),
      },
      { description: 'How merchants and drivers are paid out; the rails default to stripe' },
    ),
  ),
  policy: Type.Optional(PolicyOverrides),
  speed: Type.Optional(
    Type.Number({
      exclusiveMinimum: 0,
      maximum: 1_000,
      description:
        'The market’s clock runs this many times faster (simulation): durations are divided, speeds multiplied',
    }),
  ),
});
export type NewMarket = Static<typeof NewMarket>;
export const Market = Type.Object({
  id: Type.String(),
  name: Type.String(),
  currency: Type.String(),
  time_zone: Type.String(),
  driver_pay_minor: Type.Integer(),
  delivery_fee_minor: Type.Integer(),
  tax_bps: Type.Integer(),
  tax_mode: Type.String(),
  tax_collector: Type.String(),
  fee_vat_bps: Type.Integer(),
  payment_providers: Type.Array(Type.String()),
  payouts: Type.Object({
    every: Type.String(),
    minimum_minor: Type.Integer(),
    rails: Type.Array(Type.String()),
  }),
  policy: Type.Object({}, { additionalProperties: true }),
  created_at: Time,
});

export const NewMerchant = Body({
  market_id: Id('market'),
  name: Name,
  commission_bps: Type.Integer({
    minimum: 0,
    maximum: 10_000,
    description: 'Hundredths of a percent of the goods',
  }),
  kind: Type.Optional(Type.Enum([...goodsKinds], { description: 'Default restaurant' })),
  settlement: Type.Optional(Settlement),
  delivery: Type.Optional(
    Type.Unsafe<DeliveryTerms>({
      ...DeliveryTerms,
      description: 'Who may bring its orders, and how, where an order says nothing else',
    }),
  ),
});
export const Merchant = Type.Object({
  id: Type.String(),
  market_id: Type.String(),
  name: Type.String(),
  commission_bps: Type.Integer(),
  kind: Type.String(),
  delivery: DeliveryTerms,
  created_at: Time,
});

export const NewBranch = Body({
  merchant_id: Id('merchant'),
  name: Name,
  location: Location,
  address: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 500,
      description: 'Where a partner fleet fetches the goods; without one none is asked',
    }),
  ),
  auto_accept: Type.Optional(
    Type.Boolean({
      description:
        'Take orders without asking while the tablet has acknowledged one lately; never goods that need a look',
    }),
  ),
});
export const Branch = Type.Object({
  id: Type.String(),
  merchant_id: Type.String(),
  market_id: Type.String(),
  name: Type.String(),
  location: Location,
  address: Type.Union([Type.String(), Type.Null()]),
  auto_accept: Type.Boolean(),
  created_at: Time,
});

const Stars = Type.Number({ minimum: 1, maximum: 5, description: 'The mean of the stars given' });
export const Rating = Body({ rating: Stars });
export const NewDriver = Body({
  market_id: Id('market'),
  name: Name,
  phone: Phone,
  capacity: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: maxCapacity,
      description: 'Load at a time, of which most orders are 1; default 1',
    }),
  ),
  skills: Type.Optional(
    Type.Array(Type.Enum([...driverSkills]), {
      uniqueItems: true,
      maxItems: driverSkills.length,
      description: 'What only some can carry or check; default age_check and prescription',
    }),
  ),
  vehicle: Type.Optional(
    Type.Enum([...vehicles], {
      description: 'Absent: not known, and nothing is offered that needs a certain one',
    }),
  ),
  rating: Type.Optional(Stars),
  merchant_id: Type.Optional(
    Type.String({ ...Id('merchant'), description: 'Whose own driver; absent: of the platform' }),
  ),
});
// People's data is not stored with answers.
const Unrepeated = Type.Optional(
  Type.String({ description: 'Not in the answer to a repeated request' }),
);
export const Driver = Type.Object({
  id: Type.String(),
  market_id: Type.String(),
  name: Unrepeated,
  phone: Unrepeated,
  capacity: Type.Integer(),
  skills: Type.Array(Type.String()),
  vehicle: Nullable(Type.String()),
  rating: Nullable(Type.Number()),
  merchant_id: Nullable(Type.String()),
  online: Type.Boolean(),
  created_at: Time,
});

export const NewCustomer = Body({
  name: Name,
  phone: Phone,
  merchant_id: Type.Optional(
    Type.String({ ...Id('merchant'), description: 'Whose guest; absent: of the platform' }),
  ),
});
export const Customer = Type.Object({
  id: Type.String(),
  name: Unrepeated,
  phone: Unrepeated,
  merchant_id: Nullable(Type.String()),
  created_at: Time,
});

export const NewKey = Body({
  role: Type.Enum(['platform_admin', 'support', 'owner', 'manager', 'staff', 'driver', 'customer']),
  merchant_id: Type.Optional(Id('merchant')),
  branch_id: Type.Optional(Id('branch')),
  driver_id: Type.Optional(Id('driver')),
  customer_id: Type.Optional(Id('customer')),
});
export type NewKey = Static<typeof NewKey>;
export const Key = Type.Object({
  id: Type.String(),
  role: Type.String(),
  merchant_id: Nullable(Type.String()),
  branch_id: Nullable(Type.String()),
  driver_id: Nullable(Type.String()),
  customer_id: Nullable(Type.String()),
  created_at: Time,
  revoked_at: Nullable(Time),
  secret: Type.Optional(
    Type.String({
      description:
        'Only in the first answer: it is not stored, a repeated request does not show it',
    }),
  ),
});
