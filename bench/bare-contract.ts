// What the bare workflow is started with and what its empty activities take. Types only: both sides of the sandbox
// read it.

export type BareInput = {
  /** As large as an order's facts. */
  readonly facts: { readonly orderId: string };
  /** As large as the read model's row that an order hands to `record`. */
  readonly padding: object;
};

export type BareActivities = {
  record(
    input: BareInput & { readonly commandId: string; readonly sequence: number },
  ): Promise<{ readonly kind: 'stored' }>;
  callProvider(input: { readonly facts: string; readonly step: string }): Promise<object>;
};
