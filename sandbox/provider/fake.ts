// The machinery of a fake provider that speaks JSON: an HTTP server with faults, idempotency by the provider's own
// rules, webhooks that come late, doubled or reversed, and a clock. What it sells is `handle`'s business.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { createFaults, type Fault, type FaultRule } from './faults.ts';
import { createLies, type About, type LieKind, type Lies, type LyingStep } from './lies.ts';

export type JsonRequest = {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly body: Readonly<Record<string, unknown>>;
  readonly headers: IncomingMessage['headers'];
};
export type JsonReply = {
  readonly status: number;
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
};

/** The provider's rules: which header carries a key, how long it lives, and what a clash is answered. */
export type KeyRules = {
  readonly header: string | undefined;
  readonly keptMs: number;
  /** Same key, other request. `undefined`: the first answer is given again, whatever is asked. */
  readonly mismatch: JsonReply | undefined;
  readonly inFlight: JsonReply;
};

export type FakeOptions = {
  readonly host?: string | undefined;
  readonly port?: number | undefined;
  readonly latencyMs?: number | undefined;
  /** Share of the requests that come to nothing, or are carried out without an answer. */
  readonly faultRate?: number | undefined;
  /** Share of what it says of money, and of its news, that is not true. */
  readonly lieRate?: number | undefined;
  /** Of the lies. */
  readonly seed?: number | undefined;
  readonly now?: (() => number) | undefined;
  readonly webhookUrl?: string | undefined;
  readonly webhookSecret?: string | undefined;
  /** What it knows survives a restart. */
  readonly file?: string | undefined;
};

export type Notice = {
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Undefined: it always comes. */
  readonly about?: About | undefined;
};

/** How this provider lies, where it can. */
export type Lying = {
  /** Undefined: about this nobody lies. */
  readonly stepOf: (request: JsonRequest) => (About & { readonly step: LyingStep }) | undefined;
  readonly pretend: <T>(run: () => T) => T;
  /** What it answers of something that it did, as if it had failed. */
  readonly failed: (reply: JsonReply) => JsonReply;
};

type Dialect = {
  readonly keys: KeyRules;
  readonly handle: (request: JsonRequest) => JsonReply;
  /** The status codes of an error that the machinery makes, in the provider's shape. */
  readonly failure: (status: number) => JsonReply;
  readonly lying?: Lying | undefined;
};

/** The dialect's own handling, or a lie about it. */
function createLiar({ handle, lying }: Dialect, { lies, notices }: Tongue) {
  function lie(request: JsonRequest, { kind, about, how }: Lied): JsonReply {
    const run = (): JsonReply => handle(request);
    const reply = kind === 'says_failed' ? run() : notices.quietly(() => how.pretend(run));
    if (reply.status >= 300) return reply;
    lies.tell(kind, about);
    if (kind === 'captures_late') lies.postpone(run);
    return kind === 'says_failed' ? how.failed(reply) : reply;
  }

  return function runOrLie(request: JsonRequest): JsonReply {
    const about = lying?.stepOf(request);
    const kind = about && lies.pick(about.step);
    return lying && about && kind ? lie(request, { kind, about, how: lying }) : handle(request);
  };
}
type Tongue = { readonly lies: Lies; readonly notices: ReturnType<typeof createNotices> };
type Lied = { readonly kind: LieKind; readonly about: About; readonly how: Lying };

type Stored = { readonly fingerprint: string; readonly reply: JsonReply; readonly at: number };
type Answer = JsonReply | 'silence' | 'drop';

/** What a request gets without ever reaching the provider's own layers. */
function outside(
  { kind, retryAfterS = 1 }: Fault,
  failure: Dialect['failure'],
): Answer | undefined {
  switch (kind) {
    case 'timeout':
      return 'silence';
    case 'drop_connection':
      return 'drop';
    case 'declined':
      return failure(402);
    case '409':
    case '500':
    case '503':
      return failure(Number(kind));
    case '429':
      return { ...failure(429), headers: { 'retry-after': String(retryAfterS) } };
    case 'delay':
    case 'execute_then_500':
    case 'execute_then_drop':
    case 'execute_then_timeout':
    case 'hold_expired':
      return undefined;
  }
}

/** The keys of one provider. */
function createKeys({ keys }: Dialect, now: () => number) {
  const stored = new Map<string, Stored>();
  const inFlight = new Set<string>();
  return async function underKey(
    request: JsonRequest,
    run: () => Promise<JsonReply>,
  ): Promise<JsonReply> {
    const header =
      keys.header && request.method === 'POST' ? request.headers[keys.header] : undefined;
    if (typeof header !== 'string') return run();
    const id = `${request.path}\n${header}`;
    if (inFlight.has(id)) return keys.inFlight;
    const fingerprint = JSON.stringify(request.body);
    const known = stored.get(id);
    if (known && now() - known.at < keys.keptMs)
      return known.fingerprint === fingerprint ? known.reply : (keys.mismatch ?? known.reply);
    inFlight.add(id);
    try {
      const reply = await run();
      if (reply.status < 500) stored.set(id, { fingerprint, reply, at: now() });
      return reply;
    } finally {
      inFlight.delete(id);
    }
  };
}

