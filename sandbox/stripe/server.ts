// The fake Stripe as an HTTP server: /v1 speaks Stripe, /sandbox steers it. It keeps state like a
// provider does, so an order killed half-way finds on retry what it left behind.
// Started by main.ts as a process of its own and by tests in theirs.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Control, createControl, createControlRoutes } from './control.ts';
import { createConnect } from './connect.ts';
import { createConnectRoutes } from './connect-routes.ts';
import { createExchange, type Exchange } from './exchange.ts';
import { createDisputes } from './disputes.ts';
import { createFaults } from '../provider/faults.ts';
import { createLies } from '../provider/lies.ts';
import { parseForm } from './form.ts';
import { createPayments } from './payments.ts';
import { createRefunds } from './refunds.ts';
import { createRoutes } from './routes.ts';
import { createState } from './state.ts';
import { createWebhooks, type WebhookMode } from './webhooks.ts';

export type StripeSandboxOptions = {
  readonly host?: string | undefined;
  /** 0, the default: any free port. */
  readonly port?: number | undefined;
  /** Journal that survives a kill and a restart; undefined: memory only. */
  readonly stateFile?: string | undefined;
  readonly latencyMs?: number | undefined;
  readonly seed?: number | undefined;
  /** Part of the requests that meet a random fault, 0 to 1. */
  readonly faultRate?: number | undefined;
  /** Part of the calls that move money, and of the news, that it lies about, 0 to 1. */
  readonly lieRate?: number | undefined;
  readonly holdMs?: number | undefined;
  readonly searchLagMs?: number | undefined;
  readonly webhooks?: Partial<WebhookMode> | undefined;
  /** Sees every call of the API, and what it was answered, if anything. */
  readonly onCall?: ((call: ApiCall) => void) | undefined;
  /** The clock under the movable one; epoch ms. */
  readonly now?: (() => number) | undefined;
};

type ApiCall = {
  readonly method: string;
  readonly path: string;
  /** Form or query, encoded. */
  readonly sent: string;
  readonly answer: { readonly status: number; readonly body: string } | undefined;
};

export type StripeSandbox = {
  readonly url: string;
  readonly control: Control;
  /** Forgets nothing: with a state file, the next start goes on from here. */
  readonly close: () => Promise<void>;
};

const DAY_MS = 24 * 3_600_000;
const MAX_BODY_BYTES = 1_000_000;

function createParts(options: StripeSandboxOptions) {
  const state = createState({ file: options.stateFile, now: options.now ?? Date.now });
  const lies = createLies({
    rate: options.lieRate ?? 0,
    seed: options.seed ?? 1,
    now: state.now,
    file: options.stateFile && `${options.stateFile}.lies`,
  });
  const webhooks = createWebhooks({ state, initial: options.webhooks ?? {}, lies });
  const { emit } = webhooks;
  const payments = createPayments({ state, emit, holdMs: options.holdMs ?? 7 * DAY_MS });
  const refunds = createRefunds({ state, emit });
  const disputes = createDisputes({ state, emit });
  const faults = createFaults({ seed: options.seed ?? 1, rate: options.faultRate ?? 0 });
  const searchLagMs = options.searchLagMs ?? 60_000;
  const connect = createConnect({ state, emit });
  const findRoute = createRoutes({
    state,
    payments,
    refunds,
    disputes,
    findConnectRoute: createConnectRoutes({ state, connect }),
    searchLagMs,
  });
  const exchange = createExchange({
    state,
    payments,
    findRoute,
    pickFault: faults.pick,
    webhooks,
    lies,
    latencyMs: options.latencyMs ?? 0,
  });
  const control = createControl({ state, payments, disputes, connect, faults, webhooks, lies });
  return { state, webhooks, exchange, control };
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES) throw new Error('body too large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function finish(answer: Exchange, response: ServerResponse): void {
  if (answer.kind === 'drop') response.destroy();
  if (answer.kind !== 'reply') return;
  response.writeHead(answer.status, { 'content-type': 'application/json', ...answer.headers });
  response.end(answer.body);
}

function createHandler(
  parts: ReturnType<typeof createParts>,
  onCall: StripeSandboxOptions['onCall'],
) {
  const answerControl = createControlRoutes(parts.control);

  async function control(request: IncomingMessage, path: string, text: string): Promise<Exchange> {
    const body = (text === '' ? {} : JSON.parse(text)) as Readonly<Record<string, unknown>>;
    const reply = (await answerControl({ method: request.method ?? '', path, body })) ?? {
      status: 404,
      body: { error: 'no such control route' },
    };
    return { kind: 'reply', status: reply.status, body: JSON.stringify(reply.body), headers: {} };
  }

  return async function handle(request: IncomingMessage): Promise<Exchange> {
    const [path = '/', query = ''] = (request.url ?? '/').split('?');
    const text = await readBody(request);
    if (path.startsWith('/sandbox/')) return control(request, path, text);
    const key = request.headers['idempotency-key'];
    const account = request.headers['stripe-account'];
    const method = request.method ?? 'GET';
    const sent = method === 'POST' ? text : query;
    const answer = await parts.exchange({
      method,
      path,
      form: parseForm(sent),
      authorization: request.headers.authorization,
      key: Array.isArray(key) ? key[0] : key,
      account: Array.isArray(account) ? account[0] : account,
    });
    onCall?.({ method, path, sent, answer: answer.kind === 'reply' ? answer : undefined });
    return answer;
  };
}

function listen(server: Server, { host = '127.0.0.1', port = 0 }: StripeSandboxOptions) {
  return new Promise<AddressInfo>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => resolve(server.address() as AddressInfo));
  });
}

export async function startStripeSandbox(
  options: StripeSandboxOptions = {},
): Promise<StripeSandbox> {
  const parts = createParts(options);
  const handle = createHandler(parts, options.onCall);
  const server = createServer((request, response) => {
    handle(request).then(
      (answer) => finish(answer, response),
      (error: unknown) => {
        const body = JSON.stringify({ error: { message: `the fake failed: ${String(error)}` } });
        finish({ kind: 'reply', status: 400, body, headers: {} }, response);
      },
    );
  });
  const { address, port } = await listen(server, options);
  void parts.webhooks.dispatch();

  async function close(): Promise<void> {
    const stopped = new Promise<void>((resolve) => {
      server.close(() => resolve());
    });
    server.closeAllConnections();
    await Promise.all([stopped, parts.webhooks.close()]);
    parts.state.close();
  }

  return { url: `http://${address}:${port}`, control: parts.control, close };
}
