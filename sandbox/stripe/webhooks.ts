// Delivers the fake's events to one endpoint, signed as Stripe signs (t=,v1= HMAC-SHA256 over
// `t.body`, docs.stripe.com/webhooks/signature). Invariant: an event stays undelivered until some
// delivery was answered 2xx, and its body is the same each time; how, when and how often it is sent
// can be steered. The signature carries the wall clock, as each of Stripe's deliveries does.
import { createHmac } from 'node:crypto';
import { newId } from '../provider/ids.ts';
import type { About, Lies } from '../provider/lies.ts';
import type { ProviderEvent, State } from './state.ts';

export type WebhookMode = {
  readonly url?: string | undefined;
  readonly secret: string;
  readonly delayMs: number;
  /** How often each event is sent; 1 is once. */
  readonly copies: number;
  /** Collects this many events and sends them last first; 1 keeps the order. */
  readonly reorder: number;
  /** The API answers only after the event was delivered. */
  readonly beforeReply: boolean;
  /** Nothing is sent until `release`. */
  readonly held: boolean;
  /** First of the doubling pauses between tries of one delivery. */
  readonly retryMs: number;
  readonly maxTries: number;
};

const DEFAULT_MODE: WebhookMode = {
  secret: 'whsec_sandbox',
  delayMs: 0,
  copies: 1,
  reorder: 1,
  beforeReply: false,
  held: false,
  retryMs: 200,
  maxTries: 8,
};

const API_VERSION = '2026-10-28.endive';
const MAX_PAUSE_MS = 10_000;
const DELIVERY_TIMEOUT_MS = 5_000;

export function signWebhook(body: string, secret: string, timestampS: number): string {
  const digest = createHmac('sha256', secret).update(`${timestampS}.${body}`).digest('hex');
  return `t=${timestampS},v1=${digest}`;
}

export type Delivery = { readonly eventId: string; readonly type: string; readonly status: number };

type Endpoint = { readonly url: string; readonly secret: string };

/** The HTTP status, 0 when nobody answered. */
async function post(event: ProviderEvent, { url, secret }: Endpoint): Promise<number> {
  try {
    const signature = signWebhook(event.body, secret, Math.floor(Date.now() / 1000));
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'stripe-signature': signature },
      body: event.body,
      signal: AbortSignal.timeout(DELIVERY_TIMEOUT_MS),
    });
    await response.arrayBuffer();
    return response.status;
  } catch {
    return 0;
  }
}

/** Pauses that end early when the fake is closed. */
function createPauses() {
  const open = new Map<NodeJS.Timeout, () => void>();
  return {
    pause: (ms: number): Promise<void> =>
      new Promise((resolve) => {
        const timer = setTimeout(() => {
          open.delete(timer);
          resolve();
        }, ms);
        open.set(timer, resolve);
      }),
    endAll: (): void => {
      for (const [timer, resolve] of open) {
        clearTimeout(timer);
        resolve();
      }
      open.clear();
    },
  };
}

const MAX_LOG = 10_000;

type SenderOptions = { readonly state: State; readonly mode: () => WebhookMode };

/** Carries events to the endpoint: late, in copies, again and again, as the mode says. */
function createSender({ state, mode }: SenderOptions) {
  let closed = false;
  const log: Delivery[] = [];
  const running = new Set<Promise<void>>();
  const pauses = createPauses();
  const isClosed = (): boolean => closed;

  async function deliver(event: ProviderEvent): Promise<void> {
    const { url, secret, retryMs, maxTries } = mode();
    if (url === undefined) return;
    for (let tries = 1; tries <= maxTries; tries += 1) {
      if (isClosed()) return;
      const status = await post(event, { url, secret });
      log.push({ eventId: event.id, type: event.type, status });
      if (log.length > MAX_LOG) log.splice(0, MAX_LOG / 2);
      if (status >= 200 && status < 300) {
        state.put({ kind: 'delivered', value: { eventId: event.id } });
        state.flush();
        return;
      }
      await pauses.pause(Math.min(MAX_PAUSE_MS, retryMs * 2 ** (tries - 1)));
    }
  }

  async function send(event: ProviderEvent): Promise<void> {
    if (mode().delayMs > 0) await pauses.pause(mode().delayMs);
    if (closed) return;
    await Promise.all(Array.from({ length: mode().copies }, () => deliver(event)));
  }

  function start(event: ProviderEvent): Promise<void> {
    const done = send(event).finally(() => running.delete(done));
    running.add(done);
    return done;
  }

  /** One after the other, so that the order asked for is the order of arrival. */
  async function startInOrder(events: readonly ProviderEvent[]): Promise<void> {
    for (const event of events) await start(event);
  }

  async function close(): Promise<void> {
    closed = true;
    pauses.endAll();
    await Promise.all(running);
  }

  return { log, start, startInOrder, isClosed, close };
}

