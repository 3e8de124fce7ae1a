// A random outside world around one order: impatient people, a bank with books of its own, a clock with outages. It
// runs the same loop as workflows/life.ts and checks after every turn what must hold for the money.

import { deadlinesOf, dueAt } from '../../domain/lifecycle.ts';
import { decide } from '../../domain/decide.ts';
import type { OrderEvent } from '../../domain/events.ts';
import { evolve, fold } from '../../domain/evolve.ts';
import type { Posting } from '../../domain/ledger.ts';
import type { Command, PaymentResult } from '../../domain/messages.ts';
import {
  carrierOf,
  holdMinorOf,
  initialState,
  isOver,
  type OrderFacts,
  type OrderState,
} from '../../domain/order.ts';
import { partnerCallOf } from '../../domain/partner.ts';
import { paymentCallOf, type PaymentCall } from '../../domain/payment-call.ts';
import { walletShare } from '../../domain/split.ts';
import { booksOf, checkBooks } from './books.ts';
import { combinationOf, driver, hour, minute, must, stamp, type Draw } from './lives.ts';
import { askFleet, openFleet, owedTo, type Fleet } from './fleet.ts';
import { sayings } from './sayings.ts';
import { untruths } from './truth.ts';

/** `half`: the wallet has given its part, the card’s is lost. */
type Hold = 'nothing' | 'needs_action' | 'held' | 'released' | 'captured' | 'half';
type Sent = { readonly call: PaymentCall; answered: boolean };
type Answer = { readonly key: string; readonly result: PaymentResult };

export type World = {
  readonly facts: OrderFacts;
  readonly draw: Draw;
  state: OrderState;
  now: number;
  readonly log: OrderEvent[];
  /** The bank's books: authorize attempt → what became of it. */
  readonly holds: Map<number, Hold>;
  readonly captures: number[];
  readonly sent: Map<string, Sent>;
  readonly answers: Answer[];
  readonly fleet: Fleet;
};

export const newWorld = (facts: OrderFacts, draw: Draw): World => ({
  facts,
  draw,
  state: initialState(facts),
  now: facts.placedAt,
  log: [],
  holds: new Map(),
  captures: [],
  sent: new Map(),
  answers: [],
  fleet: openFleet(),
});

/** One turn of the order's loop, with everything checked that must hold after it. */
export function turn(world: World, command: Command): void {
  const before = world.state;
  const decision = decide(before, command, world.now);
  if (decision.kind === 'refused') return;
  const events = stamp(decision.events, {
    sequence: before.sequence,
    at: world.now,
    commandId: command.kind,
  });
  if (events.length === 0) return;
  must(!isOver(before), `${command.kind} was heard after the end of ${combinationOf(before)}`);
  world.state = events.reduce(evolve, before);
  world.log.push(...events);
  send(world);
  checkMoney(world);
}

const besides: ReadonlySet<string> = new Set(['check', 'release']);

/** Starts the call that the state asks for; its key must be new, and the one before it answered. */
function send(world: World): void {
  const call = paymentCallOf(world.state);
  if (!call) return;
  const known = world.sent.get(call.key);
  if (known) {
    must(!known.answered, `${call.key} is used again after its answer`);
    must(JSON.stringify(known.call) === JSON.stringify(call), `${call.key} changed under way`);
    return;
  }
  // A check only asks, and a hold beside the payment's own is let go whatever happens; nothing else may overlap.
  const open = [...world.sent.values()].filter(
    (one) => !one.answered && !besides.has(one.call.step),
  );
  must(open.length === 0, `${call.key} is sent while ${open[0]?.call.key} is under way`);
  const n = Number(call.key.split(':').at(-1));
  const earlier = `${world.facts.orderId}:${call.step}:${n - 1}`;
  must(call.step === 'check' || n === 1 || world.sent.has(earlier), `${call.key} skips a number`);
  world.sent.set(call.key, { call, answered: false });
}

