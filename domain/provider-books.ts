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

/** What the provider keeps of a payment, by now. */
export type ProviderFee = {
  readonly amountMinor: number;
  /** ISO 4217, uppercase: of the balance that it is taken from, perhaps another than the payment's. */
  readonly currency: string;
};

/** What has left our balance to pay somebody out. */
export type ProviderPayout = {
  readonly providerRef: string;
  /** Ours, `<party>:<period>`; undefined on what this system did not make. */
  readonly name: string | undefined;
  readonly amountMinor: number;
  /** ISO 4217, uppercase. */
  readonly currency: string;
  /** It came back to us. */
  readonly returned: boolean;
};
