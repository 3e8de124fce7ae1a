// Made-up data for the audit's checks: orders lived through with the real rules, their ledger as `record`
// would post it, and a provider and clients that agree with it.

import type { ProviderPayment } from '../../adapters/card-gateway.ts';
import { engineId } from '../../activities/engine-id.ts';
import { postingOf } from '../../db/ledger.ts';
import { newId } from '../../db/new-id.ts';
import type { StoredRound } from '../../db/rounds.ts';
import { plan, type PlanInput } from '../../dispatch/plan.ts';
import { decide } from '../../domain/decide.ts';
import type { Actor, OrderEvent } from '../../domain/events.ts';
import { evolve, fold } from '../../domain/evolve.ts';
import type { Posting } from '../../domain/ledger.ts';
import type { Command } from '../../domain/messages.ts';
import { initialState, type OrderFacts, type OrderState } from '../../domain/order.ts';
import { defaultPolicy } from '../../domain/policy.ts';
import { refundEndPosting, refundPostings } from '../../domain/refund.ts';
import { tipPostings } from '../../domain/tip.ts';
import { rowOf } from '../../domain/view.ts';
import type {
  AuditData,
  AuditedOrder,
  AuditedRefund,
  AuditedTip,
  LedgerTransaction,
} from '../../scripts/audit/data.ts';
import { plainDelivery } from '../support/facts.ts';
import { disputesOf } from './audit-dispute.ts';
import { offersOf } from './audit-offers.ts';
import { payoutOf } from './audit-payout.ts';
import { workflowOf } from './audit-workflow.ts';
import { soundWallet } from './audit-wallet.ts';

const startedAt = Date.UTC(2026, 10, 5, 12);
const stepMs = 60_000;
export const driverId = newId('driver', startedAt);
const secondDriverId = newId('driver', startedAt);
const merchantId = newId('merchant', startedAt);
const branchId = newId('branch', startedAt);
const marketId = newId('market', startedAt);

/** As the dispatcher stores what it has planned. */
function storedRound(): StoredRound {
  const here = { lat: 0, lng: 0 };
  const order = { orderId: newId('order', startedAt), search: 1, rung: 0, searchSince: startedAt };
  const driver = { driverId, capacity: 1, place: here, shiftEndsAt: undefined };
  const input: PlanInput = {
    snapshot: {
      now: startedAt,
      orders: [{ ...order, pickup: here, dropoff: { lat: 0, lng: 0.01 }, earlier: [] }],
      drivers: [{ ...driver, hasOpenOffer: false, route: [] }],
    },
    policy: defaultPolicy,
    seed: 1,
  };
  return {
    roundId: newId('round', startedAt),
    marketId,
    at: new Date(startedAt),
    engine: engineId,
    inputHash: '',
    input: JSON.stringify(input),
    plan: JSON.stringify(plan(input)),
  };
}

const factsOf = (placedAt: number, paymentMethod: string): OrderFacts => ({
  ...plainDelivery,
  orderId: newId('order', placedAt),
  number: '7',
  merchantId,
  branchId,
  marketId,
  customerId: newId('customer', placedAt),
  placedAt,
  currency: 'USD',
  itemCount: 1,
  goodsMinor: 2_000,
  deliveryFeeMinor: 300,
  tipMinor: 100,
  totalMinor: 2_400,
  driverPayMinor: 450,
  commissionBps: 1_500,
  paymentMethod,
  travelMs: 300_000,
  policy: { ...defaultPolicy, partnerCapMinor: 1_000 },
});

type Life = {
  readonly facts: OrderFacts;
  readonly events: readonly OrderEvent[];
  readonly state: OrderState;
};

const by = ({ kind }: Command): Actor =>
  kind === 'transferDelivery' ? { kind: 'support', id: 'key_1' } : { kind: 'system' };

function live(
  placedAt: number,
  commandsOf: (facts: OrderFacts) => readonly Command[],
  paymentMethod = 'pm_card_visa',
): Life {
  const facts = factsOf(placedAt, paymentMethod);
  let state = initialState(facts);
  const events: OrderEvent[] = [];
  for (const [index, command] of commandsOf(facts).entries()) {
    const at = placedAt + index * stepMs;
    const decision = decide(state, command, at);
    if (decision.kind === 'refused') throw new Error(`${command.kind}: ${decision.refusal.reason}`);
    for (const body of decision.events) {
      const event = {
        ...body,
        sequence: state.sequence + 1,
        at,
        actor: by(command),
        commandId: `${index}`,
      } as const;
      events.push(event);
      state = evolve(state, event);
    }
  }
  return { facts, events, state };
}

const authorized = (facts: OrderFacts): readonly Command[] => [
  { kind: 'place' },
  {
    kind: 'paymentAuthorized',
    providerRef: `pi_${facts.orderId}`,
    amountMinor: facts.totalMinor,
    captureBefore: startedAt + 7 * 86_400_000,
  },
];

