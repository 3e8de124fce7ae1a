// decide(state, command, now) → events | refusal. The business rules of an order, pure: what may happen in which
// state, and what follows from it. `evolve` applies the events; effects follow from the state alone.

import * as customer from './decide/customer.ts';
import * as driver from './decide/driver.ts';
import { end } from './decide/ending.ts';
import { decideExit } from './decide/exits.ts';
import * as merchant from './decide/merchant.ts';
import { alreadyEnded } from './decide/refusals.ts';
import { placing } from './decide/submission.ts';
import * as support from './decide/support.ts';
import { undoLast } from './decide/undo.ts';
import { accepted, ignored, refused, type Decision } from './decision.ts';
import { deadlinesOf } from './lifecycle.ts';
import {
  exitKinds,
  type Command,
  type ExitKind,
  type ExternalCommand,
  type UpdateName,
} from './messages.ts';
import { hasEnded, type OrderState } from './order.ts';
import { askPartner, decidePartner, isPartnerResult, mayAskPartner } from './partner.ts';
import { decidePayment, isPaymentResult } from './payment.ts';

/** `now` is epoch milliseconds. Pure; throws only on a bug. */
export function decide(state: OrderState, command: Command, now: number): Decision {
  if (isPaymentResult(command)) return decidePayment(state, command, now);
  if (isPartnerResult(command) || command.kind === 'checkPartner')
    return decidePartner(state, command, now);
  if (isExit(command)) {
    // The order may have moved on between the timer and its turn.
    const due = deadlinesOf(state).some((d) => d.exit === command.kind && d.at <= now);
    return due ? decideExit(state, command.kind, now) : ignored;
  }
  if (command.kind === 'place')
    return state.sequence > 0 ? ignored : accepted(...placing(state, now));
  if (command.kind === 'checkPayment') return decidePayment(state, command, now);
  if (command.kind === 'putOff') return putOff(state, command);
  return decideCommand(state, command, now);
}

/** Once per deadline, and only before an exit that cannot be taken back. */
function putOff(state: OrderState, { key, until }: PutOff): Decision {
  const deadline = deadlinesOf(state).find((d) => d.key === key);
  const mayBe = deadline?.irreversible && !(key in state.extended) && until > deadline.at;
  return mayBe ? accepted({ type: 'deadline.extended', key, until }) : ignored;
}

type PutOff = Extract<Command, { readonly kind: 'putOff' }>;

const isExit = (command: Command): command is { readonly kind: ExitKind } =>
  exitKinds.some((kind) => kind === command.kind);

type Rule<K extends UpdateName> = (
  state: OrderState,
  command: Extract<ExternalCommand, { readonly kind: K }>,
  now: number,
) => Decision;

const rules: { readonly [K in UpdateName]: Rule<K> } = {
  acknowledge: merchant.acknowledge,
  accept: merchant.accept,
  deny: merchant.deny,
  delayPrep: merchant.delayPrep,
  markReady: (state, _, now) => merchant.markReady(state, now),
  handOver: merchant.handOver,
  reportShortage: merchant.reportShortage,
  approvePrescription: (state, _, now) => merchant.approvePrescription(state, now),
  rejectPrescription: merchant.rejectPrescription,
  remitCash: merchant.remitCash,
  cancel: customer.cancel,
  answerShortage: customer.answerShortage,
  changeTip: customer.changeTip,
  changeDropoffNotes: customer.changeDropoffNotes,
  retryPayment: customer.retryPayment,
  reschedule: customer.reschedule,
  arriveAtPickup: driver.arriveAtPickup,
  failPickup: driver.failPickup,
  pickUp: driver.pickUp,
  arriveAtDropoff: driver.arriveAtDropoff,
  recordContact: driver.recordContact,
  deliver: driver.deliver,
  failDropoff: driver.failDropoff,
  arriveAtReturn: driver.arriveAtReturn,
  completeReturn: driver.completeReturn,
  abandon: driver.abandon,
  reportProblem: driver.reportProblem,
  assign: driver.assign,
  changeEta: driver.changeEta,
  exhaustSearch,
  hold: support.hold,
  extendDeadline: support.extendDeadline,
  assignDriver: driver.assign,
  unassignDriver: support.unassignDriver,
  forceReady: (state, _, now) => support.forceReady(state, now),
  forceDeliver: support.forceDeliver,
  forceFail: support.forceFail,
  transferDelivery: support.transferDelivery,
  remake: (state, _, now) => support.remake(state, now),
  redeliver: (state, _, now) => support.redeliver(state, now),
  bringBack: support.bringBack,
  convertToPickup: support.convertToPickup,
  resendToMerchant: support.resendToMerchant,
  undoLast: (state, _, now) => undoLast(state, now),
  changeAddress: support.changeAddress,
  cancelWithOutcome: support.cancelWithOutcome,
};

/** Whoever stops a search by hand wants nobody else to be asked; else the next rung of the ladder comes early. */
function exhaustSearch(
  state: OrderState,
  { search, byHand }: Extract<ExternalCommand, { readonly kind: 'exhaustSearch' }>,
  now: number,
): Decision {
  const { delivery, searches, held } = state;
  if (delivery.status !== 'searching' || searches !== search) return ignored;
  if (byHand === true) return end(state, { status: 'failed', endReason: 'failed_to_assign' });
  // Refused, not ignored: the dispatcher is to say it again when the hold is over.
  if ((held?.until ?? now) > now)
    return refused('order_held', 'support holds the order', held?.since);
  if (mayAskPartner(state)) return askPartner(state);
  return delivery.escalated
    ? refused('limit_reached', 'support has the order until its search ends')
    : accepted({ type: 'delivery.search_escalated' });
}

/** The dispatcher may be late, and cash is handed in when the order is long complete. */
const heardAfterTheEnd: ReadonlySet<UpdateName> = new Set(['exhaustSearch', 'remitCash']);

function decideCommand(state: OrderState, command: ExternalCommand, now: number): Decision {
  if (hasEnded(state) && !heardAfterTheEnd.has(command.kind)) return alreadyEnded(state);
  const rule = rules[command.kind] as Rule<UpdateName>;
  return noted(rule(state, command, now), command);
}

/** Why it was done stands with the first of its events. */
function noted(decision: Decision, command: ExternalCommand): Decision {
  const noteId = 'noteId' in command ? command.noteId : undefined;
  if (decision.kind === 'refused' || noteId === undefined) return decision;
  const [first, ...others] = decision.events;
  return first ? accepted({ ...first, noteId }, ...others) : decision;
}
