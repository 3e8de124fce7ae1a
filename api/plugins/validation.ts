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

function fieldErrorsOf(error: TLocalizedValidationError): readonly FieldError[] {
  const at = nameOf(error.instancePath);
  const within = (name: string): string => (at === 'body' ? clip(name) : `${at}.${clip(name)}`);
  switch (error.keyword) {
    // Said by additionalProperties and by the members already.
    case 'boolean':
    case 'anyOf':
      return [];
    case 'additionalProperties':
      return error.params.additionalProperties.map((name) => ({ field: within(name), problem: 'is not a known field' }));
    case 'required':
      return error.params.requiredProperties.map((name) => ({ field: within(name), problem: 'is required' }));
    case 'type':
      return [{ field: at, problem: `must be of type ${[error.params.type].flat().join(' or ')}` }];
    case 'enum':
      return [{ field: at, problem: 'is not among the allowed values', limit: error.params.allowedValues.join(' ') }];
    case 'const':
      return [{ field: at, problem: 'is not the allowed value', limit: String(error.params.allowedValue) }];
    case 'format':
      return [{ field: at, problem: `is not a valid ${error.params.format}` }];
    case 'pattern':
      return [{ field: at, problem: 'does not have the expected form', limit: String(error.params.pattern) }];
    default:
      return [{ field: at, problem: error.message, ...limitOf(error.params) }];
  }
}

const limitOf = (params: object): { readonly limit?: string | number } =>
  'limit' in params && (typeof params.limit === 'number' || typeof params.limit === 'bigint')
    ? { limit: Number(params.limit) }
    : {};

/** `/items/0/quantity` as `items.0.quantity`; the whole is `body`. */
const nameOf = (pointer: string): string => (pointer === '' ? 'body' : clip(pointer.slice(1).replaceAll('/', '.')));

const clip = (name: string): string => name.slice(0, 100);
