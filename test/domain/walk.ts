// Walks the reachable product of the three machines in abstract time, driven by the lifecycle table and `decide`, and
// says what breaks the promise that no order is ever stuck. Two nodes are one when nothing that is still to come can
// tell them apart: same statuses, counters and times left.

import { deadlinesOf, lifecycle, type Machine } from '../../domain/lifecycle.ts';
import type { Command } from '../../domain/messages.ts';
import {
  hasEnded,
  initialState,
  isOver,
  type OrderFacts,
  type OrderState,
} from '../../domain/order.ts';
import { partnerCallOf } from '../../domain/partner.ts';
import { ownCallOf, paymentCallOf } from '../../domain/payment-call.ts';
import { callsOf, type Called } from './answers.ts';
import { defaultPolicy, type Policy } from '../../domain/policy.ts';
import { componentsOf } from './components.ts';
import { illegalities } from './legality.ts';
import { combinationOf, hear, hour, placedAt, say } from './lives.ts';
import { untruths } from './truth.ts';

/** `afterMs` from the node it leaves; `by`: the outside world, a deadline, or the provider's answer. */
export type Move = {
  readonly by: 'outside' | 'deadline' | 'answer' | 'time';
  readonly afterMs: number;
  readonly command: Command | undefined;
  readonly to: string;
};
export type Node = {
  readonly state: OrderState;
  readonly now: number;
  readonly moves: readonly Move[];
};
export type Walk = {
  readonly nodes: ReadonlyMap<string, Node>;
  readonly combinations: ReadonlySet<string>;
  readonly violations: readonly string[];
};

/** No counter of any capped loop comes near it under the policies that are walked. */
const uncappedAt = 100;
const maxNodes = 40_000;

/** Small caps, so that the outside world may also speak one millisecond before every deadline. */
export const smallPolicy: Policy = {
  ...defaultPolicy,
  maxDriversPerOrder: 2,
  maxPaymentAttempts: 2,
  moneyLimitMs: 3 * hour,
  minContactAttempts: 1,
  maxChanges: 1,
  maxShortages: 1,
  maxDelays: 1,
  maxHolds: 1,
  maxExtensions: 1,
  maxRedeliveries: 1,
  maxUndos: 1,
  maxHoldRenewals: 0,
  maxEtaChanges: 0,
};

type Draft = Omit<Move, 'to'>;

/**
 * Everything reachable from a placed order. Stops at the first state that breaks the promise. `justInTime`: the outside
 * world is also heard one millisecond before each deadline, not only when something has just happened.
 */
export function walk(
  facts: OrderFacts,
  { justInTime, speak }: { readonly justInTime: boolean; readonly speak: Speak },
): Walk {
  const nodes = new Map<string, Node>();
  const violations = new Set<string>();
  const combinations = new Set<string>();
  const first = hear(initialState(facts), say.place, placedAt).state;
  const open: { readonly state: OrderState; readonly now: number }[] = [
    { state: first, now: placedAt },
  ];
  const known = new Set([keyOf(first, placedAt)]);
  for (let at = open.pop(); at; at = open.pop()) {
    const { state, now } = at;
    combinations.add(combinationOf(state));
    for (const text of [...complaintsAbout(state), ...capsBroken(state)]) violations.add(text);
    if (violations.size > 0) break;
    if (nodes.size > maxNodes) {
      violations.add('a loop is uncapped: the walk finds no end');
      break;
    }
    const drafts = draftsFrom({ state, now, speak }).filter(
      (draft) => justInTime || draft.by !== 'time',
    );
    const moves = drafts.flatMap((draft): readonly Move[] => {
      const later = now + draft.afterMs;
      if (!draft.command) return [follow({ state, now: later }, draft)];
      const heard = hear(state, draft.command, later);
      if (heard.events.length === 0) {
        if (draft.by === 'deadline')
          violations.add(`exit ${draft.command.kind} does nothing in ${combinationOf(state)}`);
        if (draft.by === 'answer')
          violations.add(`${draft.command.kind} does nothing in ${combinationOf(state)}`);
        return [];
      }
      if (draft.by === 'deadline')
        for (const text of untruths(state, heard.events, later)) violations.add(text);
      if (isOver(state))
        violations.add(`${draft.command.kind} is heard after the end in ${combinationOf(state)}`);
      for (const machine of machines) {
        const left =
          rowOf(state, machine)?.kind === 'final' &&
          heard.state[machine].status !== state[machine].status;
        if (left)
          violations.add(
            `${machine} ${state[machine].status} is called final and left by ${draft.command.kind}`,
          );
      }
      return [follow({ state: heard.state, now: later }, draft)];
    });
    nodes.set(keyOf(state, now), { state, now, moves });
  }
  if (violations.size === 0) for (const text of endlessLoops(nodes)) violations.add(text);
  return { nodes, combinations, violations: [...violations] };

  function follow(next: { readonly state: OrderState; readonly now: number }, draft: Draft): Move {
    const to = keyOf(next.state, next.now);
    if (!known.has(to)) {
      known.add(to);
      open.push(next);
    }
    return { ...draft, to };
  }
}

