// Bodies and answers of support's routes.

import { Type, type Static, type TSchema } from 'typebox';
import { exceptionReasonNames } from '../../db/exceptions.ts';
import { maxAmountMinor } from '../../domain/money.ts';
import { settleOutcomes } from '../../domain/settling.ts';
import {
  actionOf,
  bulkActionNames,
  supportReasons,
  type Param,
  type SupportActionName,
} from '../../domain/support.ts';
import { AmountMinor, Body, Cursor, Id, Limit, Location, Nullable, Time } from './common.ts';

const Text = Type.String({ minLength: 1, maxLength: 1_000, description: 'Stored encrypted' });
const Reason = Type.Enum([...supportReasons], { description: 'Why a person steps in' });
export const because = { reason: Reason, note: Type.Optional(Text) };

const paramSchemas: Readonly<Record<Exclude<Param['kind'], 'choice'>, TSchema>> = {
  seconds: Type.Integer({ minimum: 0, maximum: 86_400 }),
  time: Time,
  driver: Id('driver'),
  amount: AmountMinor,
  place: Location,
  address: Type.String({ minLength: 1, maxLength: 500 }),
};
const schemaOf = (param: Param): TSchema =>
  param.kind === 'choice' ? Type.Enum([...param.of]) : paramSchemas[param.kind];

/** The body of an action: why, and what the action takes. */
export const ActionBody = (name: SupportActionName) =>
  Body({
    ...because,
    ...Object.fromEntries(
      Object.entries(actionOf(name).takes ?? {}).map(([key, param]) => {
        const schema = { ...schemaOf(param), description: param.says } as TSchema;
        return [key, param.optional ? Type.Optional(schema) : schema];
      }),
    ),
  });

export type Because = { readonly reason: string; readonly note?: string };

export const SettleBody = Body({
  ...because,
  outcome: Type.Optional(
    Type.Enum([...settleOutcomes], {
      description:
        'What became of the goods. Needed once a driver has them; absent: cancelled, or what the log says',
    }),
  ),
});
export type SettleBody = Static<typeof SettleBody>;
export const TerminateBody = Body(because);
export const CompensateBody = Body({
  ...because,
  to: Type.Enum(['driver', 'merchant']),
  driver_id: Type.Optional(Id('driver')),
  amount_minor: Type.Integer({ minimum: 1, maximum: maxAmountMinor }),
});
export type CompensateBody = Static<typeof CompensateBody>;
export const LateCash = Body({
  ...because,
  amount_minor: Type.Integer({ minimum: 1, maximum: maxAmountMinor }),
});
export type LateCash = Static<typeof LateCash>;
export const MissingCash = Type.Object({
  driver_id: Type.String({ description: 'Who owes it' }),
  missing_minor: Type.Integer(),
  currency: Type.String(),
});
export const ResolveBody = Body(because);

export const IfMatch = Type.Object({
  'if-match': Type.Optional(
    Type.String({
      pattern: '^"?\\d{1,9}"?$',
      description:
        'The sequence that was seen, as a preview’s `ETag`: 412 when the order has moved on',
    }),
  ),
});

export const ClaimBody = Body({
  minutes: Type.Optional(Type.Integer({ minimum: 1, maximum: 60, description: 'Default 15' })),
});
export const Claim = Type.Object({
  order_id: Type.String(),
  key_id: Type.String(),
  claimed_at: Time,
  expires_at: Time,
});
export const ReleaseBody = Body({});

export const NewNote = Body({ text: Text });
export const Note = Type.Object({
  id: Type.String(),
  order_id: Type.String(),
  written_by: Type.String({ description: 'The agent’s key' }),
  created_at: Time,
  text: Type.Optional(Type.String({ description: 'Absent once the customer was erased' })),
});
export const Notes = Type.Object({ data: Type.Array(Note) });

export const SearchQuery = Body({
  cursor: Cursor,
  limit: Limit,
  q: Type.String({
    minLength: 1,
    maxLength: 100,
    pattern: '\\S',
    description:
      'An id (order, driver, merchant, branch, customer), an order’s number or external_id, a phone in E.164, or the beginning of a merchant’s name',
  }),
});

export const ExceptionQuery = Body({
  cursor: Cursor,
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 50, description: 'Default 50' })),
  market_id: Type.Optional(Id('market')),
  merchant_id: Type.Optional(Id('merchant')),
  reason: Type.Optional(Type.Enum([...exceptionReasonNames])),
  claimed: Type.Optional(
    Type.String({
      pattern: '^(me|nobody|key_[0-9a-f]{32})$',
      description: '`me`, `nobody` or the id of an agent’s key',
    }),
  ),
});

const NextStep = Nullable(Type.Object({ at: Time, exit: Type.String(), says: Type.String() }));
const ActionLink = Type.Object({
  action: Type.String(),
  says: Type.String(),
  path: Type.String({ description: 'POST here; with /preview behind it, only the effects' }),
});

