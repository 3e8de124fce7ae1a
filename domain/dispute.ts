// A payer's bank takes money back: what that moves. The platform carries the risk until a rule of its own says otherwise.

import { platformParty, type Posting } from './ledger.ts';

export type DisputeStatus = 'open' | 'won' | 'lost';

export type DisputeFacts = {
  readonly provider: string;
  readonly disputeRef: string;
  readonly status: DisputeStatus;
  readonly amountMinor: number;
  /** All that the provider charges for it by now: it comes late at times, and goes back at times when it is won. */
  readonly feeMinor: number;
  /** Of one that is lost; undefined: all of it. */
  readonly lostMinor?: number | undefined;
};

/** What the ledger has of it. */
export type BookedDispute = {
  readonly status: DisputeStatus;
  readonly lostMinor: number;
  readonly feeMinor: number;
  /** How often its fee was posted. */
  readonly feePostings: number;
};

/** One that was lost may be won on appeal; nothing else goes back. */
const order: Readonly<Record<DisputeStatus, number>> = { open: 0, lost: 1, won: 2 };

/** Older than what is booked. */
export const isOutdated = (booked: BookedDispute | undefined, status: DisputeStatus): boolean =>
  booked !== undefined && order[status] < order[booked.status];

/**
 * What is booked once the postings are. News may come late or skip a step: each step has its own key, so that whatever
 * came first, every movement is posted once.
 */
export function bookDispute(
  facts: DisputeFacts,
  booked: BookedDispute | undefined,
): { readonly booked: BookedDispute; readonly postings: readonly Posting[] } {
  const { status, amountMinor, feeMinor } = facts;
  if (booked && isOutdated(booked, status)) return { booked, postings: [] };
  const feePostings = (booked?.feePostings ?? 0) + (feeMinor === (booked?.feeMinor ?? 0) ? 0 : 1);
  const lostNow = status === 'lost' ? Math.min(amountMinor, facts.lostMinor ?? amountMinor) : 0;
  const lostMinor = booked?.status === 'lost' && status === 'lost' ? booked.lostMinor : lostNow;
  const next = { status, lostMinor, feeMinor, feePostings };
  return { booked: next, postings: postingsOf(facts, booked, next) };
}

const badDebt = (minor: number) =>
  ({ account: 'bad_debt', party: platformParty, amountMinor: minor }) as const;

function postingsOf(
  { provider: party, disputeRef, amountMinor }: DisputeFacts,
  before: BookedDispute | undefined,
  { status, lostMinor, feeMinor, feePostings }: BookedDispute,
): readonly Posting[] {
  const key = (step: string): string => `${party}:${disputeRef}:${step}`;
  const clearing = (minor: number) =>
    ({ account: 'provider_clearing', party, amountMinor: minor }) as const;
  const disputed = (minor: number) => ({ account: 'disputes', party, amountMinor: minor }) as const;
  const opened: Posting = {
    key: key('opened'),
    kind: 'dispute_opened',
    entries: [disputed(amountMinor), clearing(-amountMinor)],
  };
  const won = (minor: number): Posting => ({
    key: key('won'),
    kind: 'dispute_won',
    entries: [clearing(minor), disputed(-minor)],
  });
  const lost: Posting = {
    key: key('lost'),
    kind: 'dispute_lost',
    entries: [badDebt(lostMinor), disputed(-lostMinor)],
  };
  const wonOnAppeal = (minor: number): Posting => ({
    key: key('won_on_appeal'),
    kind: 'dispute_won',
    entries: [clearing(minor), badDebt(-minor)],
  });
  const moreFee = feeMinor - (before?.feeMinor ?? 0);
  const fee: Posting = {
    key: key(`fee:${feePostings}`),
    kind: 'provider_fee',
    entries: [{ account: 'provider_fees', party, amountMinor: moreFee }, clearing(-moreFee)],
  };
  const isDecided = before === undefined || before.status === 'open';
  return [
    ...(before === undefined ? [opened] : []),
    ...(moreFee === 0 ? [] : [fee]),
    ...(isDecided && status === 'won' ? [won(amountMinor)] : []),
    ...(isDecided && status === 'lost' ? [lost] : []),
    ...(isDecided && status === 'lost' && lostMinor < amountMinor
      ? [won(amountMinor - lostMinor)]
      : []),
    ...(before?.status === 'lost' && status === 'won' ? [wonOnAppeal(before.lostMinor)] : []),
  ];
}
