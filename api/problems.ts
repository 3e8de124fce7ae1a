// Problems: every refusal and outage as RFC 9457 `application/problem+json`. Thrown anywhere below a route and
// rendered in one place (plugins/errors.ts).

import { errorTable, type ErrorCode, type Refusal } from '../domain/errors.ts';

export type ProblemCode = ErrorCode;

/** One field of the request: its name with dots, what is wrong with it, and the limit it breaks. */
export type FieldError = {
  readonly field: string;
  readonly problem: string;
  readonly limit?: string | number;
};

export type Problem = {
  readonly code: ProblemCode;
  /** One sentence for the caller's developer; never a person's data, never a provider's text. */
  readonly reason: string;
  readonly errors?: readonly FieldError[];
  readonly headers?: Readonly<Record<string, string>>;
  /** The order that is in the way. */
  readonly orderId?: string;
};

export type ProblemError = Error & { readonly problem: Problem };

export const problem = (
  code: ProblemCode,
  reason: string,
  more: Omit<Problem, 'code' | 'reason'> = {},
): ProblemError => Object.assign(new Error(code), { problem: { code, reason, ...more } });

export const isProblem = (error: unknown): error is ProblemError =>
  error instanceof Error && 'problem' in error;

export const refusal = ({ code, reason, at }: Refusal): ProblemError =>
  problem(code, at === undefined ? reason : `${reason} (${new Date(at).toISOString()})`);

export const badField = (field: string, text: string, limit?: string | number): ProblemError =>
  problem('invalid_request', `${field} ${text}`, {
    errors: [{ field, problem: text, ...(limit === undefined ? {} : { limit }) }],
  });

export const notFound = (what: string): ProblemError =>
  problem('not_found', `there is no such ${what}`);

export const comeBack = (
  seconds: number,
): { readonly headers: Readonly<Record<string, string>> } => ({
  headers: { 'retry-after': String(Math.max(1, Math.ceil(seconds))) },
});

export const statusOf = ({ code }: Problem): number => errorTable[code].status;

/** Without `request_id`: that belongs to the one request that is being answered. */
export function problemBody({ code, reason, errors, orderId }: Problem): object {
  const { status, title } = errorTable[code];
  return {
    type: `urn:waybill:problem:${code}`,
    title,
    status,
    code,
    reason,
    ...(errors ? { errors } : {}),
    ...(orderId === undefined ? {} : { order_id: orderId }),
  };
}
