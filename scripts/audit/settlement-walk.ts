// How far an order had come when it ended, and what its money was about, read from its log alone: not from the state
// that the order itself is decided by, so that the audit would see that state go wrong.

import type { OrderEvent } from '../../domain/events.ts';
import type { OrderFacts } from '../../domain/order.ts';
import type { End, Stage } from '../../domain/settlement.ts';
import { shareBps } from './settlement-sums.ts';

type Phase = 'before_accept' | 'accepted' | 'preparing';
type Way = 'none' | 'coming' | 'arrived' | 'out' | 'returning' | 'partner';

/** Paid to drivers who were let go before the end. */
export type DriverPay = { readonly driverId: string; readonly minor: number };

export type Walked = {
  readonly phase: Phase;
  readonly way: Way;
  readonly goodsOut: boolean;
  readonly withPartner: boolean;
  readonly driverId: string | undefined;
  readonly bonusMinor: number;
  readonly goodsMinor: number;
  readonly tipMinor: number;
  readonly hasFee: boolean;
  /** Held, or taken before the end. */
  readonly securedMinor: number;
  readonly returnReason: string | undefined;
  readonly driverPay: readonly DriverPay[];
  /** Where it was when the step began that let its driver go. */
  readonly left: { readonly commandId: string; readonly stage: Stage } | undefined;
};

/** What there was at the end; `stage` where the order was then. */
export type Ended = Walked & { readonly end: End; readonly stage: Stage };

const start = (facts: OrderFacts): Walked => ({
  phase: 'before_accept',
  way: 'none',
  goodsOut: false,
  withPartner: false,
  driverId: undefined,
  bonusMinor: 0,
  goodsMinor: facts.goodsMinor,
  tipMinor: facts.tipMinor,
  hasFee: facts.fulfilment === 'delivery',
  securedMinor: 0,
  returnReason: undefined,
  driverPay: [],
  left: undefined,
});

function stageOf({ phase, way, goodsOut }: Walked): Stage {
  if (way === 'returning') return 'returning';
  if (goodsOut || way === 'out') return 'picked_up';
  if (phase === 'before_accept') return phase;
  if (phase === 'accepted') return way === 'arrived' ? 'accepted_arrived' : phase;
  if (way === 'arrived') return 'arrived';
  return way === 'coming' ? 'assigned' : 'preparing';
}

/** Undefined: the order has not ended. */
export function walk(facts: OrderFacts, events: readonly OrderEvent[]): Ended | undefined {
  let at = start(facts);
  for (const event of events) {
    const end = endBy(at, event);
    if (end) return { ...at, ...end };
    at = { ...at, ...moved(at, event, facts) };
  }
  return undefined;
}

function endBy(at: Walked, event: OrderEvent): Pick<Ended, 'end' | 'stage'> | undefined {
  switch (event.type) {
    case 'delivery.delivered':
      return { end: 'delivered', stage: 'delivered' };
    case 'order.handed_over':
      return { end: 'delivered', stage: 'handed_over' };
    case 'order.denied':
    case 'order.expired':
    case 'order.cancelled':
    case 'order.failed': {
      const isBack = event.endReason === 'returned';
      const afterAgeCheck = isBack && at.returnReason === 'age_check_failed';
      const left = at.left?.commandId === event.commandId ? at.left.stage : undefined;
      return {
        end: afterAgeCheck ? 'returned_after_age_check' : event.endReason,
        stage: isBack ? 'returning' : (left ?? stageOf(at)),
      };
    }
    default:
      return undefined;
  }
}

type Change = Partial<Walked>;

function moved(at: Walked, event: OrderEvent, facts: OrderFacts): Change {
  if (event.type.startsWith('delivery.partner_')) return byPartner(event);
  if (event.type.startsWith('delivery.')) return byDriver(at, event, facts);
  switch (event.type) {
    case 'order.accepted':
      return { phase: event.prepStartAt === undefined ? 'preparing' : 'accepted' };
    case 'order.preparation_started':
    case 'order.ready':
      return { phase: 'preparing' };
    case 'order.remade':
      return { phase: 'preparing', goodsOut: false };
    case 'order.shortage_resolved':
      return { goodsMinor: event.goodsMinor };
    case 'order.tip_changed':
      return { tipMinor: event.tipMinor };
    case 'order.converted_to_pickup':
      return { hasFee: false };
    case 'payment.authorizing':
      return { securedMinor: 0 };
    case 'payment.authorized':
    case 'payment.renewed':
    case 'payment.captured':
      return { securedMinor: event.amountMinor };
    default:
      return {};
  }
}

const nobody = { way: 'none', driverId: undefined, bonusMinor: 0 } as const;

function byPartner({ type }: OrderEvent): Change {
  switch (type) {
    case 'delivery.partner_requested':
      return { ...nobody, withPartner: true };
    case 'delivery.partner_confirmed':
      return { way: 'coming', withPartner: true };
    case 'delivery.partner_cancelling':
      return { way: 'partner' };
    case 'delivery.partner_picked_up':
      return { way: 'out', goodsOut: true };
    case 'delivery.partner_declined':
    case 'delivery.partner_cancelled':
    case 'delivery.partner_cancel_failed':
      return { way: 'none', withPartner: false };
    default:
      return {};
  }
}

function byDriver(at: Walked, event: OrderEvent, facts: OrderFacts): Change {
  switch (event.type) {
    case 'delivery.assigned': {
      const { driverId, bonusMinor = 0 } = event;
      return { way: 'coming', driverId, bonusMinor };
    }
    case 'delivery.arrived_at_pickup':
      return { way: 'arrived' };
    case 'delivery.picked_up':
      return { way: 'out', goodsOut: true };
    case 'delivery.arrived_at_dropoff':
    case 'delivery.redelivery_started':
    case 'delivery.problem_reported':
    case 'delivery.unconfirmed':
      return { way: 'out' };
    case 'delivery.return_started':
      return { way: 'returning', returnReason: event.reason };
    case 'delivery.transferred': {
      const pay = { driverId: at.driverId ?? 'none', minor: payOf(at, facts) };
      const { driverId } = event;
      return { way: 'out', driverId, bonusMinor: 0, driverPay: [...at.driverPay, pay] };
    }
    case 'delivery.unassigned': {
      const pay = { driverId: at.driverId ?? 'none', minor: goodbyePay(at, event.reason, facts) };
      const left = { commandId: event.commandId, stage: stageOf(at) };
      return { ...nobody, left, driverPay: [...at.driverPay, pay] };
    }
    case 'delivery.released':
    case 'delivery.cancelled':
      return nobody;
    default:
      return {};
  }
}

const payOf = ({ bonusMinor }: Walked, { driverPayMinor }: OrderFacts): number =>
  driverPayMinor + bonusMinor;

/** All for goods that a driver had, a share for a wait in vain. */
function goodbyePay(at: Walked, reason: string, facts: OrderFacts): number {
  if (reason === 'problem') return payOf(at, facts);
  const waited = at.way === 'arrived' && reason !== 'abandoned';
  return waited ? shareBps(payOf(at, facts), facts.policy.waitPayBps) : 0;
}