type Happening = {
  readonly type: string;
  readonly object: unknown;
  readonly account: string | undefined;
  readonly now: number;
};

function createEvent({ type, object, account, now }: Happening): ProviderEvent {
  const id = newId('evt');
  const body = JSON.stringify({
    id,
    object: 'event',
    api_version: API_VERSION,
    created: Math.floor(now / 1000),
    livemode: false,
    pending_webhooks: 1,
    request: null,
    account,
    type,
    data: { object },
  });
  return { id, createdAt: now, type, body };
}

/** Whose payment an object is about, however deep it says so. */
function aboutOf(object: unknown): About {
  const {
    id,
    payment_intent: intent,
    metadata,
  } = object as {
    readonly id: string;
    readonly payment_intent?: string;
    readonly metadata?: Readonly<Record<string, string>>;
  };
  return { providerRef: intent ?? id, orderId: metadata?.['order_id'] };
}

type Options = {
  readonly state: State;
  readonly initial: Partial<WebhookMode>;
  /** Some of its news come late or never. */
  readonly lies: Lies;
};

export function createWebhooks({ state, initial, lies }: Options) {
  let mode: WebhookMode = { ...DEFAULT_MODE, ...initial };
  let waiting: readonly ProviderEvent[] = [...state.undelivered.values()];
  const sender = createSender({ state, mode: () => mode });

  function emit(type: string, object: unknown, account?: string): void {
    if (mode.url === undefined || state.isPretending()) return;
    const event = createEvent({ type, object, account, now: state.now() });
    // Of what is paid out the news always come.
    const isOfPayment = account === undefined && !type.startsWith('transfer.');
    const lie = isOfPayment ? lies.pick('news') : undefined;
    if (lie) lies.tell(lie, aboutOf(object));
    if (lie === 'news_late') lies.postpone(() => send(event), 'never');
    if (lie === undefined) hold(event);
  }

  function hold(event: ProviderEvent): void {
    state.put({ kind: 'event', value: event });
    waiting = [...waiting, event];
  }

  function send(event: ProviderEvent): void {
    hold(event);
    void dispatch();
  }

  /** Sends what may go out now. Resolves when it has been delivered, for `beforeReply`. */
  async function dispatch(): Promise<void> {
    if (sender.isClosed() || mode.held || waiting.length < mode.reorder || waiting.length === 0)
      return;
    const batch = waiting;
    waiting = [];
    if (mode.reorder > 1) await sender.startInOrder(batch.toReversed());
    else await Promise.all(batch.map(sender.start));
  }

  async function release(order: 'in_order' | 'reversed' = 'in_order'): Promise<number> {
    const batch = waiting;
    waiting = [];
    mode = { ...mode, held: false };
    await sender.startInOrder(order === 'reversed' ? batch.toReversed() : batch);
    return batch.length;
  }

  return {
    emit,
    dispatch,
    release,
    mode: (): WebhookMode => mode,
    setMode: (change: Partial<WebhookMode>): void => {
      mode = { ...mode, ...change };
    },
    view: () => ({
      mode: { ...mode, secret: undefined },
      waiting: waiting.map(({ id, type }) => ({ id, type })),
      undelivered: state.undelivered.size,
      deliveries: sender.log,
    }),
    close: sender.close,
  };
}

export type Webhooks = ReturnType<typeof createWebhooks>;
