// Who earned by an order, and who of them bears a refund of it: what was posted says so. Pure.

import { platformParty, type LedgerEntry } from './ledger.ts';
import { sumMinor } from './money.ts';
import { allocateRefund } from './money/split.ts';
import type { RefundFault } from './refund.ts';

/** Who earned what by the order, and gave back of it. */
export type Earner = {
  readonly account: 'merchant' | 'driver' | 'platform';
  readonly party: string;
  readonly earnedMinor: number;
  readonly givenBackMinor: number;
};

/** What an order's movements of one kind brought to a party: debit positive. */
export type Move = {
  readonly kind: string;
  readonly account: string;
  readonly party: string;
  readonly amountMinor: number;
};

/** What the customer has paid: by the provider, or in cash to a driver or over the counter. */
export const takenIn = (moves: readonly Move[]): number =>
  sumMinor(
    moves
      .filter(
        ({ kind, account }) =>
          (kind === 'capture' && account === 'provider_clearing') ||
          (kind === 'cash' && (account === 'cash_in_hand' || account === 'merchant')),
      )
      .map(({ amountMinor }) => amountMinor),
  );

/** What the platform collected, of all that was posted for an order. */
export const goodsTaxOf = (moves: readonly Move[]): number =>
  sumMinor(
    moves
      .filter(({ kind, account }) => kind === 'settlement' && account === 'goods_tax')
      .map(({ amountMinor }) => -amountMinor),
  );

const isEarning = (account: string): account is Earner['account'] =>
  account === 'merchant' || account === 'driver' || account === 'platform';

/** Who earned by the order, from all that was posted for it; what refunds took from them counts as given back. */
export const earnersOf = (moves: readonly Move[]): readonly Earner[] =>
  moves.flatMap(({ kind, account, party, amountMinor }) =>
    kind === 'settlement' && isEarning(account)
      ? [
          {
            account,
            party,
            earnedMinor: -amountMinor,
            givenBackMinor: givenBack(moves, account, party),
          },
        ]
      : [],
  );

const sharing: ReadonlySet<string> = new Set(['refund_share', 'refund_settled', 'refund_failed']);
const givenBack = (moves: readonly Move[], account: string, party: string): number =>
  sumMinor(
    moves
      .filter((move) => move.account === account && move.party === party)
      .filter(({ kind }) => sharing.has(kind))
      .map(({ amountMinor }) => amountMinor),
  );

/** Who earned by a tip after the delivery: its driver alone. Whoever else is at fault bears it out of the order. */
export const earnersOfTip = (
  ofOrder: readonly Earner[],
  { driverId, paidMinor, refundedMinor }: PaidTip,
): readonly Earner[] => [
  {
    account: 'driver',
    party: driverId,
    earnedMinor: paidMinor,
    givenBackMinor: refundedMinor,
  },
  ...ofOrder.flatMap((earner) =>
    earner.account === 'driver' ? [] : [{ ...earner, earnedMinor: 0 }],
  ),
];
type PaidTip = {
  readonly driverId: string;
  readonly paidMinor: number;
  readonly refundedMinor: number;
};

type Blame = { readonly fault: RefundFault; readonly earners: readonly Earner[] };

/** What each bears of a refund, by account; the parts sum to it. Tax goes back by itself, the rest is borne. */
export const bearersOf = (
  amountMinor: number,
  { goodsTaxMinor = 0, ...blame }: Blame & { readonly goodsTaxMinor?: number },
): readonly LedgerEntry[] =>
  some([
    ...borneBy(amountMinor - goodsTaxMinor, blame),
    { account: 'goods_tax', party: platformParty, amountMinor: goodsTaxMinor },
  ]);

/** Nobody there to bear it: the platform does. */
function borneBy(amountMinor: number, { fault, earners }: Blame): readonly LedgerEntry[] {
  const platform = { account: 'platform', party: platformParty, amountMinor } as const;
  if (fault !== 'shared') {
    const found = earners.find(({ account }) => account === fault);
    return found ? [{ account: found.account, party: found.party, amountMinor }] : [platform];
  }
  const borne = earners
    .filter(({ earnedMinor, givenBackMinor }) => earnedMinor > 0 && earnedMinor >= givenBackMinor)
    .map((earner) => ({
      ...earner,
      amountMinor: earner.earnedMinor,
      refundedMinor: earner.givenBackMinor,
    }));
  const left = sumMinor(borne.map((each) => each.amountMinor - each.refundedMinor));
  const shared = Math.min(amountMinor, left);
  const parts = allocateRefund(shared, borne);
  return [
    ...borne.map(({ account, party }, index) => ({
      account,
      party,
      amountMinor: parts[index] ?? 0,
    })),
    { ...platform, amountMinor: amountMinor - shared },
  ];
}

const some = (entries: readonly LedgerEntry[]) =>
  entries.filter((entry) => entry.amountMinor !== 0);

const isOurs = ({ account }: LedgerEntry): boolean => account === 'platform';

/** Of another amount: of less each bears in proportion; what is more than was decided the platform bears. */
export function bearAnew(
  bearers: readonly LedgerEntry[],
  amountMinor: number,
): readonly LedgerEntry[] {
  const moreMinor = amountMinor - sumMinor(bearers.map((entry) => entry.amountMinor));
  const parts = allocateRefund(
    Math.min(amountMinor, amountMinor - moreMinor),
    bearers.map(({ account, party, amountMinor: bore }) => ({
      party: `${account}:${party}`,
      amountMinor: bore,
      refundedMinor: 0,
    })),
  );
  const again = bearers.map((entry, index) => ({ ...entry, amountMinor: parts[index] ?? 0 }));
  const ours = again.find(isOurs) ?? { account: 'platform', party: platformParty, amountMinor: 0 };
  const more = { ...ours, amountMinor: ours.amountMinor + Math.max(0, moreMinor) };
  return some([...again.filter((entry) => !isOurs(entry)), more]);
}

/** The first `amountMinor` of what they bear, and the rest. */
export function cutOff(
  bearers: readonly LedgerEntry[],
  amountMinor: number,
): readonly [readonly LedgerEntry[], readonly LedgerEntry[]] {
  let left = amountMinor;
  const cut = bearers.map((entry) => {
    const part = Math.min(left, entry.amountMinor);
    left -= part;
    return [
      { ...entry, amountMinor: part },
      { ...entry, amountMinor: entry.amountMinor - part },
    ] as const;
  });
  return [some(cut.map(([own]) => own)), some(cut.map(([, rest]) => rest))];
}
