// A customer's stored balance, one per customer and currency. The ledger is all there is of it: an order sets a part aside
// (a hold), then takes some of it and lets the rest go. Pure; db/wallet.ts is the only one who posts it.

import { parseId } from './ids.ts';
import type { LedgerEntry, Posting } from './ledger.ts';

export type Wallet = {
  readonly customerId: string;
  /** ISO 4217, upper case. */
  readonly currency: string;
};

/** A payment of an order out of a wallet, named as at any provider. */
export type HoldName = {
  readonly orderId: string;
  readonly step: string;
  readonly attempt: number;
};

/** What the order calls its payment. */
export const holdRef = ({ orderId, step, attempt }: HoldName): string =>
  `wlt_${orderId}_${step}_${attempt}`;

export function parseHoldRef(ref: string): HoldName | undefined {
  const [, orderId = '', step = '', attempt] =
    /^wlt_(ord_[0-9a-f]{32})_([a-z]+)_(\d{1,9})$/.exec(ref) ?? [];
  return parseId('order', orderId) && { orderId, step, attempt: Number(attempt) };
}

/** The key of the request that set it aside, as every provider is sent it. */
export const holdKey = ({ orderId, step, attempt }: HoldName): string =>
  `${orderId}:${step}:${attempt}`;

export type HoldState = Wallet & {
  readonly heldMinor: number;
  readonly status: 'held' | 'captured' | 'released';
  readonly capturedMinor: number;
  /** Given back, by the key of the refund. */
  readonly refunds: ReadonlyMap<string, number>;
};

/** What the rest of the system may do with wallets: each step in one transaction, once, whoever asks again. */
export type WalletBooks = {
  readonly hold: (
    wish: HoldName &
      Wallet & {
        readonly amountMinor: number;
        /** A card pays what it does not have (domain/split.ts); if it has nothing to give, it gives nothing later either. */
        readonly withCard?: true;
      },
  ) => Promise<
    | { readonly status: 'held'; readonly amountMinor: number }
    | { readonly status: 'too_little' | 'burnt' }
  >;
  readonly read: (name: HoldName) => Promise<HoldState | undefined>;
  /** The order's last hold of a step. */
  readonly latest: (of: Omit<HoldName, 'attempt'>) => Promise<HoldName | undefined>;
  /** Takes an open hold's `amountMinor`, or nothing, and lets the rest go. The state after it, whoever was first. */
  readonly settle: (
    name: HoldName & { readonly amountMinor: number },
  ) => Promise<HoldState | undefined>;
  /** No hold can be made under this name any more; `held` when there is one. */
  readonly burn: (name: HoldName) => Promise<'held' | 'burnt'>;
  /** At most what was captured; `key` names the refund. The state after it. */
  readonly refund: (
    wish: HoldName & { readonly key: string; readonly amountMinor: number },
  ) => Promise<HoldState | undefined>;
};

/** Of the transactions that make a hold what it is. */
export const walletKey = (
  { orderId, step, attempt }: HoldName,
  what: 'wallet_hold' | 'wallet_capture' | 'wallet_release' | 'wallet_refund',
  more = '',
): string => `${orderId}:${what}:${step}:${attempt}${more && `:${more}`}`;

const clearing = { account: 'provider_clearing', party: 'wallet' } as const;
const inWallet = (party: string) => ({ account: 'wallet', party }) as const;
const setAside = (party: string) => ({ account: 'wallet_held', party }) as const;

type Amount = { readonly customerId: string; readonly amountMinor: number };

export const holdPosting = (name: HoldName, { customerId, amountMinor }: Amount): Posting => ({
  key: walletKey(name, 'wallet_hold'),
  kind: 'wallet_hold',
  entries: [
    { ...inWallet(customerId), amountMinor },
    { ...setAside(customerId), amountMinor: -amountMinor },
  ],
});

/** The order's own capture puts into the clearing account what this takes out of it. */
export function settlePosting(
  name: HoldName,
  { customerId, amountMinor, heldMinor }: Amount & { readonly heldMinor: number },
): Posting {
  const kind = amountMinor > 0 ? 'wallet_capture' : 'wallet_release';
  const entries: readonly LedgerEntry[] = [
    { ...setAside(customerId), amountMinor: heldMinor },
    { ...clearing, amountMinor: -amountMinor || 0 },
    { ...inWallet(customerId), amountMinor: amountMinor - heldMinor || 0 },
  ];
  return { key: walletKey(name, kind), kind, entries };
}

export const walletRefundPosting = (
  name: HoldName,
  { customerId, amountMinor, key }: Amount & { readonly key: string },
): Posting => ({
  key: walletKey(name, 'wallet_refund', key),
  kind: 'wallet_refund',
  entries: [
    { ...clearing, amountMinor },
    { ...inWallet(customerId), amountMinor: -amountMinor },
  ],
});