const delivered = (placedAt: number, paymentMethod?: string): Life =>
  live(
    placedAt,
    (facts) => [
      ...authorized(facts),
      { kind: 'accept', prepMs: 60_000 },
      { kind: 'assign', offerId: newId('offer', placedAt), driverId, pickupEtaAt: placedAt },
      { kind: 'markReady' },
      { kind: 'pickUp', driverId },
      { kind: 'deliver', driverId },
      { kind: 'paymentCaptured', amountMinor: facts.totalMinor },
    ],
    paymentMethod,
  );

/** By a partner fleet, which nobody has to offer it to. */
const brought = (placedAt: number): Life =>
  live(placedAt, (facts) => [
    ...authorized(facts),
    { kind: 'accept', prepMs: 60_000 },
    { kind: 'exhaustSearch', search: 1 },
    { kind: 'partnerQuoted', quoteRef: 'dqt_1', priceMinor: 700 },
    { kind: 'partnerConfirmed', ...partnerTruth },
    { kind: 'checkPartner', partnerRef: 'del_1' },
    { kind: 'partnerSeen', progress: 'delivered', ...partnerTruth },
    { kind: 'paymentCaptured', amountMinor: facts.totalMinor },
  ]);
const partnerTruth = {
  partnerRef: 'del_1',
  priceMinor: 800,
  pickupEtaAt: startedAt,
  dropoffEtaAt: startedAt,
  customerFault: false,
} as const;

/** By a second driver, to whom support has given the goods of the first. */
const takenOver = (placedAt: number): Life =>
  live(placedAt, (facts) => [
    ...authorized(facts),
    { kind: 'accept', prepMs: 60_000 },
    { kind: 'assign', offerId: newId('offer', placedAt), driverId, pickupEtaAt: placedAt },
    { kind: 'pickUp', driverId },
    { kind: 'transferDelivery', offerId: newId('offer', placedAt), driverId: secondDriverId },
    { kind: 'deliver', driverId: secondDriverId },
    { kind: 'paymentCaptured', amountMinor: facts.totalMinor },
  ]);

const cancelled = (placedAt: number): Life =>
  live(placedAt, (facts) => [
    ...authorized(facts),
    { kind: 'cancel', by: 'customer' },
    { kind: 'paymentVoided' },
  ]);

const orderOf = ({ facts, events }: Life): AuditedOrder => {
  const row = rowOf(fold(initialState(facts), events));
  return {
    id: facts.orderId,
    merchantId: facts.merchantId,
    facts,
    events,
    sequence: row.sequence,
    status: row.status,
    orderStatus: row.orderStatus,
    deliveryStatus: row.deliveryStatus,
    paymentStatus: row.paymentStatus,
    endReason: row.endReason,
    isOver: row.isOver,
    deadlineAt: row.deadlineAt,
    placedAt: facts.placedAt,
    updatedAt: events.at(-1)?.at ?? facts.placedAt,
  };
};

function ledgerOf({ facts, events }: Life): readonly LedgerTransaction[] {
  const { orderId, currency } = facts;
  let driver: string | undefined;
  return events.flatMap((event) => {
    if (event.type === 'delivery.assigned' || event.type === 'delivery.transferred')
      driver = event.driverId;
    const posting = postingOf(facts, event, driver ?? 'none');
    if (posting === undefined) return [];
    const entries = posting.entries.filter(({ amountMinor }) => amountMinor !== 0);
    return [
      { ...posting, orderId, currency, entries: entries.map((entry) => ({ ...entry, currency })) },
    ];
  });
}

const paymentOf = ({ facts, state }: Life): ProviderPayment => ({
  providerRef: `pi_${facts.orderId}`,
  orderId: facts.orderId,
  step: 'authorize',
  attempt: 1,
  status: state.payment.status === 'captured' ? 'captured' : 'voided',
  authorizedMinor: facts.totalMinor,
  capturedMinor: state.payment.status === 'captured' ? facts.totalMinor : 0,
  refundedMinor: facts.placedAt === startedAt ? refundMinor : 0,
  currency: facts.currency,
  createdAt: facts.placedAt,
});

const postedIn =
  ({ orderId, currency }: Pick<OrderFacts, 'orderId' | 'currency'>) =>
  (posting: Posting): LedgerTransaction => ({
    ...posting,
    orderId,
    currency,
    entries: posting.entries.map((entry) => ({ ...entry, currency })),
  });

const refundMinor = 500;

