// Money into a wallet: a payment of its own. It is the customer's once it is paid; what comes after we have given it up goes
// back. Pure; the rows stand in db/top-ups.ts, the workflow `topup:<id>` carries them on.

import { moved, type LedgerEntry, type Posting } from './ledger.ts';
import type { SideStatus } from './side-payment.ts';

/** As any payment beside an order; at last what came too late is being given back, or has been. */
export type TopUpStatus = SideStatus | 'returning' | 'returned';

export const isTopUpOver = (status: TopUpStatus): boolean =>
  status === 'paid' || status === 'declined' || status === 'returned';

/** Under way at the same time, by one customer. */
export const maxOpenTopUps = 3;

export type TopUpFacts = {
  readonly topUpId: string;
  readonly customerId: string;
  readonly provider: string;
  readonly amountMinor: number;
};

type Place = Omit<LedgerEntry, 'amountMinor'>;
const inWallet = ({ customerId: party }: TopUpFacts): Place => ({ account: 'wallet', party });
const atProvider = ({ provider: party }: TopUpFacts): Place => ({
  account: 'provider_clearing',
  party,
});
const onItsWayBack = ({ provider: party }: TopUpFacts): Place => ({
  account: 'refunds_in_transit',
  party,
});

/** From where to where. `kept`: what came too late could not be given back after all. */
const ways = {
  top_up: [inWallet, atProvider],
  kept: [inWallet, onItsWayBack],
  top_up_late: [onItsWayBack, atProvider],
  top_up_returned: [atProvider, onItsWayBack],
} as const;
export type TopUpMove = keyof typeof ways;

export function topUpPosting(facts: TopUpFacts, move: TopUpMove): Posting {
  const [from, to] = ways[move];
  const kind = move === 'kept' ? 'top_up' : move;
  return {
    key: `${facts.topUpId}:${kind}`,
    kind,
    entries: moved(facts.amountMinor, from(facts), to(facts)),
  };
}
