// Cuts out of Stripe's OpenAPI document (github.com/stripe/openapi) what is asked of Stripe here, as plain JSON Schema:
// the operations with their parameters, and the objects that are read. What is not used keeps its name alone.
// `node scripts/stripe-openapi.ts spec3.json LICENSE > test/support/stripe-openapi.json`; stripe-mock's Go module brings the
// same document as `embedded/openapi/spec3.json`.

import { readFileSync } from 'node:fs';

/** Of each operation the parameters whose types matter. */
const used: Readonly<Record<string, readonly string[]>> = {
  'POST /v1/payment_intents': [
    'amount',
    'currency',
    'capture_method',
    'confirm',
    'payment_method',
    'allowed_payment_method_types',
    'use_stripe_sdk',
    'metadata',
    'expand',
  ],
  'GET /v1/payment_intents': ['created', 'limit', 'starting_after', 'expand'],
  'GET /v1/payment_intents/search': ['query', 'limit', 'page'],
  'GET /v1/payment_intents/{intent}': ['expand'],
  'POST /v1/payment_intents/{intent}/capture': ['amount_to_capture', 'expand'],
  'POST /v1/payment_intents/{intent}/cancel': ['cancellation_reason', 'expand'],
  'POST /v1/refunds': ['payment_intent', 'amount', 'metadata'],
  'GET /v1/refunds': ['payment_intent', 'limit', 'starting_after'],
  'GET /v1/disputes': ['payment_intent', 'created', 'limit', 'starting_after'],
  'POST /v1/disputes/{dispute}': ['evidence', 'submit'],
  'POST /v1/transfers': ['amount', 'currency', 'destination', 'transfer_group', 'metadata'],
  'GET /v1/transfers': ['transfer_group', 'created', 'limit', 'starting_after'],
  'GET /v1/transfers/{transfer}': [],
  'POST /v1/transfers/{id}/reversals': [],
  'POST /v1/payouts': ['amount', 'currency', 'method', 'metadata'],
  'GET /v1/payouts': ['created', 'limit', 'starting_after'],
  'GET /v1/payouts/{payout}': [],
  'GET /v1/accounts/{account}': [],
};

/** Of what is referred to, only these are looked into. */
const read: ReadonlySet<string> = new Set([
  'payment_intent',
  'payment_intent_next_action',
  'charge',
  'payment_method_details',
  'payment_method_details_card',
  'balance_transaction',
  'refund',
  'dispute',
  'dispute_evidence',
  'dispute_evidence_details',
  'transfer',
  'transfer_reversal',
  'payout',
  'account',
  'account_capabilities',
  'account_settings',
  'account_payout_settings',
  'transfer_schedule',
  'error',
  'api_errors',
]);

type Json = Readonly<Record<string, unknown>>;
const object = (value: unknown): Json =>
  typeof value === 'object' && value ? (value as Json) : {};
const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

const kept = ['type', 'enum', 'maxLength', 'pattern', 'required', 'additionalProperties'] as const;
const prefix = '#/components/schemas/';

/** `strict`: an object has the properties that are named, and no others. */
function plain(schema: Json, strict: boolean): Json {
  const ref = schema['$ref'];
  if (typeof ref === 'string') {
    const name = ref.slice(prefix.length);
    return read.has(name) ? { $ref: `#/$defs/${name}` } : {};
  }
  const properties = Object.entries(object(schema['properties']));
  const made = {
    ...Object.fromEntries(kept.flatMap((key) => (key in schema ? [[key, schema[key]]] : []))),
    ...(properties.length > 0 && {
      properties: Object.fromEntries(
        properties.map(([name, value]) => [name, plain(object(value), strict)]),
      ),
      ...(strict && !('additionalProperties' in schema) && { additionalProperties: false }),
    }),
    ...('items' in schema && { items: plain(object(schema['items']), strict) }),
    ...('anyOf' in schema && {
      anyOf: list(schema['anyOf']).map((each) => plain(object(each), strict)),
    }),
  };
  return schema['nullable'] === true ? { anyOf: [made, { type: 'null' }] } : made;
}

/** The parameters of a query or a form as one object; of those that are not used the name alone. */
function parameters(properties: Json, required: unknown, names: readonly string[]): Json {
  return {
    type: 'object',
    required: list(required),
    additionalProperties: false,
    properties: Object.fromEntries(
      Object.entries(properties).map(([name, schema]) => [
        name,
        names.includes(name) ? plain(object(schema), true) : {},
      ]),
    ),
  };
}

const formOf = (operation: Json): Json => {
  const content = object(object(operation['requestBody'])['content']);
  return object(object(content['application/x-www-form-urlencoded'])['schema']);
};

const answerOf = (operation: Json, status: string): Json => {
  const content = object(object(object(operation['responses'])[status])['content']);
  return object(object(content['application/json'])['schema']);
};

function operationOf(document: Json, name: string): Json {
  const [method = '', path = ''] = name.split(' ');
  const operation = object(object(object(document['paths'])[path])[method.toLowerCase()]);
  const names = used[name] ?? [];
  const inQuery = list(operation['parameters'])
    .map(object)
    .filter((each) => each['in'] === 'query');
  const query = Object.fromEntries(inQuery.map((each) => [each['name'], each['schema']]));
  const needed = inQuery.filter((each) => each['required'] === true).map((each) => each['name']);
  const form = formOf(operation);
  const sent =
    method === 'GET'
      ? parameters(query, needed, names)
      : parameters(object(form['properties']), form['required'], names);
  const unknown = names.filter((each) => !(each in object(sent['properties'])));
  if (unknown.length > 0) throw new Error(`${name} has no parameter ${unknown.join(', ')}`);
  return {
    sent,
    answer: plain(answerOf(operation, '200'), true),
    failure: plain(answerOf(operation, 'default'), true),
  };
}

const [documentFile = '', licenseFile = ''] = process.argv.slice(2);
const document = object(JSON.parse(readFileSync(documentFile, 'utf8')));
const schemas = object(object(document['components'])['schemas']);
const extract = {
  source: 'https://github.com/stripe/openapi, shortened',
  version: object(document['info'])['version'],
  license: readFileSync(licenseFile, 'utf8'),
  operations: Object.fromEntries(
    Object.keys(used).map((name) => [name, operationOf(document, name)]),
  ),
  $defs: Object.fromEntries([...read].map((name) => [name, plain(object(schemas[name]), true)])),
};
process.stdout.write(`${JSON.stringify(extract, null, 1)}\n`);