/** Notices wait until they are released when `held`; each goes out `copies` times, `beforeReply` before its request is answered. */
function createNotices(url: string | undefined, lies: Lies) {
  let quiet = false;
  let mode = { held: false, copies: 1, beforeReply: false };
  let waiting: readonly Notice[] = [];
  const running = new Set<Promise<void>>();
  async function send(notice: Notice): Promise<void> {
    for (let n = 0; n < mode.copies; n++)
      await fetch(url ?? '', {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...notice.headers },
        body: notice.body,
        signal: AbortSignal.timeout(5_000),
      }).catch(() => undefined);
  }
  function start(notice: Notice): void {
    const sent = send(notice).finally(() => running.delete(sent));
    running.add(sent);
  }
  return {
    emit: (notice: Notice): void => {
      if (quiet) return;
      const lie = url !== undefined && notice.about ? lies.pick('news') : undefined;
      if (lie && notice.about) lies.tell(lie, notice.about);
      if (lie === 'news_late') lies.postpone(() => void send(notice), 'never');
      if (lie) return;
      if (url === undefined || mode.held) waiting = [...waiting, notice];
      else start(notice);
    },
    /** Nobody is told. */
    quietly<T>(run: () => T): T {
      quiet = true;
      try {
        return run();
      } finally {
        quiet = false;
      }
    },
    waiting: (): readonly Notice[] => waiting,
    set: (change: Partial<typeof mode>): void => {
      mode = { ...mode, ...change };
    },
    async release(order: 'in_order' | 'reversed' = 'in_order'): Promise<void> {
      const batch = order === 'reversed' ? waiting.toReversed() : waiting;
      waiting = [];
      mode = { ...mode, held: false };
      for (const notice of batch) await send(notice);
    },
    /** All that went out so far has been taken, or nobody takes it. */
    settled: async (): Promise<void> => void (await Promise.all(running)),
    /** What the work tells is told before anybody is answered, if it is to be. */
    async during<T>(work: () => T): Promise<T> {
      const before = new Set(running);
      const made = work();
      if (mode.beforeReply) await Promise.all([...running].filter((sent) => !before.has(sent)));
      return made;
    },
  };
}

async function readJson(request: IncomingMessage): Promise<JsonRequest> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  const text = Buffer.concat(chunks).toString('utf8');
  const url = new URL(request.url ?? '/', 'http://fake');
  const isJson = String(request.headers['content-type']).includes('json');
  return {
    method: request.method ?? 'GET',
    path: url.pathname,
    query: url.searchParams,
    body: isJson && text !== '' ? (JSON.parse(text) as Record<string, unknown>) : {},
    headers: request.headers,
  };
}

function finish(answer: Answer, response: ServerResponse): void {
  if (answer === 'drop') response.destroy();
  if (typeof answer === 'string') return;
  response.writeHead(answer.status, { 'content-type': 'application/json', ...answer.headers });
  response.end(answer.status === 204 ? undefined : JSON.stringify(answer.body));
}

/** `dialect` is made with the fake's clock and its way to send notices. */
export async function startFake(
  options: FakeOptions,
  makeDialect: (tools: {
    readonly now: () => number;
    readonly emit: (notice: Notice) => void;
  }) => Dialect,
) {
  let offsetMs = 0;
  const now = (): number => (options.now ?? Date.now)() + offsetMs;
  const lies = createLies({
    rate: options.lieRate ?? 0,
    seed: options.seed ?? 1,
    now,
    file: options.file && `${options.file}.lies`,
  });
  const notices = createNotices(options.webhookUrl, lies);
  const faults = createFaults({ seed: 1, rate: options.faultRate ?? 0 });
  const dialect = makeDialect({ now, emit: notices.emit });
  const underKey = createKeys(dialect, now);
  const runOrLie = createLiar(dialect, { lies, notices });

  async function answer(request: JsonRequest): Promise<Answer> {
    const { method, path } = request;
    const facts = { method, path, orderId: undefined, paymentMethod: undefined, replay: false };
    const fault = faults.pick(facts);
    const early = fault && outside(fault, dialect.failure);
    if (early !== undefined) return early;
    const reply = await underKey(request, async () => {
      await sleep((options.latencyMs ?? 0) + (fault?.kind === 'delay' ? (fault.delayMs ?? 0) : 0));
      return notices.during(() => runOrLie(request));
    });
    if (fault?.kind === 'execute_then_timeout') return 'silence';
    if (fault?.kind === 'execute_then_drop') return 'drop';
    return fault?.kind === 'execute_then_500' ? dialect.failure(500) : reply;
  }

  const server = createServer((request, response) => {
    readJson(request)
      .then(answer)
      .then(
        (reply) => finish(reply, response),
        () => finish(dialect.failure(400), response),
      );
  });
  const { address, port } = await listen(server, options);
  return {
    url: `http://${address}:${port}`,
    now,
    notices,
    lies,
    addFault: (rule: FaultRule): number => faults.add(rule),
    listFaults: faults.list,
    moveClock: (byMs: number): void => {
      offsetMs += byMs;
    },
    close: (): Promise<void> =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function listen(server: Server, { host = '127.0.0.1', port = 0 }: FakeOptions) {
  return new Promise<AddressInfo>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => resolve(server.address() as AddressInfo));
  });
}
