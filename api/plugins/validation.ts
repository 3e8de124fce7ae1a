// Checks requests against their TypeBox schemas: bodies exactly as sent (no coercion, unknown fields refused), query
// strings after conversion from text. A refusal names the field, the problem and the limit.

import { Format, IsDateTime } from 'typebox/format';
import type { TSchema } from 'typebox';
import type { TLocalizedValidationError } from 'typebox/error';
import { Compile } from 'typebox/compile';
import { Value } from 'typebox/value';
import { problem, type FieldError } from '../problems.ts';
import type { Api } from '../server.ts';

export function registerValidation(app: Api): void {
  // RFC 3339 allows a leap second, `Date` does not.
  Format.Set('date-time', (text) => IsDateTime(text) && Number.isFinite(Date.parse(text)));
  app.setValidatorCompiler<TSchema>(({ schema, httpPart }) => {
    const check = Compile(schema);
    return (sent: unknown) => {
      const value = httpPart === 'body' ? sent : Value.Convert(schema, sent);
      if (check.Check(value)) return { value };
      const errors = check.Errors(value).flatMap(fieldErrorsOf);
      return { error: problem('invalid_request', summary(errors), { errors }) };
    };
  });
}

const summary = ([first]: readonly FieldError[]): string =>
  first ? `${first.field} ${first.problem}` : 'the request does not have the expected shape';

type Keyword = TLocalizedValidationError['keyword'];
type ErrorOf<K extends Keyword> = Extract<TLocalizedValidationError, { readonly keyword: K }>;
type Reader<K extends Keyword> = (error: ErrorOf<K>, at: string) => readonly FieldError[];

/** What is not in this table is said in the library's words. */
const readers: { readonly [K in Keyword]?: Reader<K> } = {
  // Said by additionalProperties and by the members already.
  boolean: () => [],
  anyOf: () => [],
  additionalProperties: ({ params }, at) =>
    params.additionalProperties.map((name) => ({
      field: within(at, name),
      problem: 'is not a known field',
    })),
  required: ({ params }, at) =>
    params.requiredProperties.map((name) => ({ field: within(at, name), problem: 'is required' })),
  type: ({ params }, at) => [
    { field: at, problem: `must be of type ${[params.type].flat().join(' or ')}` },
  ],
  enum: ({ params }, at) => [
    {
      field: at,
      problem: 'is not among the allowed values',
      limit: params.allowedValues.join(' '),
    },
  ],
  const: ({ params }, at) => [
    { field: at, problem: 'is not the allowed value', limit: String(params.allowedValue) },
  ],
  format: ({ params }, at) => [{ field: at, problem: `is not a valid ${params.format}` }],
  pattern: ({ params }, at) => [
    { field: at, problem: 'does not have the expected form', limit: String(params.pattern) },
  ],
};

function fieldErrorsOf(error: TLocalizedValidationError): readonly FieldError[] {
  const at = nameOf(error.instancePath);
  const read = readers[error.keyword] as Reader<Keyword> | undefined;
  return read?.(error, at) ?? [{ field: at, problem: error.message, ...limitOf(error.params) }];
}

const within = (at: string, name: string): string =>
  at === 'body' ? clip(name) : `${at}.${clip(name)}`;

const limitOf = (params: object): { readonly limit?: string | number } =>
  'limit' in params && (typeof params.limit === 'number' || typeof params.limit === 'bigint')
    ? { limit: Number(params.limit) }
    : {};

/** `/items/0/quantity` as `items.0.quantity`; the whole is `body`. */
const nameOf = (pointer: string): string =>
  pointer === '' ? 'body' : clip(pointer.slice(1).replaceAll('/', '.'));

const clip = (name: string): string => name.slice(0, 100);
