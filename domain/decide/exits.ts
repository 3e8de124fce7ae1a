// What the system does by itself when a deadline has come.

import { accepted, ignored, type Decision } from '../decision.ts';
import { assertNever } from '../errors.ts';
import type { OrderEventBody } from '../events.ts';
import type { ExitKind } from '../messages.ts';
import { carrierOf, type OrderState } from '../order.ts';
import { askPartner, giveUpPartner } from '../partner.ts';
import { captureAgain, checkOnceMore, giveUpCapture } from '../payment.ts';
import { isBusy, isTooShort, renew } from '../renewal.ts';
import { returned, unassign, undeliverable } from './driver.ts';
import { end } from './ending.ts';
import { resolveShortage } from './merchant.ts';
import { release } from './submission.ts';

/** Deadlines that only say something: the event is all that happens. */
const remarks = {
  remindMerchant: 'order.reminded',
  alertBranch: 'order.unacknowledged',
  callMerchant: 'order.merchant_called',
  startPreparing: 'order.preparation_started',
  askPreparation: 'order.preparation_asked',
  escalatePreparation: 'order.preparation_escalated',
  remindCollection: 'order.collection_reminded',
  warnMerchant: 'delivery.merchant_warned',
  escalateReturn: 'delivery.return_escalated',
  escalateSearch: 'delivery.search_escalated',
} as const satisfies Partial<Record<ExitKind, OrderEventBody['type']>>;

/** Exits that end an order early. */
const ends = {
  expire: { status: 'expired', endReason: 'merchant_expired' },
  expirePrescription: { status: 'expired', endReason: 'merchant_expired' },
  failSearch: { status: 'failed', endReason: 'failed_to_assign' },
  giveUpCollection: { status: 'failed', endReason: 'not_collected' },
  giveUpProof: { status: 'failed', endReason: 'failed_to_deliver' },
} as const satisfies Partial<Record<ExitKind, Parameters<typeof end>[1]>>;

/** A partner fleet is asked for the delivery, about it, or to let it be. */
const partnerSteps = {
  pollPartner: 'delivery.partner_checking',
  dropPartner: 'delivery.partner_cancelling',
  unconfirmPartner: 'delivery.partner_unconfirmed',
} as const satisfies Partial<Record<ExitKind, OrderEventBody['type']>>;

const isOneOf = <T extends object>(table: T, exit: ExitKind): exit is ExitKind & keyof T =>
  Object.hasOwn(table, exit);

export function decideExit(state: OrderState, exit: ExitKind, now: number): Decision {
  if (isOneOf(remarks, exit)) return accepted({ type: remarks[exit] });
  if (isOneOf(ends, exit)) return end(state, ends[exit]);
  if (isOneOf(partnerSteps, exit))
    return accepted({ type: partnerSteps[exit], attempt: state.partnerRequests });
  switch (exit) {
    case 'askPartner':
      return askPartner(state);
    case 'giveUpPartner':
      return giveUpPartner(state);
    case 'abandonPayment':
      return (
        checkOnceMore(state) ??
        end(state, { status: 'cancelled', endReason: 'payment_not_completed' })
      );
    case 'releaseScheduled':
      return isBusy(state) && isTooShort(state, now)
        ? end(state, { status: 'cancelled', endReason: 'payment_not_completed' })
        : accepted(...release(state, now));
    case 'reestimate':
      return accepted({
        type: 'order.reestimated',
        readyEstimateAt: now + state.facts.policy.prepReestimateMs,
      });
    case 'assumeReady':
      return accepted({ type: 'order.ready', assumed: true });
    case 'settleShortage':
      return accepted(...(resolveShortage(state, state.facts.substitution) ?? []));
    case 'unassignLate':
      return unassign(state, 'late');
    case 'releaseDriver':
      return unassign(state, 'waited');
    case 'pingDriver':
    case 'unconfirm':
      return aboutDriver(state, exit);
    case 'giveUpDropoff':
      return accepted(...undeliverable(state, { reason: 'customer_absent', now }));
    case 'resolveProblem':
      return resolveProblem(state);
    case 'assumeReturned':
      return accepted(...returned(state, true));
    case 'renewHold':
      return renew(state);
    case 'retryCapture':
      return captureAgain(state);
    case 'writeOff':
      return giveUpCapture(state);
    case 'fallShort':
      return state.payment.status === 'collected'
        ? accepted({
            type: 'payment.short',
            amountMinor: 0,
            missingMinor: state.payment.amountMinor,
          })
        : ignored;
    default:
      return assertNever(exit);
  }
}

function aboutDriver(state: OrderState, exit: 'pingDriver' | 'unconfirm'): Decision {
  const driverId = carrierOf(state)?.driverId;
  if (driverId === undefined) return ignored;
  const type = exit === 'pingDriver' ? 'delivery.driver_pinged' : 'delivery.unconfirmed';
  return accepted({ type, driverId });
}

/** Nobody has helped in time: goods that are there get another driver, goods that are gone end the order. */
function resolveProblem(state: OrderState): Decision {
  const { delivery, searches, facts } = state;
  if (delivery.status !== 'problem') return ignored;
  if (delivery.problem === 'lost' || delivery.problem === 'damaged')
    return end(state, { status: 'failed', endReason: delivery.problem });
  return searches < facts.policy.maxDriversPerOrder
    ? unassign(state, 'problem')
    : end(state, { status: 'failed', endReason: 'failed_to_deliver' });
}
