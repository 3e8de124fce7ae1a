// Every code that a caller can meet, in one table: code → HTTP status and title. A refusal is expected and part of
// the contract; a bug is asserted; an outage is the outside world's.

export const errorTable = {
  // input
  invalid_request: { status: 400, title: 'The request is not valid' },
  idempotency_key_missing: { status: 400, title: 'The Idempotency-Key header is missing' },
  unauthenticated: { status: 401, title: 'The API key is missing or unknown' },
  forbidden: { status: 403, title: 'This key may not do that' },
  not_found: { status: 404, title: 'There is no such thing here' },
  method_not_allowed: { status: 405, title: 'This method is not allowed here' },
  body_too_large: { status: 413, title: 'The body is too large' },
  unsupported_media_type: { status: 415, title: 'The body has a type that is not taken here' },
  rate_limited: { status: 429, title: 'Too many requests' },
  card_number_refused: { status: 422, title: 'Card numbers are not accepted here' },
  currency_mismatch: { status: 422, title: 'The currency is not that of the market' },
  amount_out_of_range: { status: 422, title: 'The amount is out of range' },
  time_in_past: { status: 422, title: 'The time lies in the past' },
  out_of_area: { status: 422, title: 'The address is outside the delivery area' },
  branch_paused: { status: 409, title: 'The branch takes no orders at the moment' },
  no_own_drivers: { status: 422, title: 'The merchant has no drivers of its own' },
  not_sold_here: { status: 422, title: 'This branch may not sell that' },
  // idempotency
  idempotency_in_flight: { status: 409, title: 'The same request is still being worked on' },
  idempotency_key_reused: { status: 422, title: 'This Idempotency-Key was used with another body' },
  external_id_taken: { status: 409, title: 'An order with this external_id exists' },
  // refusals of an order
  not_pending: { status: 409, title: 'The order does not wait for the merchant any more' },
  not_preparing: { status: 409, title: 'The order is not being prepared' },
  already_accepted: { status: 409, title: 'The order has been accepted already' },
  already_ready: { status: 409, title: 'The order is marked ready already' },
  already_picked_up: { status: 409, title: 'The driver has the goods already' },
  already_delivered: { status: 409, title: 'The order has been delivered already' },
  already_cancelled: { status: 409, title: 'The order has ended already' },
  order_held: { status: 409, title: 'Support holds the order' },
  order_paused: { status: 409, title: 'The order is paused' },
  not_searching: { status: 409, title: 'The order does not look for a driver' },
  not_your_delivery: { status: 409, title: 'The delivery is not with this driver' },
  not_picked_up: { status: 409, title: 'The goods have not been picked up yet' },
  wrong_state: { status: 409, title: 'The order is not in a state for that' },
  shortage_open: { status: 409, title: 'The customer is being asked about missing goods' },
  limit_reached: { status: 409, title: 'That was done as often or as far as it may be' },
  too_early: { status: 409, title: 'It is too early for that' },
  nothing_to_undo: { status: 409, title: 'Nothing can be taken back any more' },
  amount_above_hold: { status: 422, title: 'The amount is more than what is held on the card' },
  proof_missing: { status: 422, title: 'A proof of the hand-over is missing' },
  proof_wrong: { status: 422, title: 'What was shown is not what the order asks for' },
  pin_locked: { status: 409, title: 'A wrong PIN was given too often: support decides' },
  cash_not_recorded: { status: 422, title: 'The cash is not recorded, or less than what is due' },
  payment_method_unavailable: {
    status: 422,
    title: 'The order cannot be paid like that here',
  },
  payment_not_retryable: { status: 409, title: 'The payment cannot be tried again now' },
  // support
  stale_sequence: { status: 412, title: 'The order has moved on since it was looked at' },
  claimed_by_other: { status: 409, title: 'Another agent works on this order' },
  order_running: { status: 409, title: 'The order’s workflow is running and decides itself' },
  workflow_gone: { status: 409, title: 'The order’s workflow is not running: settle the order' },
  workflow_healthy: { status: 409, title: 'The order’s workflow is in order' },
  outcome_needed: { status: 422, title: 'The goods are on the road: say how the order ended' },
  no_effect: { status: 409, title: 'It would change nothing' },
  no_driver: { status: 409, title: 'No driver has this delivery' },
  approval_needed: { status: 409, title: 'A second agent must approve this' },
  approval_not_pending: { status: 409, title: 'The approval is not pending any more' },
  approval_needs_another: {
    status: 409,
    title: 'Another agent than the one who asked must approve',
  },
  count_changed: { status: 409, title: 'The selection has changed since the dry run' },
  // disputes
  dispute_closed: { status: 409, title: 'The dispute is decided' },
  evidence_given: { status: 409, title: 'The evidence has been sent, which can be done once' },
  evidence_elsewhere: { status: 409, title: 'This provider hears our side in its dashboard only' },
  // refunds
  payment_disputed: { status: 409, title: 'The payment is disputed' },
  refund_not_captured: { status: 409, title: 'There is nothing to give back' },
  refund_too_early: { status: 409, title: 'The order is not over yet' },
  refund_too_large: { status: 409, title: 'This is more than what is left to give back' },
  refund_duplicate: { status: 409, title: 'The same refund was asked for a moment ago' },
  refund_not_payable: { status: 409, title: 'The refund does not wait to be paid out' },
  reference_taken: { status: 409, title: 'Another refund was paid out under this reference' },
  refund_not_in_doubt: { status: 409, title: 'Nothing about the refund has to be settled' },
  refund_books_differ: { status: 409, title: 'The provider’s books say otherwise' },
  refund_not_waiting: { status: 409, title: 'The refund does not wait for a decision' },
  // payouts
  payout_held: { status: 409, title: 'Payouts are kept back' },
  payout_too_small: { status: 409, title: 'Nothing is due, or too little to pay it out' },
  // wallets
  withdrawal_too_large: { status: 409, title: 'This is more than what can be withdrawn' },
  // offers and drivers
  offer_not_open: { status: 409, title: 'The offer is not open any more' },
  offer_expired: { status: 409, title: 'The offer has expired' },
  at_capacity: { status: 409, title: 'The driver has as many deliveries as they can carry' },
  driver_busy: { status: 409, title: 'The driver has deliveries under way' },
  // webhooks in
  invalid_signature: { status: 400, title: 'The signature is not valid' },
  // outages
  engine_unavailable: { status: 503, title: 'The order engine cannot be reached; try again' },
  storage_unavailable: { status: 503, title: 'The storage cannot be reached; try again' },
  provider_unavailable: { status: 503, title: 'The payment provider cannot be reached; try again' },
  outcome_unknown: {
    status: 503,
    title: 'The command was sent, its outcome is not known yet; try again with the same key',
  },
  internal: { status: 500, title: 'Something broke on our side' },
} as const satisfies Record<string, { readonly status: number; readonly title: string }>;

export type ErrorCode = keyof typeof errorTable;

export const isErrorCode = (text: string): text is ErrorCode => Object.hasOwn(errorTable, text);

/**
 * A typed no: `reason` says in one sentence what happened first, `at` when (epoch ms). `sequence`: the state that it
 * was judged on; a caller who has seen a later one may ask the order to catch up with its log and send again.
 */
export type Refusal = {
  readonly code: ErrorCode;
  readonly reason: string;
  readonly at?: number;
  readonly sequence?: number;
};

/** For the branch that cannot happen: the compiler proves it, and at run time it is a bug. */
export function assertNever(value: never): never {
  throw new Error(`unexpected ${JSON.stringify(value)}`);
}