function checkMoney({ log, captures, holds, facts, state, now }: World): void {
  const types = log.map((event) => event.type);
  const voidAt = types.indexOf('payment.voiding');
  must(voidAt < 0 || !types.includes('payment.capturing', voidAt), 'captured after a void');
  must(types.filter((type) => type === 'order.settled').length <= 1, 'settled twice');
  must(
    types.filter((type) => type === 'payment.captured').length <= 1,
    'captured twice in the log',
  );
  must(captures.length <= 1, 'captured twice at the bank');
  const { payment } = state;
  const lapsed = payment.status === 'authorized' && payment.captureBefore <= now;
  must(
    facts.method !== 'card' || !lapsed || log.at(-1)?.type !== 'order.submitted',
    'the merchant is asked on a hold that has lapsed',
  );
  must((captures[0] ?? 0) <= holdMinorOf(facts), 'captured more than authorized');
  // While a hold is renewed there are two.
  const left = types.filter((type) => type === 'payment.release_failed').length;
  const beside = left + (state.renewal || state.spare ? 1 : 0);
  const held = [...holds.values()].filter((hold) => hold === 'held').length;
  must(held <= 1 + beside, `${held} holds at once`);
  const extended = log.flatMap((event) =>
    event.type === 'deadline.extended' && event.byMs === undefined ? [event.key] : [],
  );
  must(new Set(extended).size === extended.length, 'a deadline was put off twice');
  const times = deadlinesOf(state).map(({ at }) => at);
  must(
    times.every((at, i) => i === 0 || at >= (times[i - 1] ?? 0)),
    'deadlines are not in order',
  );
}

/** Fires what is due, as the workflow does: late and irreversible is put off once. */
function wake(world: World): void {
  const { overdueGraceMs, overdueExtensionMs } = world.facts.policy;
  for (let due = dueAt(world.state, world.now); due; due = dueAt(world.state, world.now)) {
    const lateMs = world.now - due.at;
    const before = world.state;
    if (due.irreversible && lateMs > overdueGraceMs && !(due.key in world.state.extended)) {
      const until = world.now + Math.min(lateMs, overdueExtensionMs);
      turn(world, { kind: 'putOff', key: due.key, until });
    } else turn(world, { kind: due.exit });
    must(world.state.sequence > before.sequence, `${due.exit} is due and does nothing`);
    const [untrue] = untruths(before, world.log.slice(before.sequence), world.now);
    must(untrue === undefined, `${due.exit}: ${untrue}`);
  }
}

/** Goes to the next deadline, or past it; the outside world may be heard before the loop wakes. */
export function pass(world: World): void {
  const soonest = deadlinesOf(world.state)[0];
  const toNext = soonest ? Math.max(0, soonest.at - world.now) : minute;
  const jumps = [0, 1, minute, toNext - 1, toNext, toNext, toNext + 2 * minute, toNext + hour];
  world.now += Math.max(0, jumps[world.draw(jumps.length)] ?? 0);
  if (world.draw(3) > 0) wake(world);
}

/** Anybody says anything: usual things more often, and the right driver more often than another. */
export function speak(world: World): void {
  const { draw, state } = world;
  const nth = draw(4) === 0 ? draw(8) : Math.max(1, state.searches);
  const own = carrierOf(state)?.driverId ?? driver(nth);
  const driverId = draw(5) === 0 ? driver(nth) : own;
  const said = sayings[draw(sayings.length)];
  if (said) turn(world, said({ world, nth, driverId }));
}

/** The provider answers a call under way, or repeats an old answer, or its webhook rings. */
export function hearBank(world: World): void {
  const { draw, sent, answers, state } = world;
  const open = [...sent.values()].filter((one) => !one.answered);
  const one = open[draw(Math.max(1, open.length))];
  const old = answers[draw(Math.max(1, answers.length))];
  const choice = draw(6);
  if (choice === 0 && old) return turn(world, { ...old.result, key: old.key });
  if (choice === 1 && state.payment.status === 'requires_action') {
    const attempt = state.attempts.authorize;
    if (world.holds.get(attempt) === 'needs_action' && draw(2) === 0) secure(world, attempt);
    return turn(world, { kind: 'checkPayment', providerRef: state.payment.providerRef });
  }
  if (one) answer(world, one, bank(world, one.call));
}

function answer(world: World, sent: Sent, result: PaymentResult): void {
  sent.answered = true;
  world.answers.push({ key: sent.call.key, result });
  turn(world, { ...result, key: sent.call.key });
}

const isSecured = (hold: Hold | undefined): boolean => hold === 'held' || hold === 'captured';

const holdMs = 7 * 24 * hour;

/** Held, or taken at once where the provider knows no holds. */
function secure({ facts, holds, captures }: World, attempt: number): void {
  const prepaid = facts.method === 'mobile_money';
  holds.set(attempt, prepaid ? 'captured' : 'held');
  if (prepaid) captures.push(holdMinorOf(facts));
}

