// Money out of a wallet: back to the payments that filled it, oldest first, as refunds of them. Pure; the rows stand in
// db/withdrawals.ts, the workflow `withdrawal:<id>` carries them on.

import type { LedgerEntry, Posting } from './ledger.ts';

export type WithdrawalStatus = 'sending' | 'paid' | 'partly_paid' | 'failed';
export type WithdrawalPartStatus = 'sending' | 'pending' | 'refunded' | 'failed';

/** A payment that filled the wallet, and how much of it can still go back. */
export type Funding = {
  readonly topUpId: string;
  readonly provider: string;
  readonly providerRef: string;
  readonly leftMinor: number;
};
export type WithdrawalPart = Funding & { readonly amountMinor: number };

/** Oldest first; together the amount. Undefined when the payments do not have so much left. */
export function partsOf(
  amountMinor: number,
  fundings: readonly Funding[],
): readonly WithdrawalPart[] | undefined {
  let rest = amountMinor;
  const parts = fundings.flatMap((funding) => {
    const part = Math.min(rest, Math.max(0, funding.leftMinor));
    rest -= part;
    return part > 0 ? [{ ...funding, amountMinor: part }] : [];
  });
  return rest === 0 ? parts : undefined;
}

/** All of them are over. */
export function endOf(parts: readonly WithdrawalPartStatus[]): WithdrawalStatus {
  const refunded = parts.filter((status) => status === 'refunded').length;
  if (refunded === parts.length) return 'paid';
  return refunded === 0 ? 'failed' : 'partly_paid';
}

type Facts = { readonly withdrawalId: string; readonly customerId: string };
type Part = Pick<WithdrawalPart, 'provider' | 'amountMinor'>;

const onItsWay = ({ provider: party }: Part) => ({ account: 'refunds_in_transit', party }) as const;

/** It leaves the wallet at once, before anybody is asked. */
export const withdrawalPosting = (
  { withdrawalId, customerId }: Facts,
  parts: readonly Part[],
): Posting => ({
  key: `${withdrawalId}:withdrawal_sent`,
  kind: 'withdrawal_sent',
  entries: parts.flatMap((part): readonly LedgerEntry[] => [
    { account: 'wallet', party: customerId, amountMinor: part.amountMinor },
    { ...onItsWay(part), amountMinor: -part.amountMinor },
  ]),
});

/** One part of it was given back; or cannot be, or was and came back, and is in the wallet again. */
export function withdrawalEndPosting(
  { withdrawalId, customerId }: Facts,
  {
    n,
    end,
    ...part
  }: Part & { readonly n: number; readonly end: 'refunded' | 'failed' | 'returned' },
): Posting {
  const kind = end === 'refunded' ? 'withdrawal_paid' : 'withdrawal_failed';
  const clearing = { account: 'provider_clearing', party: part.provider } as const;
  const from = end === 'returned' ? clearing : onItsWay(part);
  const to = end === 'refunded' ? clearing : ({ account: 'wallet', party: customerId } as const);
  return {
    key: `${withdrawalId}:${kind}:${n}`,
    kind,
    entries: [
      { ...from, amountMinor: part.amountMinor },
      { ...to, amountMinor: -part.amountMinor },
    ],
  };
}

/** The refund's key at the provider. */
export const withdrawalKey = ({
  topUpId,
  withdrawalId,
  attempt,
}: {
  readonly topUpId: string;
  readonly withdrawalId: string;
  readonly attempt: number;
}): string => `${topUpId}:refund:${withdrawalId}:${attempt}`;
