// One API request from arrival to reply: credentials, faults, idempotency, execution, events.
// Invariant, Stripe's own rules (docs.stripe.com/api/idempotent_requests): a key keeps the status and
// body of the first request that began to execute, 500s included, for 24 h; other parameters or
// another path are a 400; two at once are a 409; what was refused before execution is not kept.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Fault, RequestFacts } from '../provider/faults.ts';
import { CARD_DECLINED } from './cards.ts';
import { fieldsUnder, fingerprintOf, type Form } from './form.ts';
import { newId } from '../provider/ids.ts';
import type { LieKind, Lies, LyingStep } from '../provider/lies.ts';
import type { Payments } from './payments.ts';
import {
  declined,
  executed,
  keyInUse,
  keyReused,
  rateLimited,
  rejected,
  type Reply,
  serverError,
  unavailable,
} from './replies.ts';
import type { createRoutes, Route } from './routes.ts';
import type { KeyRecord, State } from './state.ts';
import type { Webhooks } from './webhooks.ts';

export type ApiRequest = {
  readonly method: string;
  readonly path: string;
  readonly form: Form;
  readonly authorization: string | undefined;
  readonly key: string | undefined;
  /** On whose behalf, of the connected ones. */
  readonly account: string | undefined;
};

export type Exchange =
  | {
      readonly kind: 'reply';
      readonly status: number;
      readonly body: string;
      readonly headers: Readonly<Record<string, string>>;
    }
  /** Leave the connection open and silent. */
  | { readonly kind: 'silence' }
  | { readonly kind: 'drop' };

export type ExchangeOptions = {
  readonly state: State;
  readonly payments: Payments;
  readonly findRoute: ReturnType<typeof createRoutes>;
  readonly pickFault: (facts: RequestFacts) => Fault | undefined;
  readonly webhooks: Webhooks;
  readonly lies: Lies;
  readonly latencyMs: number;
};

type Call = ApiRequest & { readonly route: Route; readonly fault: Fault | undefined };

const BEFORE_REPLY_LIMIT_MS = 5_000;

/** What the request gets without ever reaching the API's own layers. undefined: go on. */
function answerOutside(fault: Fault): Exchange | Reply | undefined {
  switch (fault.kind) {
    case 'timeout':
      return { kind: 'silence' };
    case 'drop_connection':
      return { kind: 'drop' };
    case '503':
      return unavailable();
    case '429':
      return rateLimited(fault.retryAfterS ?? 1);
    case '409':
      return keyInUse();
    case '500':
    case 'delay':
    case 'execute_then_500':
    case 'execute_then_drop':
    case 'execute_then_timeout':
    case 'hold_expired':
    case 'declined':
      return undefined;
  }
}

/** The endpoint is reached and does nothing. undefined: it runs. */
function insteadOf(fault: Fault | undefined): Reply | undefined {
  if (fault?.kind === '500') return serverError();
  return fault?.kind === 'declined' ? declined(CARD_DECLINED, undefined) : undefined;
}

function render(reply: Reply, requestId: string): Exchange {
  const headers = { 'request-id': requestId, ...reply.headers };
  return { kind: 'reply', status: reply.status, body: JSON.stringify(reply.body), headers };
}

const replay = (record: KeyRecord): Exchange => ({
  kind: 'reply',
  status: record.status,
  body: record.body,
  headers: {
    'request-id': newId('req'),
    'original-request': record.requestId,
    'idempotent-replayed': 'true',
    'idempotency-key': record.key,
    'stripe-should-retry': 'false',
  },
});

function mismatch(record: KeyRecord, { path, form }: ApiRequest): Reply | undefined {
  if (record.path !== path) {
    return keyReused(`Keys can only be used for the endpoint they were first used for.`);
  }
  return record.fingerprint === fingerprintOf(form)
    ? undefined
    : keyReused('Keys can only be used with the same parameters they were first used with.');
}

type Arrival = { readonly request: ApiRequest; readonly route: Route };

function readFacts(state: State, { request, route }: Arrival): RequestFacts {
  const { method, path, form, key } = request;
  const metadata = route.intent?.metadata ?? fieldsUnder(form, 'metadata');
  return {
    method,
    path,
    // Of a payout, its name.
    orderId: metadata['order_id'] ?? metadata['payout'],
    paymentMethod: form.get('payment_method') ?? route.intent?.paymentMethod ?? undefined,
    replay: key !== undefined && state.storedKey(key) !== undefined,
  };
}

/** What may be lied about. */
function lyingStepOf({ method, path, form }: ApiRequest): LyingStep | undefined {
  if (method !== 'POST') return undefined;
  if (path.endsWith('/capture')) return 'capture';
  if (path === '/v1/refunds') return 'refund';
  return path === '/v1/payment_intents' && form.get('confirm') === 'true' ? 'authorize' : undefined;
}

