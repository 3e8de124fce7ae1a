// What a refund waits for, and what ends that: shown to whoever looks at it. Pure.

import { settlementOf, type Settlement } from './refund-settlement.ts';
import type { RefundStatus } from './refund.ts';

export const refundWaits = [
  'approval',
  'provider',
  'bank',
  'pay_out',
  'settlement',
  'settlement_approval',
] as const;

type Waiting = {
  readonly id: string;
  readonly status: RefundStatus;
  readonly doubt: string | null;
  readonly settlement: Settlement | null;
};
type Wait = { readonly what: (typeof refundWaits)[number]; readonly endsBy: readonly string[] };

const answer = 'the provider’s answer';
const corrected = 'the provider’s corrected answer';
const inTime = 'decide_before, when nobody decides';

/** Null once it is over. */
export function waitOf({ id, status, doubt, settlement }: Waiting): Wait | null {
  const post = (what: string): string => `POST /v1/refunds/${id}/${what}`;
  const decided = [post('approve'), post('reject'), inTime];
  switch (status) {
    case 'awaiting_approval':
      return { what: 'approval', endsBy: decided };
    case 'payable':
      return { what: 'pay_out', endsBy: [post('pay-out'), post('reject')] };
    case 'requested':
      return { what: 'provider', endsBy: [answer] };
    case 'sending':
    case 'pending':
      if (settlementOf({ doubt, settlement }))
        return { what: 'settlement_approval', endsBy: [...decided, corrected] };
      if (doubt !== null) return { what: 'settlement', endsBy: [post('settle'), corrected] };
      return { what: status === 'pending' ? 'bank' : 'provider', endsBy: [answer] };
    case 'refunded':
    case 'failed':
    case 'rejected':
      return null;
  }
}