/** The bank's yes to an attempt that it has secured. */
function yes({ facts, now }: World, attempt: number): PaymentResult {
  const paid = { providerRef: `pi_${attempt}`, amountMinor: holdMinorOf(facts) };
  return facts.method === 'mobile_money'
    ? { kind: 'paymentCaptured', ...paid }
    : { kind: 'paymentAuthorized', ...paid, captureBefore: now + holdMs };
}

/** The partner fleet answers a call under way, or an earlier answer of it comes again, or its webhook rings. */
export function hearFleet(world: World): void {
  const { draw, fleet, state } = world;
  const call = partnerCallOf(state);
  const old = fleet.answers[draw(Math.max(1, fleet.answers.length))];
  const choice = draw(5);
  if (choice === 0 && old) return turn(world, old);
  if (choice === 1) return turn(world, { kind: 'checkPartner', partnerRef: `del_${draw(3)}` });
  if (call) turn(world, askFleet(world, call));
}

/** A part of it that leaves the card something that it can move. */
function walletShareOf({ facts, draw }: World, amountMinor: number): number {
  const mostMinor = Math.floor((amountMinor * draw(5)) / 4);
  return walletShare(amountMinor, { currency: facts.currency, mostMinor });
}

/** What the bank does and says. `draw` 0 is the obliging answer. */
function bank(world: World, call: PaymentCall): PaymentResult {
  const { facts, holds, captures, draw } = world;
  switch (call.step) {
    case 'authorize': {
      const luck = draw(8);
      if (luck === 4 || luck === 5) {
        holds.set(call.attempt, 'needs_action');
        return { kind: 'paymentRequiresAction', providerRef: `pi_${call.attempt}` };
      }
      if (luck === 6) return { kind: 'paymentDeclined', code: 'card_declined' };
      if (luck === 7 && draw(2) === 0) return { kind: 'paymentNotExecuted' };
      secure(world, call.attempt);
      return luck === 7 ? { kind: 'paymentUnanswered' } : yes(world, call.attempt);
    }
    case 'check':
      if (draw(6) === 5) return { kind: 'paymentUnanswered' };
      if (isSecured(holds.get(call.attempt))) return yes(world, call.attempt);
      if (draw(3) < 2) return { kind: 'paymentRequiresAction', providerRef: call.providerRef };
      holds.set(call.attempt, 'nothing');
      return { kind: 'paymentDeclined', code: 'authentication_failed' };
    case 'capture': {
      const attempt = Number(call.providerRef.split('_')[1]);
      must(holds.get(attempt) === 'held', `captures a payment that is ${holds.get(attempt)}`);
      const luck = draw(8);
      const walletMinor = facts.method === 'split' ? walletShareOf(world, call.amountMinor) : 0;
      if (luck === 6 && walletMinor > 0) {
        holds.set(attempt, 'half');
        captures.push(walletMinor);
      }
      if (luck === 5)
        return { kind: 'paymentCaptureFailed', code: 'capture_declined', final: false };
      if (luck === 6) return { kind: 'paymentCaptureFailed', code: 'hold_expired', final: true };
      if (luck === 7) return { kind: 'paymentNotExecuted' };
      holds.set(attempt, 'captured');
      captures.push(call.amountMinor);
      return {
        kind: 'paymentCaptured',
        amountMinor: call.amountMinor,
        ...(facts.method === 'split' && { walletMinor }),
      };
    }
    case 'release':
    case 'void': {
      const luck = draw(10);
      if (luck === 8) return { kind: 'paymentNotExecuted' };
      if (luck === 9) return { kind: 'paymentVoidFailed', code: 'void_unanswered' };
      const attempt = call.providerRef
        ? Number(call.providerRef.split('_')[1])
        : call.authorizeAttempt;
      must(
        holds.get(attempt) !== 'captured' || facts.method === 'mobile_money',
        'voids what was captured',
      );
      if (holds.get(attempt) === 'captured') return yes(world, attempt);
      const [half = 0] = captures;
      if (holds.get(attempt) === 'half')
        return {
          kind: 'paymentCaptured',
          providerRef: 'wlt_1',
          amountMinor: half,
          walletMinor: half,
        };
      if (holds.has(attempt)) holds.set(attempt, 'released');
      return { kind: 'paymentVoided' };
    }
  }
}

