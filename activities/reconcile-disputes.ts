// Disputes in the nightly comparison: what a provider lists and we do not know, because its news never came, is taken in as
// its news would have been, and people are told the same.

import type { PaymentPort } from '../adapters/payment-port.ts';
import type { Db } from '../db/connect.ts';
import { isPaymentOfOurs, recordDispute } from '../db/disputes.ts';
import type { Logger } from '../log.ts';

type Tools = {
  readonly db: Db;
  readonly log: Logger;
  readonly now: () => number;
  readonly beat: () => void;
};
type Books = Pick<PaymentPort, 'provider'> & {
  readonly listDisputes: NonNullable<PaymentPort['listDisputes']>;
  /** Epoch ms. */
  readonly changedAfter: number;
};

export async function takeInDisputes(
  { db, log, now, beat }: Tools,
  { provider, listDisputes, changedAfter }: Books,
): Promise<{ readonly compared: number; readonly unknown: number }> {
  let [compared, unknown] = [0, 0];
  for await (const dispute of listDisputes({ changedAfter })) {
    beat();
    compared += 1;
    // The account may have taken other money before us; such payments are reported by themselves.
    if (!(await isPaymentOfOurs(db, dispute.providerRef))) continue;
    if (await recordDispute(db, { provider, dispute, now: new Date(now()) })) {
      unknown += 1;
      const { disputeRef, status } = dispute;
      log.warn({ dispute: disputeRef, status }, 'the news of a dispute never came');
    }
  }
  return { compared, unknown };
}