const timeless = (part: object) =>
  Object.entries(part).filter(([name]) => !/(At|[sS]ince|Before|Ref|Id|code|check)$/.test(name));

/** What is left to come, and nothing else: times count from now, and only where something still depends on them. */
function keyOf(state: OrderState, now: number): string {
  const { order, delivery, payment, attempts, facts } = state;
  if (isOver(state)) return combinationOf(state);
  const left = (at: number | undefined): number | undefined =>
    at === undefined ? undefined : at - now;
  const rest = hasEnded(state)
    ? []
    : [
        timeless(order),
        timeless(delivery),
        'readyEstimateAt' in order && order.status !== 'ready'
          ? Math.max(order.readyEstimateAt - now, -facts.policy.prepGraceMs)
          : 0,
        order.status === 'payment_pending' ? [left(order.since), attempts.authorize] : 0,
        // Of what is past, only the deadlines are left.
        delivery.status === 'searching' ? Math.max(0, delivery.since - now) : 0,
        'pickupEtaAt' in delivery ? Math.max(0, delivery.pickupEtaAt - now) : 0,
        // What has been told of the way, while another word of it may come.
        state.counts.etaChanges < facts.policy.maxEtaChanges
          ? (['pickupEtaAt', 'dropoffEtaAt', 'latestEtaAt'] as const).map((name) =>
              name in delivery ? left(delivery[name as never]) : 0,
            )
          : 0,
        'searchSince' in delivery ? left(delivery.searchSince) : 0,
        state.searches,
        delivery.status === 'searching' && delivery.since <= now ? 0 : state.searchedMs,
        state.counts,
        state.extendedMs,
        state.fulfilment,
        state.goodsOut,
        state.goodsMinor,
        state.tipMinor,
        state.counts.holds < facts.policy.maxHolds ? left(state.held?.since) : 0,
        order.status === 'scheduled' && payment.status === 'authorized'
          ? [left(payment.captureBefore), left(state.promisedAt)]
          : 0,
        state.undoable &&
        state.counts.undos < facts.policy.maxUndos &&
        now - state.undoable.at <= facts.policy.undoMs
          ? [state.undoable.type, left(state.undoable.at)]
          : 0,
      ];
  const money = hasEnded(state) || 'firstAt' in payment;
  return JSON.stringify([
    combinationOf(state),
    'checking' in payment ? [payment.checking, payment.checkAgain, payment.last] : 0,
    'firstAt' in payment ? left(payment.firstAt) : 0,
    'checkAt' in payment && payment.checking ? left(payment.checkAt) : 0,
    // What is let go is captured no more.
    money
      ? [payment.status === 'voiding' ? 'lost' in payment : attempts.capture, attempts.void]
      : 0,
    state.renewal || state.spare || state.renewals.tried > 0
      ? [
          state.renewals.tried,
          left(state.renewal?.since),
          left(state.spare?.firstAt),
          attempts.release,
        ]
      : 0,
    partnerCallOf(state) && 'since' in delivery ? left(delivery.since) : 0,
    state.partnerRequests,
    safeDeadlines(state).map((d) => [d.exit, d.at - now]),
    rest,
  ]);
}

const machines: readonly Machine[] = ['order', 'delivery', 'payment'];

const rowOf = (
  state: OrderState,
  machine: Machine,
): { readonly kind: string; readonly on?: readonly Machine[] } | undefined =>
  (
    lifecycle[machine] as Record<
      string,
      { readonly kind: string; readonly on?: readonly Machine[] }
    >
  )[state[machine].status];

const missesRow = (state: OrderState): boolean => machines.some((m) => !rowOf(state, m));
const safeDeadlines = (state: OrderState) => (missesRow(state) ? [] : deadlinesOf(state));

/** What the outside world may say in a state; every walk has a circle of people of its own. */
export type Speak = (state: OrderState, now: number) => readonly Command[];
type Here = { readonly state: OrderState; readonly now: number; readonly speak: Speak };

