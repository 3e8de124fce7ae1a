// Why a driver, or none: what each dispatch round decided about an order.

import { Type, type Static } from 'typebox';
import { Body, Cursor, Nullable, Time } from './common.ts';

export const ExplainQuery = Body({
  every_round: Type.Optional(
    Type.Boolean({
      description: 'Default false: rounds in a row that decided the same are one entry',
    }),
  ),
  cursor: Cursor,
});

const minutes = (description: string) => Type.Number({ description: `Minutes: ${description}` });

const Candidate = Type.Object({
  driver_id: Nullable(Type.String({ description: 'null: not for a merchant to know' })),
  chosen: Type.Boolean(),
  minutes: minutes('until this driver could be at the counter'),
  free_in: minutes('of these until free'),
  travel: minutes('of these on the way'),
  waits: minutes('at the counter, for the goods'),
  late: minutes('all deliveries on this route, later than they could be at best'),
  bias: minutes('added or taken off for acceptance, waiting and rating'),
  cost: minutes('what the plan minimises: late and bias, weighted'),
});

const Explained = Type.Object({
  at: Time,
  since: Type.String({ ...Time, description: 'When the first of these rounds decided so' }),
  rounds: Type.Integer({ description: 'How many rounds of this page in a row decided so' }),
  round_id: Nullable(Type.String({ description: 'null: the round is no longer kept' })),
  outcome: Type.Enum(['offered', 'not_yet', 'driver_busy', 'nobody_left', 'nobody_possible']),
  text: Type.Array(Type.String(), { description: 'The decision in sentences' }),
  offer: Nullable(
    Type.Object({
      id: Type.String(),
      status: Type.String(),
      bonus_minor: Nullable(
        Type.Integer({ description: 'Beyond the usual pay; null: not for a merchant to know' }),
      ),
    }),
  ),
  driver_id: Nullable(
    Type.String({
      description:
        'Whom the plan means for it; for a merchant null unless that driver came or said yes',
    }),
  ),
  together: Type.Array(
    Type.Object({ order_id: Nullable(Type.String()), number: Nullable(Type.String()) }),
    { description: 'All orders that are carried together, in the order of their drop-offs' },
  ),
  is_add_on: Type.Boolean({ description: 'The driver was on the way already' }),
  is_by_hand: Type.Boolean({ description: 'Fixed by a person' }),
  ready_at: Time,
  leave_at: Nullable(Time),
  pickup_at: Nullable(Time),
  dropoff_at: Nullable(Time),
  radius_m: Nullable(Type.Integer({ description: 'null: any distance' })),
  drivers_possible: Type.Integer(),
  candidates: Type.Array(Candidate, { description: 'The best of them, cheapest first' }),
  excluded: Type.Record(Type.String(), Type.Integer(), {
    description: 'Drivers who could not be asked, by reason',
  }),
  asked_again: Type.Boolean({ description: 'Drivers who let an offer lapse were asked again' }),
  solver: Type.Enum(['exact', 'regret_greedy', 'nearest']),
  policy_version: Type.String(),
  input_hash: Type.String({ description: 'Equal hashes: the same input' }),
});
export type Explained = Static<typeof Explained>;
export const Explanation = Type.Object({
  order_id: Type.String(),
  data: Type.Array(Explained, { description: 'The newest first' }),
  partner: Type.Array(Type.Object({ at: Time, text: Type.String() }), {
    description: 'What a partner fleet was asked and answered, the oldest first',
  }),
  next_cursor: Nullable(Type.String()),
  kept_days: Type.Integer({
    description: 'Of older rounds only the decisions behind offers are left',
  }),
});
