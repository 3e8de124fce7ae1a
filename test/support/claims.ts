// Claims of keys in the real database, by a clock that a test can move on.

import type { Db } from '../../db/connect.ts';
import { claimPayment, type Claim } from '../../db/payment-claims.ts';

export function claimsBy(db: Db, now: () => number) {
  const madeAt = new Map<string, number>();
  return async (key: string, kind: 'sent' | 'burnt'): Promise<Claim> => {
    const { state, ageMs } = await claimPayment(db, key, kind);
    if (state === 'first') madeAt.set(key, now());
    return { state, ageMs: ageMs + now() - (madeAt.get(key) ?? now()) };
  };
}
