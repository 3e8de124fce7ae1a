// A payment beside an order's own: a tip after the delivery, money into a wallet. What it goes through, whoever it is for.

/** Intent recorded · the provider is asked for it · the payer confirms · held · being let go · over. */
export type SideStatus =
  | 'requested'
  | 'sending'
  | 'requires_action'
  | 'authorized'
  | 'releasing'
  | 'paid'
  | 'declined';

/** The payer has so long to confirm, and the provider to answer. */
export const payerPatienceMs = 15 * 60_000;

export type SideNews =
  /** Intent before effect: from here on the provider may have been asked. */
  | { readonly kind: 'sending' }
  | {
      readonly kind: 'requires_action';
      readonly providerRef: string;
      readonly clientSecret: string;
    }
  | { readonly kind: 'authorized'; readonly providerRef: string }
  | { readonly kind: 'paid'; readonly providerRef: string; readonly amountMinor: number }
  /** It is not to be taken, and what may be held is let go. */
  | { readonly kind: 'releasing'; readonly code: string }
  | { readonly kind: 'declined'; readonly code: string }
  /** Nothing was executed under this attempt and nothing ever will be. */
  | { readonly kind: 'not_executed' };

/** What the provider knows it by: whose it is, what for, and the how manieth. */
export type SideName = {
  readonly ownerId: string;
  readonly step: 'tip' | 'topup';
  readonly n: number;
};

/** The key at the provider. It is asked for once: what was not executed is declined, and the next one has its own. */
export const sideKey = (
  { ownerId, step, n }: SideName,
  what?: 'capture' | 'void' | 'discard',
  attempt = 1,
): string =>
  `${ownerId}:${step}${what ? `_${what}` : ''}:${n}${attempt === 1 ? '' : `:${attempt}`}`;