/** Of a delivered order, borne by the merchant. */
function refundOf({ facts }: Life) {
  const { orderId, currency, customerId } = facts;
  const refund: AuditedRefund = {
    id: newId('refund', startedAt),
    orderId,
    provider: 'stripe',
    providerRef: `pi_${orderId}`,
    amountMinor: refundMinor,
    askedMinor: null,
    reason: 'quality',
    status: 'refunded',
    wasSent: true,
    wasRefunded: true,
  };
  const posted = {
    refundId: refund.id,
    orderId,
    customerId,
    provider: 'stripe',
    amountMinor: refundMinor,
    bearers: [{ account: 'merchant', party: merchantId, amountMinor: refundMinor }],
  } as const;
  const postings = [...refundPostings(posted), refundEndPosting(posted, 'refunded')];
  return { refund, ledger: postings.map(postedIn({ orderId, currency })) };
}

const tipMinor = 200;

/** Given to the driver of a delivered order by a payment of its own. */
function tipOf({ facts }: Life) {
  const { orderId, currency, customerId } = facts;
  const tip: AuditedTip = {
    orderId,
    n: 1,
    driverId,
    providerRef: `pi_tip_${orderId}`,
    amountMinor: tipMinor,
    status: 'paid',
  };
  const postings = tipPostings({ ...tip, customerId, provider: 'stripe' });
  const payment: ProviderPayment = {
    providerRef: `pi_tip_${orderId}`,
    orderId,
    step: 'tip',
    attempt: 1,
    status: 'captured',
    authorizedMinor: tipMinor,
    capturedMinor: tipMinor,
    refundedMinor: 0,
    currency,
    createdAt: facts.placedAt,
  };
  return { tip, ledger: postings.map(postedIn({ orderId, currency })), payment };
}

const objectOf = (life: Life) => ({ ...paymentOf(life), provider: 'paypal' as const });

/** Orders of every kind, one tipped later and refunded in part, a wallet and a payout: nothing is wrong. */
export function soundData(): AuditData {
  const first = delivered(startedAt);
  const refunded = refundOf(first);
  const tipped = tipOf(first);
  const { orderId, currency } = first.facts;
  const disputed = disputesOf({ orderId, currency, openedAt: startedAt });
  const paidOut = payoutOf({ merchantId, currency });
  const wallet = soundWallet(startedAt);
  const byCard = [
    first,
    delivered(startedAt + 3_600_000),
    takenOver(startedAt + 5_400_000),
    brought(startedAt + 6_300_000),
    cancelled(startedAt + 7_200_000),
  ];
  const byPaypal = delivered(startedAt + 8_100_000, 'paypal');
  const lives = [...byCard, byPaypal];
  const orders = lives.map(orderOf);
  return {
    now: startedAt + 9_000_000,
    orders,
    ledger: [
      ...lives.flatMap(ledgerOf),
      ...refunded.ledger,
      ...tipped.ledger,
      ...disputed.ledger,
      ...paidOut.ledger,
      ...wallet.ledger,
    ],
    refunds: [refunded.refund],
    tips: [tipped.tip],
    payouts: [paidOut.payout],
    disputes: disputed.disputes,
    topUps: [wallet.topUp],
    offers: lives.flatMap(offersOf),
    driverCapacity: new Map([driverId, secondDriverId].map((id) => [id, 1])),
    rounds: [storedRound()],
    books: [...byCard.map(paymentOf), tipped.payment, wallet.payment],
    objects: [objectOf(byPaypal)],
    asked: ['paypal'],
    payoutBooks: [paidOut.left],
    disputeBooks: disputed.listed,
    partnerBooks: lives.flatMap(partnerBooksOf),
    clientLog: clientLogOf(lives),
    workflows: new Map(lives.map(workflowOf)),
    otherWorkflows: [
      { workflowId: 'dispatcher:x', status: 'running', result: undefined, taskAttempt: 1 },
    ],
    retentionMs: 86_400_000,
    canaries: { searched: 3, hits: [] },
  };
}

const partnerBooksOf = ({ facts, events }: Life): AuditData['partnerBooks'] =>
  events.some(({ type }) => type === 'delivery.partner_confirmed')
    ? [{ ...partnerTruth, externalId: `${facts.orderId}:partner:1`, progress: 'delivered' }]
    : [];

const clientLogOf = (lives: readonly Life[]): AuditData['clientLog'] => [
  {
    kind: 'day',
    at: new Date(startedAt).toISOString(),
    marketId: 'mkt',
    merchantIds: [merchantId],
  },
  ...lives.flatMap(({ facts, events }): AuditData['clientLog'] => [
    {
      kind: 'answer',
      at: new Date(startedAt + 9_000_000).toISOString(),
      action: 'place',
      status: 201,
      orderId: facts.orderId,
      idempotencyKey: `place-${facts.orderId}`,
    },
    ...events.map(
      ({ sequence }) => ({ kind: 'event', merchantId, orderId: facts.orderId, sequence }) as const,
    ),
  ]),
  { kind: 'day_ended', merchantIds: [merchantId] },
];
