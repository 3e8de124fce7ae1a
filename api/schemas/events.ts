// Answers of the event feed and the timeline.

import { Type, type Static } from 'typebox';
import { Body, Nullable, Time, WaitS } from './common.ts';

export const EventQuery = Body({
  after: Type.Optional(
    Type.String({ minLength: 1, maxLength: 100, description: '`next_cursor` of the last read' }),
  ),
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 500, description: 'Default 100' })),
  wait: WaitS,
});

export const FeedEvent = Type.Object({
  id: Type.String({ description: 'Unique: the order’s id and the sequence' }),
  type: Type.String({ examples: ['order.accepted'] }),
  order_id: Type.String(),
  sequence: Type.Integer({ description: 'Per order, without gaps, from 1' }),
  at: Time,
  actor: Type.Object({ kind: Type.String(), id: Nullable(Type.String()) }),
  data: Type.Object({}, { additionalProperties: true }),
});
export type FeedEvent = Static<typeof FeedEvent>;

export const Feed = Type.Object({
  data: Type.Array(FeedEvent),
  next_cursor: Type.String({ description: 'Never null: the feed has no end' }),
});

export const TimelineEntry = Type.Object({
  at: Time,
  source: Type.Enum(['order', 'offer', 'provider', 'support', 'note', 'incident', 'workflow']),
  type: Type.String(),
  text: Type.String({ description: 'What happened, in one sentence' }),
  sequence: Nullable(Type.Integer()),
  actor: Nullable(Type.Object({ kind: Type.String(), id: Nullable(Type.String()) })),
  offer_id: Nullable(Type.String()),
  driver_id: Nullable(Type.String()),
  data: Type.Object({}, { additionalProperties: true }),
});
export type TimelineEntry = Static<typeof TimelineEntry>;
export const Timeline = Type.Object({ data: Type.Array(TimelineEntry) });
