// The small schemas that the others are made of.

import { Type, type Static, type TObject, type TSchema } from 'typebox';
import { idPattern, type IdKind } from '../../domain/ids.ts';
import { maxAmountMinor } from '../../domain/money.ts';

export const Id = (kind: IdKind) =>
  Type.String({ pattern: idPattern(kind), description: `The ${kind}’s id` });

/** Refuses unknown fields. */
export const Body = <T extends Parameters<typeof Type.Object>[0]>(
  properties: T,
  options: object = {},
) => Type.Object(properties, { additionalProperties: false, ...options });

export const Nullable = <T extends TSchema>(schema: T) =>
  Type.Unsafe<Static<T> | null>({
    ...schema,
    type: ['type' in schema ? schema.type : 'object', 'null'],
  });

export const Time = Type.String({ format: 'date-time', examples: ['2026-11-05T09:30:00Z'] });
export const AmountMinor = Type.Integer({
  minimum: 0,
  maximum: maxAmountMinor,
  description: 'Whole minor units of the currency',
});
export const Currency = Type.String({
  pattern: '^[A-Z]{3}$',
  description: 'ISO 4217',
  examples: ['EUR'],
});
export const Phone = Type.String({
  pattern: '^\\+[1-9]\\d{6,14}$',
  description: 'E.164',
  examples: ['+491701234567'],
});
export const Name = Type.String({ minLength: 1, maxLength: 200, pattern: '\\S' });
export const Location = Body(
  {
    lat: Type.Number({ minimum: -90, maximum: 90 }),
    lng: Type.Number({ minimum: -180, maximum: 180 }),
  },
  { description: 'WGS 84 degrees', examples: [{ lat: 52.52, lng: 13.405 }] },
);
export type Location = Static<typeof Location>;

export const Limit = Type.Optional(
  Type.Integer({ minimum: 1, maximum: 100, description: 'Default 50' }),
);
export const Cursor = Type.Optional(
  Type.String({ minLength: 1, maxLength: 200, description: '`next_cursor` of the page before' }),
);
export const PageQuery = Body({ cursor: Cursor, limit: Limit });

export const PageOf = <T extends TObject>(item: T) =>
  Type.Object({ data: Type.Array(item), next_cursor: Nullable(Type.String()) });

export const WaitS = Type.Optional(
  Type.Integer({
    minimum: 0,
    maximum: 30,
    description: 'Seconds to wait for the first; default 0',
  }),
);

export const Problem = Type.Object(
  {
    type: Type.String(),
    title: Type.String(),
    status: Type.Integer(),
    code: Type.String({ description: 'Stable; what programs should look at' }),
    reason: Type.String({ description: 'One sentence for people' }),
    errors: Type.Optional(
      Type.Array(
        Type.Object({
          field: Type.String(),
          problem: Type.String(),
          limit: Type.Optional(Type.Unsafe<string | number>({ type: ['string', 'number'] })),
        }),
      ),
    ),
    order_id: Type.Optional(Type.String({ description: 'The order that is in the way' })),
    request_id: Type.String(),
  },
  { description: 'RFC 9457' },
);

export const IdParams = (kind: IdKind) => Type.Object({ id: Id(kind) });
