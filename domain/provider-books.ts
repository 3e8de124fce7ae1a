// What a payment provider's books say, in our own words. Adapters read it, the database and the reconciliation compare.

/** A payer's bank takes money back. `open` until it is decided; a warning that took nothing is not one. */
export type ProviderDispute = {
  readonly disputeRef: string;
  readonly providerRef: string;
  readonly amountMinor: number;
  /** What the provider charges for it. */
  readonly feeMinor: number;
  readonly currency: string;
  readonly status: 'open' | 'won' | 'lost';
  /** Of one that is lost, where the provider says so: the rest of the amount comes back. */
  readonly lostMinor?: number | undefined;
  /** The provider's code. */
  readonly reason: string;
  readonly evidenceDueAt: number | undefined;
  readonly openedAt: number;
};
