// Seeded chance for the city. Invariant: the same seed and the same calls give the same numbers, and a
// stream named by `fork` does not depend on how much the others were used. Used by everything in the city.

export type Random = {
  /** From 0 (included) to 1. */
  readonly next: () => number;
  readonly between: (low: number, high: number) => number;
  /** Bell-shaped around `middle`: the mean of three draws from ± `spread`. */
  readonly around: (middle: number, spread: number) => number;
  readonly chance: (rate: number) => boolean;
  /** One of a list that is not empty. */
  readonly pick: <T>(list: readonly [T, ...T[]]) => T;
  /** An independent stream; the same name gives the same stream. */
  readonly fork: (name: string) => Random;
};

/** FNV-1a over the name, mixed into the seed. */
function seedOf(seed: number, name: string): number {
  let hash = (2_166_136_261 ^ seed) >>> 0;
  for (let index = 0; index < name.length; index++) {
    hash = Math.imul(hash ^ name.charCodeAt(index), 16_777_619) >>> 0;
  }
  return hash;
}

/** Mulberry32 (public domain, Tommy Ettinger). `seed` is a whole number. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
  const between = (low: number, high: number): number => low + next() * (high - low);
  return {
    next,
    between,
    around: (middle, spread) =>
      middle + (between(-spread, spread) + between(-spread, spread) + between(-spread, spread)) / 3,
    chance: (rate) => next() < rate,
    pick: (list) => list[Math.floor(next() * list.length)] ?? list[0],
    fork: (name) => createRandom(seedOf(seed, name)),
  };
}
