// The fake PayPal's disputes: opened by the payer, decided by PayPal. While one is open nothing of its capture can be given
// back in part; once it is decided, what the buyer did not get.
import type { JsonReply, JsonRequest } from '../provider/fake.ts';
import { newId } from '../provider/ids.ts';

export type Money = { readonly currency_code: string; readonly value: string };
export type Outcome =
  | 'RESOLVED_BUYER_FAVOUR'
  | 'RESOLVED_SELLER_FAVOUR'
  | 'RESOLVED_WITH_PAYOUT'
  | 'CANCELED_BY_BUYER'
  | 'ACCEPTED'
  | 'DENIED'
  | 'NONE';
export type Dispute = {
  readonly dispute_id: string;
  readonly create_time: string;
  readonly update_time: string;
  readonly disputed_transactions: readonly { readonly seller_transaction_id: string }[];
  readonly reason: string;
  readonly status: 'WAITING_FOR_SELLER_RESPONSE' | 'RESOLVED';
  readonly dispute_life_cycle_stage: 'INQUIRY';
  readonly dispute_amount: Money;
  readonly seller_response_due_date: string;
  readonly dispute_outcome?: { readonly outcome_code: Outcome; readonly amount_refunded?: Money };
};

const MOST_A_PAGE = 50;
const MOST_PAGES = 50;
const ANSWER_MS = 10 * 24 * 3_600_000;

type Wish = { readonly captureId: string; readonly amount: Money };
type Tools = {
  readonly now: () => number;
  readonly tell: (type: string, dispute: Dispute) => void;
};

const isOf = (dispute: Dispute, captureId: string): boolean =>
  dispute.disputed_transactions[0]?.seller_transaction_id === captureId;

/** The newest first; a list shows little of each. */
function list(disputes: readonly Dispute[], query: JsonRequest['query']): JsonReply {
  const captureId = query.get('disputed_transaction_id');
  const after = query.get('update_time_after') ?? '';
  const [size, page] = [Number(query.get('page_size') ?? 10), Number(query.get('page') ?? 1)];
  if (size > MOST_A_PAGE || page > MOST_PAGES) return { status: 400, body: {} };
  const items = disputes
    .filter((each) => captureId === null || isOf(each, captureId))
    .filter((each) => each.update_time > after)
    .toReversed()
    .slice((page - 1) * size, page * size)
    .map(({ dispute_id, status, create_time, update_time }) => ({
      dispute_id,
      status,
      create_time,
      update_time,
    }));
  return { status: 200, body: { items } };
}

export function createDisputes({ now, tell }: Tools) {
  const disputes = new Map<string, Dispute>();
  function open({ captureId, amount }: Wish): string {
    const time = new Date(now()).toISOString();
    const dispute: Dispute = {
      dispute_id: newId('PP-D').replace('_', '-'),
      create_time: time,
      update_time: time,
      disputed_transactions: [{ seller_transaction_id: captureId }],
      reason: 'MERCHANDISE_OR_SERVICE_NOT_RECEIVED',
      status: 'WAITING_FOR_SELLER_RESPONSE',
      dispute_life_cycle_stage: 'INQUIRY',
      dispute_amount: amount,
      seller_response_due_date: new Date(now() + ANSWER_MS).toISOString(),
    };
    disputes.set(dispute.dispute_id, dispute);
    tell('CUSTOMER.DISPUTE.CREATED', dispute);
    return dispute.dispute_id;
  }

  /** `refunded`: where the buyer gets less than they asked for. False: there is nothing to decide. */
  function decide(id: string, outcome: Outcome, refunded?: Money): boolean {
    const dispute = disputes.get(id);
    if (dispute === undefined || dispute.status === 'RESOLVED') return false;
    const next: Dispute = {
      ...dispute,
      update_time: new Date(now()).toISOString(),
      status: 'RESOLVED',
      dispute_outcome: {
        outcome_code: outcome,
        ...(refunded && { amount_refunded: refunded }),
      },
    };
    disputes.set(id, next);
    tell('CUSTOMER.DISPUTE.RESOLVED', next);
    return true;
  }

  const blocksRefunds = (captureId: string): boolean =>
    [...disputes.values()].some(
      (dispute) => isOf(dispute, captureId) && dispute.status !== 'RESOLVED',
    );

  /** What the buyer has got of a capture. */
  const lostOf = (captureId: string): readonly Money[] =>
    [...disputes.values()].flatMap((dispute) => {
      const { outcome_code: outcome, amount_refunded: part } = dispute.dispute_outcome ?? {};
      const isLost = outcome === 'RESOLVED_BUYER_FAVOUR' || outcome === 'ACCEPTED';
      return isOf(dispute, captureId) && isLost ? [part ?? dispute.dispute_amount] : [];
    });

  /** The disputes' part of the API; undefined: no such thing here. */
  function answer({ method, path, query }: JsonRequest): JsonReply | undefined {
    if (method !== 'GET') return undefined;
    if (path === '/v1/customer/disputes') return list([...disputes.values()], query);
    const found = disputes.get(/^\/v1\/customer\/disputes\/([\w-]+)$/.exec(path)?.[1] ?? '');
    return found && { status: 200, body: found };
  }

  return { open, decide, blocksRefunds, lostOf, answer };
}
