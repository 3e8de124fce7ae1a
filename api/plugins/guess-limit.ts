// How many secrets that no key has may be looked up per address: guessing must not cost the database a query each.

import { comeBack, problem } from '../problems.ts';

type Window = { readonly since: number; readonly misses: number };

const windowMs = 1_000;
/** Addresses remembered at most, the oldest go first. */
const maxAddresses = 10_000;

/** `check` throws rate_limited after `perS` misses of this address within a second. */
export function createGuessLimit(perS: number) {
  const windows = new Map<string, Window>();

  function current(address: string): Window | undefined {
    const window = windows.get(address);
    return window && Date.now() - window.since < windowMs ? window : undefined;
  }

  return {
    check(address: string): void {
      if ((current(address)?.misses ?? 0) < perS) return;
      throw problem('rate_limited', `at most ${perS} unknown keys per second`, comeBack(1));
    },
    missed(address: string): void {
      const { since, misses } = current(address) ?? { since: Date.now(), misses: 0 };
      windows.delete(address);
      windows.set(address, { since, misses: misses + 1 });
      const [oldest] = windows.keys();
      if (windows.size > maxAddresses && oldest !== undefined) windows.delete(oldest);
    },
  };
}
