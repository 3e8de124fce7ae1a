// Driving times between places, from whichever provider is set up: cached, and never a reason for a round to fail. What
// the provider cannot say stays null, which the matching engine estimates by itself; the answer tells that it did.

import type { Place } from '../domain/geo.ts';

export type RoadRequest = {
  readonly from: readonly Place[];
  readonly to: readonly Place[];
  /** Epoch milliseconds; matters to providers that know the traffic. */
  readonly departAt: number;
};

/** Milliseconds, one row per origin; null: there is no way, or nobody knows one. */
export type RoadDurations = readonly (readonly (number | null)[])[];

/** Throws when it cannot answer. */
export type RoadProvider = {
  readonly name: string;
  /** Places per side of one request. */
  readonly mostPlaces: number;
  readonly durations: (request: RoadRequest) => Promise<RoadDurations>;
};

export type RoadTable = {
  readonly places: readonly Place[];
  readonly durationsMs: RoadDurations;
  /** Why some times are missing, in words; undefined: the provider answered. */
  readonly fellBack: string | undefined;
};

type Options = {
  readonly provider: RoadProvider;
  readonly cacheMs: number;
  readonly mostCached: number;
  readonly log: { readonly warn: (fields: object, message: string) => void };
};

type Known = { readonly durationMs: number | null; readonly until: number };

export function createRoadTimes({ provider, cacheMs, mostCached, log }: Options) {
  const cache = new Map<string, Known>();

  function recall(from: Place, to: Place, now: number): number | null | undefined {
    const known = cache.get(keyOf(from, to));
    return known && known.until > now ? known.durationMs : undefined;
  }

  async function ask(request: RoadRequest): Promise<void> {
    const rows = await provider.durations(request);
    for (const [row, from] of request.from.entries())
      for (const [column, to] of request.to.entries()) {
        // The oldest go first: a Map keeps the order of insertion.
        const [oldest] = cache.size >= mostCached ? cache.keys() : [];
        if (oldest !== undefined) cache.delete(oldest);
        const durationMs = rows[row]?.[column] ?? null;
        cache.set(keyOf(from, to), { durationMs, until: request.departAt + cacheMs });
      }
  }

  return {
    /** From every place to every other. `now` in epoch milliseconds. */
    async table(places: readonly Place[], now: number): Promise<RoadTable> {
      let fellBack: string | undefined;
      for (const from of inBlocks(places, provider.mostPlaces)) {
        if (fellBack !== undefined) break;
        for (const to of inBlocks(places, provider.mostPlaces)) {
          if (from.every((a) => to.every((b) => recall(a, b, now) !== undefined))) continue;
          try {
            await ask({ from, to, departAt: now });
          } catch (error) {
            const reason = error instanceof Error ? error.message : String(error);
            fellBack = `${provider.name} did not answer (${reason}); times are estimated`;
            log.warn({ provider: provider.name, reason }, 'road times are estimated');
            break;
          }
        }
      }
      const durationsMs = places.map((from) => places.map((to) => recall(from, to, now) ?? null));
      return { places, durationsMs, fellBack };
    },
  };
}

/** To about ten metres: drivers who stand side by side share a time. */
const keyOf = (from: Place, to: Place): string =>
  [from.lat, from.lng, to.lat, to.lng].map((degrees) => degrees.toFixed(4)).join();

function inBlocks(places: readonly Place[], size: number): readonly (readonly Place[])[] {
  const blocks: (readonly Place[])[] = [];
  for (let start = 0; start < places.length; start += size)
    blocks.push(places.slice(start, start + size));
  return blocks;
}

/** One HTTP exchange that ends in time and speaks JSON. */
export async function askJson(
  url: string,
  init: RequestInit & { readonly timeoutMs: number },
): Promise<unknown> {
  const { timeoutMs, ...rest } = init;
  const response = await fetch(url, { ...rest, signal: AbortSignal.timeout(timeoutMs) });
  if (!response.ok) throw new Error(`HTTP ${response.status}`);
  return response.json();
}
