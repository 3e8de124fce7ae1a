// Driving times between places, from whichever provider is set up: cached, and never a reason for a round to fail or to
// be late. What the provider cannot say stays null, which the matching engine estimates by itself; the answer tells so.

import type { Place } from '../domain/geo.ts';
import type { RoadUser } from '../domain/vehicles.ts';

/** From every place to every other. */
export type RoadBlock = {
  readonly user: RoadUser;
  readonly from: readonly Place[];
  readonly to: readonly Place[];
};

/** `departAt`: epoch milliseconds; matters to providers that know the traffic. */
export type RoadRequest = RoadBlock & { readonly departAt: number };

/** Milliseconds, one row per origin; null: there is no way, or nobody knows one. */
export type RoadDurations = readonly (readonly (number | null)[])[];

/** Throws when it cannot answer. */
export type RoadProvider = {
  readonly name: string;
  readonly users: readonly RoadUser[];
  /** Its times are those of the departure, not those of an empty road. */
  readonly knowsTraffic: boolean;
  /** Places per side of one request. */
  readonly mostPlaces: number;
  readonly durations: (request: RoadRequest) => Promise<RoadDurations>;
};

export type RoadAnswer = {
  /** Of each block. */
  readonly durationsMs: readonly RoadDurations[];
  /** Why some times are missing, in words; undefined: the provider answered. */
  readonly fellBack: string | undefined;
};

type Options = {
  readonly provider: RoadProvider;
  /** Departures within one slot share their times. */
  readonly slotMs: number;
  readonly mostCached: number;
  /** Real time: no request is begun later, and so long a provider that failed is left alone. */
  readonly budgetMs: number;
  readonly restMs: number;
  readonly log: { readonly warn: (fields: object, message: string) => void };
};

export type RoadTimes = ReturnType<typeof createRoadTimes>;

const atOnce = 4;

export function createRoadTimes(options: Options) {
  const { provider, slotMs } = options;
  const cache = createCache(options.mostCached);
  const ask = createAsking(options, cache);

  return {
    users: provider.users,
    knowsTraffic: provider.knowsTraffic,
    /** `now` in epoch milliseconds. */
    async times(blocks: readonly RoadBlock[], now: number): Promise<RoadAnswer> {
      const slot = Math.floor(now / slotMs);
      const isMissing = (user: RoadUser, from: Place, to: Place): boolean =>
        cache.find({ user, from, to, slot }) === undefined;
      const missing = blocks
        .map(({ user, from, to }) => ({
          user,
          from: from.filter((a) => to.some((b) => isMissing(user, a, b))),
          to,
        }))
        .flatMap((block) => inParts(block, provider.mostPlaces));
      const fellBack = missing.length === 0 ? undefined : await ask(missing, { now, slot });
      const durationsMs = blocks.map(({ user, from, to }) =>
        from.map((a) => to.map((b) => cache.find({ user, from: a, to: b, slot }) ?? null)),
      );
      return { durationsMs, fellBack };
    },
  };
}

type Cache = ReturnType<typeof createCache>;
type Way = {
  readonly user: RoadUser;
  readonly from: Place;
  readonly to: Place;
  readonly slot: number;
};

function createCache(mostCached: number) {
  const known = new Map<string, number | null>();
  return {
    /** Null: the provider knows no way. */
    find: (way: Way): number | null | undefined => known.get(keyOf(way)),
    keep(way: Way, durationMs: number | null): void {
      // The oldest go first: a Map keeps the order of insertion.
      const [oldest] = known.size >= mostCached ? known.keys() : [];
      if (oldest !== undefined) known.delete(oldest);
      known.set(keyOf(way), durationMs);
    },
  };
}

/** To about ten metres: drivers who stand side by side share a time. */
const keyOf = ({ user, from, to, slot }: Way): string =>
  [user, slot, ...[from.lat, from.lng, to.lat, to.lng].map((degrees) => degrees.toFixed(4))].join();

/** Fills the cache; answers with what went wrong. */
function createAsking({ provider, budgetMs, restMs, log }: Options, cache: Cache) {
  let failure: { readonly text: string; readonly until: number } | undefined;

  async function askFor(block: RoadBlock, { now, slot }: At): Promise<void> {
    const rows = await provider.durations({ ...block, departAt: now });
    for (const [row, from] of block.from.entries())
      for (const [column, to] of block.to.entries())
        cache.keep({ user: block.user, from, to, slot }, rows[row]?.[column] ?? null);
  }

  return async function ask(missing: readonly RoadBlock[], at: At): Promise<string | undefined> {
    const begunAt = performance.now();
    if (failure && failure.until > begunAt) return failure.text;
    failure = undefined;
    let fellBack: string | undefined;
    const waiting = missing.values();
    const work = async (): Promise<void> => {
      for (const block of waiting) {
        if (performance.now() - begunAt > budgetMs) fellBack ??= `${provider.name} was too slow`;
        if (fellBack !== undefined) return;
        try {
          await askFor(block, at);
        } catch (error) {
          const reason = error instanceof Error ? error.message : String(error);
          fellBack ??= `${provider.name} did not answer (${reason})`;
          failure = { text: fellBack, until: performance.now() + restMs };
          log.warn({ provider: provider.name, reason }, 'road times are estimated');
        }
      }
    };
    await Promise.all(Array.from({ length: atOnce }, work));
    return fellBack;
  };
}

type At = { readonly now: number; readonly slot: number };

function inParts({ user, from, to }: RoadBlock, size: number): readonly RoadBlock[] {
  const parts = (places: readonly Place[]): readonly (readonly Place[])[] =>
    Array.from({ length: Math.ceil(places.length / size) }, (_, part) =>
      places.slice(part * size, (part + 1) * size),
    );
  return parts(from).flatMap((some) =>
    parts(to).map((others) => ({ user, from: some, to: others })),
  );
}

/** One HTTP exchange that ends in time and speaks JSON. */
export async function askJson(
  url: string,
  init: RequestInit & { readonly timeoutMs: number },
): Promise<unknown> {
  const { timeoutMs, ...rest } = init;
  const response = await fetch(url, { ...rest, signal: AbortSignal.timeout(timeoutMs) });
  if (!response.ok) throw new Error(`HTTP ${response.status}`);
  return response.json().catch((error: Error) => {
    throw error.name === 'SyntaxError' ? new Error('no JSON') : error;
  });
}
