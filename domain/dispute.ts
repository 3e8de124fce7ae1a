// A payer's bank takes money back: what that moves. The platform carries the risk until a rule of its own says otherwise.

import { platformParty, type Posting } from './ledger.ts';

export type DisputeStatus = 'open' | 'won' | 'lost';

export type DisputeFacts = {
  readonly provider: string;
  readonly disputeRef: string;
  readonly amountMinor: number;
  readonly feeMinor: number;
  /** Of one that is lost; undefined: all of it. */
  readonly lostMinor?: number | undefined;
};

/**
 * What brings the ledger from `before` (undefined: not known yet) to `after`. News may come late or skip a step: each
 * step has its own key, so that whatever came first, every movement is posted once.
 */
export function disputePostings(
  facts: DisputeFacts,
  { before, after }: { readonly before: DisputeStatus | undefined; readonly after: DisputeStatus },
): readonly Posting[] {
  const { provider, disputeRef, amountMinor, feeMinor } = facts;
  const taken = { account: 'disputes', party: provider, amountMinor } as const;
  const held = { account: 'provider_clearing', party: provider, amountMinor } as const;
  const key = (step: string): string => `${provider}:${disputeRef}:${step}`;
  const opened: Posting = {
    key: key('opened'),
    kind: 'dispute_opened',
    entries: [taken, { ...held, amountMinor: -amountMinor }],
  };
  const fee: Posting = {
    key: key('fee'),
    kind: 'provider_fee',
    entries: [
      { account: 'provider_fees', party: provider, amountMinor: feeMinor },
      { ...held, amountMinor: -feeMinor },
    ],
  };
  const won = (minor: number): Posting => ({
    key: key('won'),
    kind: 'dispute_won',
    entries: [
      { ...held, amountMinor: minor },
      { ...taken, amountMinor: -minor },
    ],
  });
  const lostMinor = Math.min(amountMinor, facts.lostMinor ?? amountMinor);
  const lost: Posting = {
    key: key('lost'),
    kind: 'dispute_lost',
    entries: [
      { account: 'bad_debt', party: platformParty, amountMinor: lostMinor },
      { ...taken, amountMinor: -lostMinor },
    ],
  };
  if (before !== undefined && before !== 'open') return [];
  return [
    ...(before === undefined ? [opened] : []),
    ...(before === undefined && feeMinor > 0 ? [fee] : []),
    ...(after === 'won' ? [won(amountMinor)] : []),
    ...(after === 'lost' ? [lost] : []),
    ...(after === 'lost' && lostMinor < amountMinor ? [won(amountMinor - lostMinor)] : []),
  ];
}