/** Everything that may be said next: answers now or at their limit, the next exit, the outside world now or just in time. */
function draftsFrom({ state, now, speak }: Here): readonly Draft[] {
  if (missesRow(state)) return [];
  const deadlines = safeDeadlines(state).filter((d) => Number.isFinite(d.at));
  const soonest = deadlines[0];
  const calls = callsOf(state);
  const waitMs = soonest ? Math.max(0, soonest.at - now) : 0;
  const outside = speak(state, now).map((command): Draft => ({
    by: 'outside',
    afterMs: 0,
    command,
  }));
  if (isOver(state)) return outside;
  const answers = ({ giveUpAt, answered }: Called, late = false): readonly Draft[] => {
    const afterMs = late ? Math.max(0, giveUpAt - now) : 0;
    return answered.map((command): Draft => ({ by: 'answer', afterMs, command }));
  };
  return [
    ...outside,
    ...calls.flatMap((call) => answers(call)),
    ...(soonest ? [] : calls.flatMap((call) => answers(call, true))),
    ...(soonest
      ? [{ by: 'deadline', afterMs: waitMs, command: { kind: soonest.exit } } as const]
      : []),
    ...(waitMs > 1 ? [{ by: 'time', afterMs: waitMs - 1, command: undefined } as const] : []),
  ];
}

function capsBroken({ searches, partnerRequests, attempts, counts }: OrderState) {
  const counters = { searches, partnerRequests, ...attempts, ...counts };
  return Object.entries(counters).flatMap(([name, n]) =>
    n > uncappedAt ? [`a loop is uncapped: ${name}`] : [],
  );
}

/** What is wrong with one reachable state by itself. */
function complaintsAbout(state: OrderState): readonly string[] {
  const where = combinationOf(state);
  const without = machines.filter((m) => !rowOf(state, m));
  if (without.length > 0) return without.map((m) => `${m} ${state[m].status} has no row`);
  const deadlines = deadlinesOf(state);
  const isCalling = callsOf(state).length > 0;
  const problems = illegalities(state).map((text) => `${where}: ${text}`);
  if (deadlines.some((d) => !Number.isFinite(d.at)))
    problems.push(`${where}: a deadline never comes`);
  problems.push(...putOffTooLong(state).map((text) => `${where}: ${text}`));
  if (isOver(state)) {
    if (deadlines.length > 0 || isCalling)
      problems.push(`${where}: something is left to do after the end`);
    return problems;
  }
  if (deadlines.length === 0 && !isCalling) problems.push(`${where}: neither deadline nor call`);
  for (const m of machines)
    if (!isCarried(state, m)) problems.push(`${where}: nothing carries ${m}`);
  return problems;
}

/** What support may buy in all, whatever the policy that is walked says. */
const putOffTooLong = (state: OrderState): readonly string[] => [
  ...(state.held && state.held.until - state.held.since > defaultPolicy.maxHoldMs
    ? ['a hold has no end']
    : []),
  ...(state.extendedMs > defaultPolicy.maxExtensionMs ? ['a deadline is put off for ever'] : []),
  ...driverAwaited(state).flatMap(({ at, since }) =>
    at - since > longestWaitMs ? ['a late driver is awaited for ever'] : [],
  ),
];

/** Far beyond any route. */
const longestWaitMs = 12 * hour;
const driverAwaited = (state: OrderState) =>
  deadlinesOf(state).flatMap(({ exit, at }) =>
    (exit === 'unassignLate' || exit === 'unconfirm') && 'since' in state.delivery
      ? [{ at, since: state.delivery.since }]
      : [],
  );

/** Somebody has to move: a deadline of its own, a call under way, or a machine that it rests on. */
function isCarried(state: OrderState, machine: Machine, seen: readonly Machine[] = []): boolean {
  const row = rowOf(state, machine);
  if (row?.kind === 'final') return true;
  if (row?.kind === 'effect')
    return machine === 'payment'
      ? paymentCallOf(state) !== undefined
      : partnerCallOf(state) !== undefined;
  const isAsked = machine === 'payment' && ownCallOf(state) !== undefined;
  if (isAsked) return state.payment.status === 'requires_action';
  if (row?.kind === 'waits' && deadlinesOf(state).some((d) => d.machine === machine)) return true;
  return (row?.on ?? []).some(
    (m) => m !== machine && !seen.includes(m) && isCarried(state, m, [...seen, machine]),
  );
}

/** News after news may come. */
const onlyAsks: ReadonlySet<string> = new Set(['checkPayment', 'checkPartner']);

/** A circle in which time passes, or which needs nobody from outside, has no cap. */
function endlessLoops(nodes: ReadonlyMap<string, Node>): readonly string[] {
  const component = componentsOf(nodes);
  const found = new Set<string>();
  for (const [key, { state, moves }] of nodes) {
    for (const move of moves) {
      if (component.get(move.to) !== component.get(key)) continue;
      if (move.afterMs > 0) found.add(`a loop is uncapped: time passes in ${combinationOf(state)}`);
      if (move.by === 'deadline') found.add(`a loop is uncapped: ${move.command?.kind}`);
      if (move.by === 'outside' && !onlyAsks.has(move.command?.kind ?? '')) {
        found.add(`a loop is uncapped: ${move.command?.kind} in ${combinationOf(state)}`);
      }
    }
  }
  return [...found];
}