export const Exception = Type.Object({
  order_id: Type.String(),
  number: Type.String(),
  external_id: Nullable(Type.String()),
  merchant_id: Type.String(),
  branch_id: Type.String(),
  market_id: Type.String(),
  driver_id: Nullable(Type.String()),
  status: Type.String(),
  order_status: Type.String(),
  delivery_status: Type.String(),
  payment_status: Type.String(),
  end_reason: Nullable(Type.String()),
  sequence: Type.Integer(),
  currency: Type.String(),
  total_minor: Type.Integer(),
  placed_at: Time,
  due_at: Type.String({ ...Time, description: 'The deadline; the queue’s order' }),
  reasons: Type.Array(
    Type.Object({ code: Type.String(), says: Type.String({ description: 'Why it is stuck' }) }),
  ),
  owner: Nullable(Type.String({ description: 'Whose move it is' })),
  next_step: NextStep,
  by_itself: Type.String({ description: 'What happens if nobody does anything, in one sentence' }),
  incidents: Type.Array(
    Type.Object({
      key: Type.String(),
      kind: Type.String(),
      says: Nullable(
        Type.String({ description: 'What has happened, where there are words for it' }),
      ),
      at: Time,
    }),
  ),
  claim: Nullable(Type.Object({ key_id: Type.String(), expires_at: Time })),
  actions: Type.Array(ActionLink, { description: 'What support may do at this moment' }),
});
export type Exception = Static<typeof Exception>;

const Money = Type.Object({
  held_minor: Type.Integer({ description: 'Held on the card, not taken' }),
  captured_minor: Type.Integer(),
  customer_pays_minor: Type.Integer(),
  merchant_gets_minor: Type.Integer(),
  driver_gets_minor: Type.Integer(),
  platform_keeps_minor: Type.Integer({ description: 'Negative: the platform bears it' }),
  tax_minor: Type.Integer({ description: 'VAT on the commission' }),
  goods_tax_minor: Type.Integer({ description: 'Tax on the goods that the platform collects' }),
  rounding_minor: Type.Integer({ description: 'Of the price to what can be paid' }),
});
const Standing = Type.Object({
  status: Type.String(),
  order: Type.String(),
  delivery: Type.String(),
  payment: Type.String(),
  money: Money,
});

export const Preview = Type.Object({
  order_id: Type.String(),
  action: Type.String(),
  sequence: Type.Integer({ description: 'Send it as If-Match with the action' }),
  allowed: Type.Boolean(),
  refusal: Nullable(Type.Object({ code: Type.String(), reason: Type.String() })),
  needs_approval: Type.Boolean({ description: 'A second agent has to approve' }),
  currency: Type.String(),
  before: Nullable(Standing),
  after: Nullable(Standing),
  money_says: Type.String({ description: 'Who pays, who gets what, in one sentence' }),
  happens: Type.Array(Type.Object({ type: Type.String(), text: Type.String() })),
  told: Type.Array(Type.String(), {
    description:
      'Who learns of it: customer, merchant, driver, partner (a partner fleet, which is cancelled)',
  }),
  next_step: NextStep,
});
export type Preview = Static<typeof Preview>;

export const Acted = Type.Object({
  attempt_id: Type.String({ description: 'In the audit' }),
  outcome: Type.Enum(['done', 'under_way', 'awaits_approval']),
  order_id: Type.String(),
  status: Type.String(),
  order_status: Type.String(),
  delivery_status: Type.String(),
  payment_status: Type.String(),
  end_reason: Nullable(Type.String()),
  sequence: Type.Integer(),
  approval_id: Type.Optional(Type.String()),
});
export type Acted = Static<typeof Acted>;

export const Approval = Type.Object({
  id: Type.String(),
  order_id: Type.String(),
  action: Type.String(),
  reason: Type.String(),
  status: Type.String({ description: 'pending approved rejected expired' }),
  loss_minor: Type.Integer({ description: 'What the platform would bear' }),
  currency: Type.String(),
  asked_by: Type.String(),
  asked_at: Time,
  expires_at: Time,
  decided_by: Nullable(Type.String()),
});
export const DecideBody = Body({});

export const NewBulk = Body({
  action: Type.Enum([...bulkActionNames]),
  reason: Reason,
  branch_id: Type.Optional(Id('branch')),
  merchant_id: Type.Optional(Id('merchant')),
  market_id: Type.Optional(Id('market')),
  order_status: Type.Optional(Type.String({ pattern: '^[a-z_]{1,40}$', examples: ['pending'] })),
  delivery_status: Type.Optional(Type.String({ pattern: '^[a-z_]{1,40}$' })),
  dry_run: Type.Boolean({ description: 'true: only count' }),
  expected_count: Type.Optional(
    Type.Integer({
      minimum: 0,
      maximum: 1_000,
      description: '`would_do` of the dry run; needed when dry_run is false',
    }),
  ),
});
export type NewBulk = Static<typeof NewBulk>;
export const BulkCount = Type.Object({
  selected: Type.Integer({ description: 'Open orders that the filter finds, at most 1,000' }),
  would_do: Type.Integer(),
  would_refuse: Type.Integer(),
  needs_approval: Type.Integer({ description: 'Left out: a second agent must approve each' }),
  loss_minor: Type.Integer({ description: 'What the platform would bear, all together' }),
});
export const Bulk = Type.Object({
  id: Type.String(),
  action: Type.String(),
  reason: Type.String(),
  created_at: Time,
  total: Type.Integer(),
  left: Type.Integer({ description: '0: finished' }),
  done: Type.Integer(),
  refused: Type.Integer(),
  refusals: Type.Array(Type.Object({ order_id: Type.String(), code: Type.String() }), {
    description: 'The first 100',
  }),
});