/** It was done, and is said to have failed. */
function saysFailed({ path }: Call, { body }: Reply): Reply {
  return path === '/v1/refunds'
    ? executed({ ...(body as object), status: 'failed' })
    : declined(CARD_DECLINED, path.endsWith('/capture') ? undefined : body);
}

type Told = { readonly id?: string; readonly payment_intent?: string };

const run = ({ route, form, account }: Call): Reply => route.run(form, account);

function createLiar({
  state,
  lies,
  webhooks,
}: Pick<ExchangeOptions, 'state' | 'lies' | 'webhooks'>) {
  function done(call: Call): void {
    run(call);
    state.flush();
    void webhooks.dispatch();
  }

  function lying(call: Call, kind: LieKind): Reply {
    const reply = kind === 'says_failed' ? run(call) : state.pretend(() => run(call));
    // There is nothing to lie about: it was refused.
    if (reply.status !== 200) return reply;
    const { id = '', payment_intent: of } = reply.body as Told;
    const providerRef = of ?? id;
    const orderId = (call.route.intent ?? state.intents.get(providerRef))?.metadata['order_id'];
    lies.tell(kind, { providerRef, orderId });
    if (kind === 'captures_late') lies.postpone(() => done(call));
    return kind === 'says_failed' ? saysFailed(call, reply) : reply;
  }

  return function runOrLie(call: Call): Reply {
    const step = lyingStepOf(call);
    const kind = step && lies.pick(step);
    return kind ? lying(call, kind) : run(call);
  };
}

export function createExchange(options: ExchangeOptions) {
  const { state, payments, findRoute, pickFault, webhooks, latencyMs } = options;
  const runOrLie = createLiar(options);
  const inFlight = new Set<string>();

  function execute(call: Call): Exchange {
    if (call.fault?.kind === 'hold_expired' && call.route.intent !== undefined) {
      payments.expireNow(call.route.intent);
    }
    const ran = insteadOf(call.fault) ?? runOrLie(call);
    const broken = call.fault?.kind === 'execute_then_500' && ran.stored;
    const reply = broken ? serverError() : ran;
    const requestId = newId('req');
    const exchange = render(reply, requestId);
    if (call.key !== undefined && reply.stored && exchange.kind === 'reply') {
      const { status, body } = exchange;
      const { key, path } = call;
      const fingerprint = fingerprintOf(call.form);
      const value = { key, path, fingerprint, status, body, requestId, storedAt: state.now() };
      state.put({ kind: 'key', value });
    }
    return exchange;
  }

  /** Latency comes before execution, so a second request with the key meets the first in flight. */
  async function underKey(call: Call): Promise<Exchange> {
    const { key } = call;
    if (key !== undefined && inFlight.has(key)) return render(keyInUse(), newId('req'));
    const record = key === undefined ? undefined : state.storedKey(key);
    if (record !== undefined) {
      const refusal = mismatch(record, call);
      return refusal === undefined ? replay(record) : render(refusal, newId('req'));
    }
    if (key !== undefined) inFlight.add(key);
    try {
      const waitMs = latencyMs + (call.fault?.kind === 'delay' ? (call.fault.delayMs ?? 0) : 0);
      if (waitMs > 0) await sleep(waitMs);
      return execute(call);
    } finally {
      if (key !== undefined) inFlight.delete(key);
    }
  }

  /** Writes the journal, then lets the events go; the reply waits for them only if told to. */
  async function publish(): Promise<void> {
    state.flush();
    const sent = webhooks.dispatch();
    if (!webhooks.mode().beforeReply) return;
    await Promise.race([sent, sleep(BEFORE_REPLY_LIMIT_MS, undefined, { ref: false })]);
  }

  return async function exchange(request: ApiRequest): Promise<Exchange> {
    if (!/^(Bearer|Basic) \S+/.test(request.authorization ?? '')) {
      return render(rejected(401, { message: 'You did not provide an API key.' }), newId('req'));
    }
    payments.expireHolds();
    const route = findRoute(request.method, request.path);
    const fault = pickFault(readFacts(state, { request, route }));
    const outside = fault === undefined ? undefined : answerOutside(fault);
    if (outside !== undefined) return 'kind' in outside ? outside : render(outside, newId('req'));
    const keyed = request.method === 'POST' ? request : { ...request, key: undefined };
    const answer = await underKey({ ...keyed, route, fault });
    await publish();
    if (fault?.kind === 'execute_then_timeout') return { kind: 'silence' };
    return fault?.kind === 'execute_then_drop' ? { kind: 'drop' } : answer;
  };
}
