// Identifiers: prefixed, sortable (a UUIDv7 in hex behind the prefix), branded so that one kind is
// never passed for another. Workflow ids are made and parsed here and nowhere else.

declare const brand: unique symbol;
type Id<Kind extends string> = string & { readonly [brand]: Kind };

export type OrderId = Id<'order'>;
export type OfferId = Id<'offer'>;
export type DriverId = Id<'driver'>;
export type MerchantId = Id<'merchant'>;
export type BranchId = Id<'branch'>;
export type MarketId = Id<'market'>;
export type CustomerId = Id<'customer'>;
export type NoteId = Id<'note'>;
export type BulkId = Id<'bulk'>;
export type RefundId = Id<'refund'>;
export type PayoutId = Id<'payout'>;
export type ProofId = Id<'proof'>;
export type RoundId = Id<'round'>;
export type TopUpId = Id<'topUp'>;
export type WithdrawalId = Id<'withdrawal'>;

const prefixes = {
  order: 'ord',
  offer: 'off',
  driver: 'drv',
  merchant: 'mer',
  branch: 'brn',
  market: 'mkt',
  customer: 'cus',
  note: 'note',
  proof: 'prf',
  key: 'key',
  attempt: 'att',
  approval: 'apr',
  bulk: 'blk',
  refund: 'rfd',
  payout: 'pay',
  payoutFile: 'pfl',
  round: 'rnd',
  topUp: 'top',
  withdrawal: 'wdr',
} as const;
export type IdKind = keyof typeof prefixes;

/** RFC 9562 UUIDv7 in hex behind the prefix of `kind`. `random` is 10 random bytes, `nowMs` epoch milliseconds. */
export function formatId<K extends IdKind>(kind: K, nowMs: number, random: Uint8Array): Id<K> {
  const time = nowMs.toString(16).padStart(12, '0');
  const bytes = Array.from(random.slice(0, 10));
  bytes[0] = ((bytes[0] ?? 0) & 0x0f) | 0x70;
  bytes[2] = ((bytes[2] ?? 0) & 0x3f) | 0x80;
  return `${prefixes[kind]}_${time}${bytes.map((b) => b.toString(16).padStart(2, '0')).join('')}` as Id<K>;
}

export const idPattern = (kind: IdKind): string => `^${prefixes[kind]}_[0-9a-f]{32}$`;

/** The id if `text` has the form of this kind, else undefined. Says nothing about existence. */
export function parseId<K extends IdKind>(kind: K, text: string): Id<K> | undefined {
  return new RegExp(idPattern(kind)).test(text) ? (text as Id<K>) : undefined;
}

export const orderWorkflowId = (orderId: OrderId): string => `order:${orderId}`;
export const dispatcherWorkflowId = (marketId: MarketId): string => `dispatcher:${marketId}`;
export const settleWorkflowId = (orderId: OrderId): string => `settle:${orderId}`;
export const bulkWorkflowId = (bulkId: BulkId): string => `bulk:${bulkId}`;
export const refundWorkflowId = (refundId: RefundId): string => `refund:${refundId}`;
export const tipWorkflowId = ({
  orderId,
  n,
}: {
  readonly orderId: OrderId;
  readonly n: number;
}): string => `tip:${orderId}:${n}`;
export const payoutWorkflowId = ({
  party,
  period,
}: {
  readonly party: string;
  readonly period: string;
}): string => `payout:${party}:${period}`;
export const topUpWorkflowId = (topUpId: TopUpId): string => `topup:${topUpId}`;
export const withdrawalWorkflowId = (withdrawalId: WithdrawalId): string =>
  `withdrawal:${withdrawalId}`;
export const maintenanceWorkflowId = 'maintenance';

export function parseOrderWorkflowId(workflowId: string): OrderId | undefined {
  return workflowId.startsWith('order:') ? parseId('order', workflowId.slice(6)) : undefined;
}
