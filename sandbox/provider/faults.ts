// Ordered misbehaviour: rules set by the control API, and a seeded random rate.
// Invariant: a rule fires `times` times, starting with the `nth` request that it matches; the same
// seed and the same order of requests give the same faults. Used by server.ts.
export const FAULT_KINDS = [
  'execute_then_timeout',
  'timeout',
  'execute_then_500',
  '500',
  '503',
  '409',
  '429',
  'delay',
  'drop_connection',
  'execute_then_drop',
  'hold_expired',
  'declined',
] as const;
export type FaultKind = (typeof FAULT_KINDS)[number];

export type FaultRule = {
  readonly match?:
    | {
        readonly method?: 'GET' | 'POST' | undefined;
        /** Part of the path: `/capture`, `/v1/refunds`. */
        readonly path?: string | undefined;
        readonly orderId?: string | undefined;
        readonly paymentMethod?: string | undefined;
        /** The first matching request that it hits, from 1. */
        readonly nth?: number | undefined;
      }
    | undefined;
  readonly kind: FaultKind;
  /** 1 unless told. */
  readonly times?: number | undefined;
  readonly delayMs?: number | undefined;
  readonly retryAfterS?: number | undefined;
};

export type Fault = {
  readonly kind: FaultKind;
  readonly delayMs?: number | undefined;
  readonly retryAfterS?: number | undefined;
};

export type RequestFacts = {
  readonly method: string;
  readonly path: string;
  readonly orderId: string | undefined;
  readonly paymentMethod: string | undefined;
  /** The key has a stored answer, so nothing will run. */
  readonly replay: boolean;
};

export type FaultOptions = { readonly seed: number; readonly rate: number };

type Entry = { readonly id: number; readonly rule: FaultRule; seen: number; left: number };

const NEEDS_EXECUTION: readonly FaultKind[] = [
  '500',
  'execute_then_500',
  'hold_expired',
  'declined',
];
/** What may go wrong with any request that moves money. */
export const POST_FAULTS = [
  'execute_then_timeout',
  'timeout',
  'execute_then_500',
  '500',
  '503',
  '409',
  '429',
  'drop_connection',
  'execute_then_drop',
] as const satisfies readonly FaultKind[];
const RANDOM_GET: readonly FaultKind[] = ['timeout', '503', '429', 'drop_connection'];

/** Mulberry32: small, fast, seeded; from 0 (included) to 1. */
export function createRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

function matches({ match = {}, kind }: FaultRule, facts: RequestFacts): boolean {
  if (facts.replay && NEEDS_EXECUTION.includes(kind)) return false;
  return (
    (match.method === undefined || match.method === facts.method) &&
    (match.path === undefined || facts.path.includes(match.path)) &&
    (match.orderId === undefined || match.orderId === facts.orderId) &&
    (match.paymentMethod === undefined || match.paymentMethod === facts.paymentMethod)
  );
}

export function createFaults(initial: FaultOptions) {
  let random = createRandom(initial.seed);
  let rate = initial.rate;
  let entries: readonly Entry[] = [];
  let nextId = 1;

  function pickRandom(facts: RequestFacts): Fault | undefined {
    if (rate === 0 || random() >= rate) return undefined;
    const kinds = facts.method === 'POST' ? POST_FAULTS : RANDOM_GET;
    const kind = kinds[Math.floor(random() * kinds.length)];
    if (kind === undefined || (facts.replay && NEEDS_EXECUTION.includes(kind))) return undefined;
    return { kind };
  }

  function pick(facts: RequestFacts): Fault | undefined {
    for (const entry of entries) {
      if (entry.left === 0 || !matches(entry.rule, facts)) continue;
      entry.seen += 1;
      if (entry.seen < (entry.rule.match?.nth ?? 1)) continue;
      entry.left -= 1;
      return entry.rule;
    }
    return pickRandom(facts);
  }

  return {
    pick,
    add: (rule: FaultRule): number => {
      const id = nextId++;
      entries = [...entries, { id, rule, seen: 0, left: rule.times ?? 1 }];
      return id;
    },
    list: () => entries.map(({ id, rule, seen, left }) => ({ id, ...rule, seen, left })),
    /** Without an id: all of them. */
    remove: (id?: number): void => {
      entries = id === undefined ? [] : entries.filter((entry) => entry.id !== id);
    },
    setRandom: (options: FaultOptions): void => {
      random = createRandom(options.seed);
      rate = options.rate;
    },
  };
}
