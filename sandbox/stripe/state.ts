// What the fake provider knows: payment intents, charges, refunds, events, idempotency keys, clock.
// Invariant: records are replaced, never edited, and every replacement is journaled before the reply
// leaves, so a killed and restarted fake forgets nothing, as a real provider would not.
import { type Journal, openJournal } from './journal.ts';

export type Metadata = Readonly<Record<string, string>>;

export type CardError = {
  readonly type: 'card_error' | 'invalid_request_error';
  readonly code: string;
  readonly decline_code?: string | undefined;
  readonly message: string;
};

export type IntentStatus =
  | 'requires_payment_method'
  | 'requires_confirmation'
  | 'requires_action'
  | 'requires_capture'
  | 'canceled'
  | 'succeeded';

/** Times are epoch ms of the fake's own clock; views turn them into Stripe's seconds. */
export type Intent = {
  readonly id: string;
  readonly sequence: number;
  readonly createdAt: number;
  readonly amount: number;
  readonly currency: string;
  readonly captureMethod: 'manual' | 'automatic';
  readonly status: IntentStatus;
  readonly metadata: Metadata;
  readonly paymentMethod: string | null;
  readonly amountReceived: number;
  readonly chargeId: string | null;
  readonly lastError: CardError | null;
  readonly cancellationReason: string | null;
  readonly canceledAt: number | null;
};

export type Charge = {
  readonly id: string;
  readonly intentId: string;
  readonly createdAt: number;
  readonly amount: number;
  readonly amountCaptured: number;
  readonly amountRefunded: number;
  readonly captured: boolean;
  readonly captureBefore: number | null;
  readonly feeMinor: number | null;
  readonly error: CardError | null;
};

export type Refund = {
  readonly id: string;
  readonly sequence: number;
  readonly intentId: string;
  readonly chargeId: string;
  readonly createdAt: number;
  readonly amount: number;
  readonly status: 'succeeded' | 'pending' | 'failed';
  readonly metadata: Metadata;
};

export type ProviderEvent = {
  readonly id: string;
  readonly createdAt: number;
  readonly type: string;
  /** The body as delivered; the same bytes every time. */
  readonly body: string;
};

export type KeyRecord = {
  readonly key: string;
  readonly path: string;
  readonly fingerprint: string;
  readonly status: number;
  readonly body: string;
  readonly requestId: string;
  readonly storedAt: number;
};

export type Dispute = {
  readonly id: string;
  readonly sequence: number;
  readonly intentId: string;
  readonly chargeId: string;
  readonly createdAt: number;
  readonly amount: number;
  /** Undefined until it is in the balance, some time after the dispute. */
  readonly feeMinor: number | undefined;
  /** Of the fee, when it was won. */
  readonly feeBackMinor: number;
  readonly reason: string;
  readonly status: 'needs_response' | 'under_review' | 'won' | 'lost';
  readonly dueAt: number;
  readonly evidence: Readonly<Record<string, string>>;
  readonly submissions: number;
};

/** Somebody whom money can be sent to. `slow`: what the bank does is decided from outside. */
export type Account = {
  readonly id: string;
  readonly payoutsEnabled: boolean;
  /** Whether money may be transferred to it. */
  readonly transfers: 'active' | 'inactive' | 'pending';
  readonly payoutInterval: 'manual' | 'daily';
  readonly bank: 'pays' | 'refuses' | 'slow';
};

export type Transfer = {
  readonly id: string;
  readonly createdAt: number;
  readonly amount: number;
  readonly currency: string;
  readonly destination: string;
  readonly transferGroup: string | null;
  readonly sourceTransaction: string | null;
  readonly reversed: boolean;
  readonly metadata: Metadata;
};

export type Payout = {
  readonly id: string;
  readonly account: string;
  readonly createdAt: number;
  readonly amount: number;
  readonly currency: string;
  readonly method: string;
  readonly status: 'pending' | 'paid' | 'failed';
  readonly metadata: Metadata;
};

export type Line =
  | { readonly kind: 'account'; readonly value: Account }
  | { readonly kind: 'transfer'; readonly value: Transfer }
  | { readonly kind: 'payout'; readonly value: Payout }
  | { readonly kind: 'dispute'; readonly value: Dispute }
  | { readonly kind: 'intent'; readonly value: Intent }
  | { readonly kind: 'charge'; readonly value: Charge }
  | { readonly kind: 'refund'; readonly value: Refund }
  | { readonly kind: 'event'; readonly value: ProviderEvent }
  | { readonly kind: 'delivered'; readonly value: { readonly eventId: string } }
  | { readonly kind: 'key'; readonly value: KeyRecord }
  | { readonly kind: 'clock'; readonly value: { readonly offsetMs: number } };

const KEY_RETENTION_MS = 24 * 3_600_000;

