// Whether what is asked of Stripe, and what the fake answers, fits Stripe's own OpenAPI document, of which
// stripe-openapi.json is a part (made by scripts/stripe-openapi.ts). Of an answer the fields that it has are looked at:
// the fake leaves out what nobody reads.

import { readFileSync } from 'node:fs';
import { Compile } from 'typebox/schema';

type Schema = { readonly [key: string]: unknown };
type Operation = Readonly<Record<'sent' | 'answer' | 'failure', Schema>>;
type Extract = {
  readonly version: string;
  readonly operations: Readonly<Record<string, Operation>>;
  readonly $defs: Readonly<Record<string, Schema>>;
};

const file = new URL('stripe-openapi.json', import.meta.url);
export const extract = JSON.parse(readFileSync(file, 'utf8')) as Extract;

export type StripeCall = {
  readonly method: string;
  readonly path: string;
  /** Form or query, encoded. */
  readonly sent: string;
  /** Undefined: there was none. */
  readonly answer: { readonly status: number; readonly body: string } | undefined;
};

type Value =
  | string
  | number
  | boolean
  | null
  | readonly Value[]
  | { readonly [key: string]: Value };
type Tree = { [key: string]: Tree | string };

/** `metadata[order_id]=1&expand[0]=latest_charge` as an object of texts. */
function treeOf(encoded: string): Tree {
  const root: Tree = {};
  for (const [name, value] of new URLSearchParams(encoded)) {
    const [first = '', ...inner] = name.split(/\]\[|\[|\]/).filter((part, at) => part || at === 0);
    const path = [first, ...inner];
    let at = root;
    for (const part of path.slice(0, -1)) {
      const next = at[part];
      at = typeof next === 'object' ? next : (at[part] = {});
    }
    at[path.at(-1) ?? ''] = value;
  }
  return root;
}

/** Texts as what the schema says they are, where they can be that. */
function typed(tree: Tree | string, schema: Schema): Value {
  const ways = (schema['anyOf'] as readonly Schema[] | undefined) ?? [schema];
  if (typeof tree === 'string') {
    const types = ways.map(({ type }) => type);
    if (types.includes('integer') && /^-?\d{1,15}$/.test(tree)) return Number(tree);
    if (types.includes('boolean') && (tree === 'true' || tree === 'false')) return tree === 'true';
    return tree;
  }
  const way = ways.find(({ type }) => type === 'array' || type === 'object') ?? schema;
  if (way['type'] === 'array')
    return Object.values(tree).map((each) => typed(each, (way['items'] ?? {}) as Schema));
  const properties = (way['properties'] ?? {}) as Readonly<Record<string, Schema>>;
  return Object.fromEntries(
    Object.entries(tree).map(([name, each]) => [name, typed(each, properties[name] ?? {})]),
  );
}

/** Without what an object must have. */
function lenient(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(lenient);
  if (typeof schema !== 'object' || schema === null) return schema;
  return Object.fromEntries(
    Object.entries(schema)
      .filter(([key, value]) => key !== 'required' || !Array.isArray(value))
      .map(([key, value]) => [key, lenient(value)]),
  );
}

const compile = (schema: Schema) => Compile({ ...schema, $defs: lenient(extract.$defs) });
const compiled = Object.entries(extract.operations).map(([name, operation]) => {
  const [method = '', path = ''] = name.split(' ');
  return {
    name,
    method,
    path: new RegExp(`^${path.replaceAll(/\{\w+\}/g, '[^/]+')}$`),
    isExact: !path.includes('{'),
    operation,
    sent: compile(operation.sent),
    answer: compile(lenient(operation.answer) as Schema),
    failure: compile(lenient(operation.failure) as Schema),
  };
});

const find = ({ method, path }: StripeCall) =>
  compiled
    .filter((each) => each.method === method && each.path.test(path))
    .toSorted((a, b) => Number(b.isExact) - Number(a.isExact))[0];

type Check = ReturnType<typeof compile>;

const problemsOf = (check: Check, value: unknown): readonly string[] =>
  check.Check(value)
    ? []
    : check
        .Errors(value)[1]
        .map(({ instancePath, message, params }) =>
          [instancePath, message, JSON.stringify(params)].join(' '),
        );

/** What is wrong with a call, in words; nothing when it fits. */
export function violationsOf(call: StripeCall): readonly string[] {
  const known = find(call);
  if (known === undefined) return [`${call.method} ${call.path} is no operation that is used`];
  const asked = problemsOf(known.sent, typed(treeOf(call.sent), known.operation.sent));
  const { answer } = call;
  const check = answer && answer.status >= 400 ? known.failure : known.answer;
  const told = answer ? problemsOf(check, JSON.parse(answer.body)) : [];
  return [
    ...asked.map((text) => `${known.name}: asked${text}`),
    ...told.map((text) => `${known.name}: answered ${answer?.status}${text}`),
  ];
}

/** Watches the calls of a fake. */
export function createStripeContract() {
  const violations = new Set<string>();
  const operations = new Set<string>();
  return {
    see: (call: StripeCall): void => {
      operations.add(find(call)?.name ?? '');
      for (const text of violationsOf(call)) violations.add(text);
    },
    violations: (): readonly string[] => [...violations],
    operations: (): readonly string[] => [...operations],
  };
}
