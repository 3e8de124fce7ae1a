// Why a driver, or none: what each dispatch round decided about an order.

import { Type, type Static } from 'typebox';
import { Body, Cursor, Id, Nullable, Time } from './common.ts';

export const ExplainQuery = Body({
  every_round: Type.Optional(
    Type.Boolean({
      description: 'Default false: rounds in a row that decided the same are one entry',
    }),
  ),
  driver_id: Type.Optional(
    Type.String({
      ...Id('driver'),
      description: 'Why not this driver? Answered in `asked_driver`; for the platform only',
    }),
  ),
  cursor: Cursor,
});

const minutes = (description: string) => Type.Number({ description: `Minutes: ${description}` });

const part = (description: string) => Type.Optional(minutes(description));

const Candidate = Type.Object({
  driver_id: Nullable(Type.String({ description: 'null: not for a merchant to know' })),
  chosen: Type.Boolean(),
  minutes: minutes('until this driver could be at the counter'),
  free_in: minutes('of these until free'),
  travel: minutes('of these on the way'),
  waits: minutes('at the counter, for the goods'),
  cost: minutes(
    'what the plan minimises, of all that travel together in sum; of the driver of an add-on: what the detour adds',
  ),
  parts: Type.Object(
    {
      late: part(
        'the hand-overs, later than with a driver at the counter when the goods are ready',
      ),
      standing: part('ending far from where orders arise'),
      uncertainty: part('goods that may be late'),
      acceptance: part('a likely refusal'),
      fairness: part('a long wait for work, below 0'),
      rating: part('a rating below five stars'),
    },
    { description: 'What the cost is the sum of; what is 0 is left out' },
  ),
  takes_order: Nullable(
    Type.String({
      description: 'The order that the plan has this driver fetch instead, by number',
    }),
  ),
});

const AskedDriver = Type.Object({
  driver_id: Type.String(),
  answer: Type.Enum(['chosen', 'possible', 'excluded', 'unseen', 'no_longer_known']),
  reason: Nullable(Type.String({ description: 'As in `excluded`' })),
  cost: Nullable(minutes('as in `candidates`')),
  text: Type.String({ description: 'The answer in a sentence' }),
});

const Explained = Type.Object({
  at: Time,
  since: Type.String({ ...Time, description: 'When the first of these rounds decided so' }),
  rounds: Type.Integer({ description: 'How many rounds of this page in a row decided so' }),
  round_id: Nullable(Type.String({ description: 'null: the round is no longer kept' })),
  outcome: Type.Enum([
    'offered',
    'not_yet',
    'driver_busy',
    'nobody_left',
    'nobody_possible',
    'exhausted',
  ]),
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
  stops: Type.Array(
    Type.Object({
      kind: Type.Enum(['pickup', 'dropoff']),
      order_id: Nullable(Type.String()),
      at: Time,
      ready_at: Nullable(
        Type.String({ ...Time, description: 'Of a pickup: when the goods are expected' }),
      ),
    }),
    { description: 'Of all that travel together, in the order of the route; empty for one alone' },
  ),
  others_later: Nullable(
    minutes('what the others arrive later in sum because this one comes along'),
  ),
  self_later: Nullable(minutes('what this one arrives later than straight from its counter')),
  alone: Nullable(
    Type.Object(
      {
        driver_id: Nullable(Type.String()),
        dropoff_at: Time,
        costs_more: minutes('what the whole plan would cost more'),
      },
      { description: 'The best way to bring it without the others; null: none, or it is alone' },
    ),
  ),
  is_add_on: Type.Boolean({ description: 'The driver was on the way already' }),
  is_by_hand: Type.Boolean({ description: 'Fixed by a person' }),
  ready_at: Time,
  leave_at: Nullable(Time),
  pickup_at: Nullable(Time),
  dropoff_at: Nullable(Time),
  radius_m: Nullable(
    Type.Integer({
      description: 'How far the search reaches for all that travel together; null: any distance',
    }),
  ),
  beyond: Nullable(
    Type.String({
      description:
        'Why the driver may come from further: `on_the_way` there already, `with_another` order whose search reaches further, `after_another` delivery nearby',
    }),
  ),
  wider: Nullable(
    Type.Object(
      { at: Time, radius_m: Type.Integer() },
      { description: 'When the search reaches further' },
    ),
  ),
  offers_used: Nullable(
    Type.Record(Type.String(), Type.Integer(), {
      description: 'Of an exhausted search: its offers by what became of them',
    }),
  ),
  drivers_possible: Type.Integer(),
  candidates: Type.Array(Candidate, { description: 'The best of them, cheapest first' }),
  excluded: Type.Record(Type.String(), Type.Integer(), {
    description: 'Drivers who could not be asked, by reason',
  }),
  excluded_drivers: Nullable(
    Type.Record(Type.String(), Type.Array(Type.String()), {
      description:
        'Of these the nearest 50 by reason, in the newest round of a page that is still kept; else, and for a merchant, null',
    }),
  ),
  asked_driver: Nullable(AskedDriver),
  asked_again: Type.Boolean({ description: 'Drivers who let an offer lapse were asked again' }),
  solver: Type.Enum(['exact', 'regret_greedy', 'nearest']),
  policy_version: Type.String(),
  input_hash: Type.String({ description: 'Of 128 bits. Equal hashes: the same input' }),
});
export type Explained = Static<typeof Explained>;
export const Explanation = Type.Object({
  order_id: Type.String(),
  data: Type.Array(Explained, { description: 'The newest first' }),
  reroutes: Type.Array(Type.Object({ at: Time, text: Type.String() }), {
    description: 'When its driver’s stops were put into another order, and why; the newest first',
  }),
  partner: Type.Array(Type.Object({ at: Time, text: Type.String() }), {
    description: 'What a partner fleet was asked and answered, the oldest first',
  }),
  next_cursor: Nullable(Type.String()),
  kept_days: Type.Integer({
    description: 'Of older rounds only the decisions behind offers are left',
  }),
});
