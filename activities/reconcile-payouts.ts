// Payouts in the nightly comparison: what has left our balance at the provider against our rows, both ways. Whatever
// differs is for a person to look at: money that somebody has is not taken back by itself. What a bank sent back after
// it had counted as paid is looked at again, as its news would have made us do.

import { isOutage } from '../adapters/outage.ts';
import type { PayoutBooks } from '../adapters/payout-port.ts';
import type { Db } from '../db/connect.ts';
import { payoutsNamed, payoutsSent, reopenPayout } from '../db/payouts.ts';
import { parsePayoutName } from '../domain/payout.ts';
import { comparePayout, isMoving, type Difference, type OurPayout } from '../domain/reconcile.ts';
import type { ProviderPayout } from '../domain/provider-books.ts';
import type { Logger } from '../log.ts';
import type { Looked } from './reconcile-books.ts';

type Span = {
  readonly createdAfter: number;
  /** Ours since then are all within the provider's list. */
  readonly sentSince: Date;
};

const batchSize = 200;

export async function comparePayouts(
  { db, books }: { readonly db: Db; readonly books: Pick<PayoutBooks, 'listPayouts'> },
  { createdAfter, sentSince }: Span,
): Promise<Looked & { readonly compared: number }> {
  const theirs: ProviderPayout[] = [];
  for await (const each of books.listPayouts({ createdAfter })) theirs.push(each);
  const byName = Map.groupBy(theirs, ({ name, providerRef }) => name ?? providerRef);
  const names = [...byName.keys()];
  const found: Difference[] = [];
  const undecided: string[] = [];
  const see = (of: readonly ProviderPayout[], ours: OurPayout | undefined): void => {
    found.push(...comparePayout(of, ours));
    if (ours && isMoving(ours))
      undecided.push(ours.name, ...of.map(({ providerRef }) => providerRef));
  };
  for (let start = 0; start < names.length; start += batchSize) {
    const some = names.slice(start, start + batchSize);
    const ours = await payoutsNamed(db, some);
    for (const name of some) see(byName.get(name) ?? [], ours.get(name));
  }
  for (let after: string | undefined = ''; after !== undefined;) {
    const page = await payoutsSent(db, { since: sentSince, after, limit: batchSize });
    for (const ours of page.payouts) if (!byName.has(ours.name)) see([], ours);
    after = page.next;
  }
  return { compared: theirs.length, found, undecided };
}

type Refused = {
  readonly db: Db;
  readonly books: Pick<PayoutBooks, 'refusedPayouts'>;
  readonly log: Logger;
};
type Account = {
  readonly destination: string;
  readonly sentSince: Date;
  readonly beat: () => void;
};

/** How many were reopened; the housekeeping starts their workflows. An account that cannot be read holds nobody up. */
export async function reopenRefused(
  { db, books, log }: Refused,
  { destination, sentSince, beat }: Account,
): Promise<number> {
  let reopened = 0;
  const refused = books.refusedPayouts({ destination, createdAfter: sentSince.getTime() });
  try {
    for await (const name of refused) {
      const payout = parsePayoutName(name);
      if (payout && (await reopenPayout(db, payout)) === 'reopened') reopened += 1;
      beat();
    }
  } catch (error) {
    if (isOutage(error) && error.code !== 'credentials') throw error;
    log.warn({ err: error, destination }, 'the payouts of an account cannot be read');
  }
  return reopened;
}