/** Nobody says anything any more, the bank obliges: deadlines alone must end it. Returns the turns it took. */
export function runOut(world: World): number {
  const obliging: World = { ...world, draw: () => 0 };
  for (let turns = 0; ; turns += 1) {
    if (isOver(obliging.state))
      return Object.assign(world, { state: obliging.state, now: obliging.now }) && turns;
    must(turns < 500, `no end in ${combinationOf(obliging.state)}`);
    const open = [...obliging.sent.values()].find(
      ({ call, answered }) => !answered && call.key === paymentCallOf(obliging.state)?.key,
    );
    const partner = partnerCallOf(obliging.state);
    if (open) answer(obliging, open, bank(obliging, open.call));
    else if (partner) turn(obliging, askFleet(obliging, partner));
    else {
      const next = deadlinesOf(obliging.state)[0];
      if (!next) throw new Error(`stuck in ${combinationOf(obliging.state)}`);
      obliging.now = Math.max(obliging.now, next.at);
      wake(obliging);
    }
  }
}

/** What must hold of a life that is over. Returns its books. */
export function checkEnd(world: World): readonly Posting[] {
  const { facts, log, state, holds, captures, answers, fleet } = world;
  must(
    log.every((event, i) => event.sequence === i + 1),
    'the sequence has a gap',
  );
  const stored = JSON.parse(JSON.stringify(log)) as readonly OrderEvent[];
  const same = JSON.stringify(fold(initialState(facts), stored)) === JSON.stringify(state);
  must(same, 'the fold of the stored log is another order');
  const settled = log.find((event) => event.type === 'order.settled');
  const owedMinor = settled?.customerMinor ?? 0;
  if (settled) {
    const { customerMinor, merchantMinor, driverMinor, platformMinor } = settled;
    const shared = merchantMinor + driverMinor + platformMinor;
    const beside = settled.taxMinor + (settled.goodsTaxMinor ?? 0) + settled.roundingMinor;
    must(customerMinor === shared + beside, 'does not sum to zero');
  }
  checkPay(world);
  const { status } = state.payment;
  const dueBack = log.flatMap((e) => (e.type === 'payment.refund_due' ? [e.amountMinor] : []))[0];
  const taken = captures[0] ?? 0;
  // The wallet's part of what is otherwise lost.
  const half = log.find((event) => event.type === 'payment.captured');
  const halfMinor = status === 'written_off' ? (half?.amountMinor ?? 0) : 0;
  // Nobody could be asked about it: the nightly comparison finds it.
  const unheard = facts.method === 'mobile_money' || (facts.method === 'split' && !half);
  const unknown = unheard && status === 'written_off';
  if (status === 'captured') {
    must(taken - (dueBack ?? 0) === owedMinor, 'kept another amount than settled');
    must(taken > 0 && (dueBack ?? 1) > 0, 'captured or gave back nothing');
  } else must(taken === halfMinor || unknown, `the bank captured, the order says ${status}`);
  must(paidWith.has(status) || owedMinor === 0, `${owedMinor} owed, payment ${status}`);
  const hanging = [...holds.values()].some((hold) => hold === 'held' || hold === 'needs_action');
  const letGo = answers.some(
    ({ key, result }) => result.kind === 'paymentVoided' && key.includes(':void:'),
  );
  const isKnown = log.some((event) => event.type === 'payment.release_failed');
  must(
    !hanging || isKnown || (status === 'written_off' && !letGo),
    `a hold is left, payment ${status}`,
  );
  const postings = booksOf(facts, log);
  checkBooks(facts, { postings, bankMinor: unknown ? 0 : taken });
  const partnerMinor = postings
    .flatMap(({ entries }) => entries)
    .reduce((sum, each) => (each.account === 'partner_payable' ? sum - each.amountMinor : sum), 0);
  must(partnerMinor === owedTo(fleet, log), `the ledger owes the partner fleet ${partnerMinor}`);
  return postings;
}

/** Who has delivered gets the pay, what the offer had promised beyond it, and the tip. */
function checkPay({ facts, log, state }: World): void {
  const delivered = log.find((event) => event.type === 'delivery.delivered');
  const settled = log.find((event) => event.type === 'order.settled');
  if (!settled || delivered?.driverId === undefined) return;
  const taken = log.findLast(
    ({ type }) => type === 'delivery.assigned' || type === 'delivery.transferred',
  );
  const { bonusMinor = 0 } = taken?.type === 'delivery.assigned' ? taken : {};
  const owedMinor = facts.driverPayMinor + bonusMinor + state.tipMinor;
  must(settled.driverMinor === owedMinor, `pays ${settled.driverMinor} for ${owedMinor}`);
}

const paidWith: ReadonlySet<string> = new Set([
  'captured',
  'written_off',
  'remitted',
  'short',
  'external',
]);
