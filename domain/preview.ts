// The exact effects of a decision before it is taken: states, money, who is told. Pure.

import type { OrderEvent, OrderEventBody } from './events.ts';
import { foreseeMoney } from './foresee.ts';
import { deadlinesOf, type Deadline } from './lifecycle.ts';
import { isWithPartner, simpleStatus, type OrderState, type SimpleStatus } from './order.ts';
import type { Settlement } from './settlement.ts';

export type Standing = {
  readonly status: SimpleStatus;
  readonly order: string;
  readonly delivery: string;
  readonly payment: string;
  readonly money: Money;
};

/** Minor units. Of an order that is not settled yet, nobody pays or gets anything. */
export type Money = {
  /** Held on the card, not taken. */
  readonly heldMinor: number;
  readonly capturedMinor: number;
  readonly settlement: Settlement;
};

export type Party = 'customer' | 'merchant' | 'driver' | 'partner';
export type Preview = {
  readonly sequence: number;
  readonly before: Standing;
  readonly after: Standing;
  /** All that would be recorded, the answers of an obliging provider included. */
  readonly events: readonly OrderEventBody[];
  readonly told: readonly Party[];
  readonly next: Deadline | undefined;
  /** By how much the platform would be worse off, minor units; never negative. */
  readonly lossMinor: number;
};

type Seen = { readonly state: OrderState; readonly log: readonly OrderEvent[] };

export function previewOf(
  { state, log }: Seen,
  decided: readonly OrderEventBody[],
  now: number,
): Preview {
  const { state: after, events } = foreseeMoney(state, decided, now);
  const before = standingOf(state, log);
  const then = standingOf(after, [...log, ...events]);
  return {
    sequence: state.sequence,
    before,
    after: then,
    events,
    told: [...new Set(events.flatMap((event) => toldOf(event, state)))].toSorted(),
    next: deadlinesOf(after)[0],
    lossMinor: Math.max(0, platform(before) - platform(then)),
  };
}

const platform = ({ money }: Standing): number => Math.min(0, money.settlement.platformMinor);

const standingOf = (state: OrderState, log: readonly OrderEventBody[]): Standing => ({
  status: simpleStatus(state),
  order: state.order.status,
  delivery: state.delivery.status,
  payment: state.payment.status,
  money: moneyOf(state, log),
});

const nothing: Settlement = {
  customerMinor: 0,
  merchantMinor: 0,
  driverMinor: 0,
  platformMinor: 0,
  taxMinor: 0,
  roundingMinor: 0,
};

function moneyOf({ payment, facts }: OrderState, log: readonly OrderEventBody[]): Money {
  return {
    heldMinor: heldBy(payment, facts.totalMinor),
    capturedMinor: payment.status === 'captured' ? payment.amountMinor : 0,
    settlement: log.map(sharesIn).reduce(added, nothing),
  };
}

const added = (one: Settlement, other: Settlement): Settlement => ({
  customerMinor: one.customerMinor + other.customerMinor,
  merchantMinor: one.merchantMinor + other.merchantMinor,
  driverMinor: one.driverMinor + other.driverMinor,
  platformMinor: one.platformMinor + other.platformMinor,
  taxMinor: one.taxMinor + other.taxMinor,
  goodsTaxMinor: (one.goodsTaxMinor ?? 0) + (other.goodsTaxMinor ?? 0),
  roundingMinor: one.roundingMinor + other.roundingMinor,
});

/** A driver who leaves, or hands the goods on, is paid at once, whatever becomes of the order. */
function sharesIn(event: OrderEventBody): Settlement {
  switch (event.type) {
    case 'order.settled':
      return event;
    case 'delivery.unassigned':
    case 'delivery.transferred':
      return givenBy(event.payMinor, 'driver');
    default:
      return nothing;
  }
}

const givenBy = (amountMinor: number, to: 'driver' | 'merchant'): Settlement => ({
  ...nothing,
  [`${to}Minor`]: amountMinor,
  platformMinor: -amountMinor,
});

/** What the platform gives to one of them beside the order's settlement: nothing else changes. */
export function previewOfGift(
  seen: Seen,
  { amountMinor, to }: { readonly amountMinor: number; readonly to: 'driver' | 'merchant' },
  now: number,
): Preview {
  const { after, ...preview } = previewOf(seen, [], now);
  const settlement = added(after.money.settlement, givenBy(amountMinor, to));
  const money = { ...after.money, settlement };
  return { ...preview, after: { ...after, money }, told: [to], lossMinor: amountMinor };
}

const holding: ReadonlySet<string> = new Set(['authorized', 'capturing', 'capture_failed']);

function heldBy(payment: OrderState['payment'], totalMinor: number): number {
  if (payment.status === 'voiding') return payment.providerRef === undefined ? 0 : totalMinor;
  return holding.has(payment.status) && 'amountMinor' in payment ? payment.amountMinor : 0;
}

const customerHears: ReadonlySet<string> = new Set([
  'order.accepted',
  'order.denied',
  'order.expired',
  'order.cancelled',
  'order.failed',
  'order.address_changed',
  'delivery.assigned',
  'delivery.transferred',
  'delivery.picked_up',
  'delivery.redelivery_started',
  'delivery.delivered',
]);
const driverHears: ReadonlySet<string> = new Set([
  'order.address_changed',
  'delivery.assigned',
  'delivery.transferred',
  'delivery.unassigned',
  'delivery.redelivery_started',
  'delivery.cancelled',
]);

/** That it is out: what it is being asked for while the order ends is cancelled by its answer. */
const partnerHears: ReadonlySet<string> = new Set([
  'delivery.partner_cancelling',
  'order.cancelled',
  'order.failed',
]);

/** The merchant reads every event in the feed, the others what concerns them. */
function toldOf(event: OrderEventBody, state: OrderState): readonly Party[] {
  const { type } = event;
  const { delivery } = state;
  const hasDriver = 'driverId' in event || 'driverId' in delivery;
  return [
    'merchant',
    ...(customerHears.has(type) ? (['customer'] as const) : []),
    ...(driverHears.has(type) && hasDriver ? (['driver'] as const) : []),
    ...(partnerHears.has(type) && isWithPartner(state) ? (['partner'] as const) : []),
  ];
}