export type StateOptions = {
  readonly file?: string | undefined;
  /** The clock under the movable one; epoch ms. */
  readonly now: () => number;
};

export type State = ReturnType<typeof createState>;

function createMaps() {
  return {
    intents: new Map<string, Intent>(),
    charges: new Map<string, Charge>(),
    refunds: new Map<string, Refund>(),
    disputes: new Map<string, Dispute>(),
    accounts: new Map<string, Account>(),
    transfers: new Map<string, Transfer>(),
    payouts: new Map<string, Payout>(),
    /** Events without a confirmed delivery. */
    undelivered: new Map<string, ProviderEvent>(),
    keys: new Map<string, KeyRecord>(),
    byOrder: new Map<string, Set<string>>(),
  };
}

function indexByOrder(byOrder: Map<string, Set<string>>, intent: Intent): void {
  const orderId = intent.metadata['order_id'];
  if (orderId === undefined) return;
  const known = byOrder.get(orderId) ?? new Set<string>();
  byOrder.set(orderId, known.add(intent.id));
}

/** The stored answer, unless it is old enough to be pruned. Map order is age, so pruning is cheap. */
function storedAnswer(
  keys: Map<string, KeyRecord>,
  key: string,
  now: number,
): KeyRecord | undefined {
  for (const [oldest, record] of keys) {
    if (now - record.storedAt < KEY_RETENTION_MS) break;
    keys.delete(oldest);
  }
  return keys.get(key);
}

function applyTo(maps: ReturnType<typeof createMaps>, line: Line): void {
  switch (line.kind) {
    case 'intent':
      maps.intents.set(line.value.id, line.value);
      return indexByOrder(maps.byOrder, line.value);
    case 'charge':
      return void maps.charges.set(line.value.id, line.value);
    case 'refund':
      return void maps.refunds.set(line.value.id, line.value);
    case 'dispute':
      return void maps.disputes.set(line.value.id, line.value);
    case 'account':
      return void maps.accounts.set(line.value.id, line.value);
    case 'transfer':
      return void maps.transfers.set(line.value.id, line.value);
    case 'payout':
      return void maps.payouts.set(line.value.id, line.value);
    case 'event':
      return void maps.undelivered.set(line.value.id, line.value);
    case 'delivered':
      return void maps.undelivered.delete(line.value.eventId);
    case 'key':
      return void maps.keys.set(line.value.key, line.value);
    case 'clock':
      return undefined;
  }
}

export function createState({ file, now: wallClock }: StateOptions) {
  const maps = createMaps();
  let offsetMs = 0;
  let sequence = 0;

  function apply(line: Line): void {
    applyTo(maps, line);
    if (line.kind === 'clock') offsetMs = line.value.offsetMs;
    if ('sequence' in line.value) sequence = Math.max(sequence, line.value.sequence);
  }

  const journal: Journal<Line> | undefined =
    file === undefined ? undefined : openJournal<Line>({ file, onLine: apply });

  let pretending = false;

  function put(line: Line): void {
    apply(line);
    if (!pretending) journal?.append(line);
  }

  /** Runs it as if, and forgets everything that it did. */
  function pretend<T>(run: () => T): T {
    const before = Object.values(maps).map((map: Map<string, unknown>) => [map, [...map]] as const);
    pretending = true;
    try {
      return run();
    } finally {
      pretending = false;
      for (const [map, entries] of before) {
        map.clear();
        for (const [key, value] of entries) map.set(key, value);
      }
    }
  }

  const now = (): number => wallClock() + offsetMs;

  return {
    intents: maps.intents as ReadonlyMap<string, Intent>,
    charges: maps.charges as ReadonlyMap<string, Charge>,
    refunds: maps.refunds as ReadonlyMap<string, Refund>,
    disputes: maps.disputes as ReadonlyMap<string, Dispute>,
    accounts: maps.accounts as ReadonlyMap<string, Account>,
    transfers: maps.transfers as ReadonlyMap<string, Transfer>,
    payouts: maps.payouts as ReadonlyMap<string, Payout>,
    undelivered: maps.undelivered as ReadonlyMap<string, ProviderEvent>,
    intentsOfOrder: (orderId: string): readonly string[] => [...(maps.byOrder.get(orderId) ?? [])],
    put,
    pretend,
    isPretending: (): boolean => pretending,
    storedKey: (key: string): KeyRecord | undefined => storedAnswer(maps.keys, key, now()),
    now,
    nextSequence: (): number => ++sequence,
    moveClock: (byMs: number): void => put({ kind: 'clock', value: { offsetMs: offsetMs + byMs } }),
    /** Writes what this request changed in one system call. */
    flush: (): void => journal?.flush(),
    close: (): void => journal?.close(),
  };
}
