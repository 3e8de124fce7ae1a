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
import { paymentCallOf, type PaymentCall } from '../../domain/payment.ts';
import { defaultPolicy, type Policy } from '../../domain/policy.ts';
import {
  assign,
  captured,
  combinationOf,
  driver,
  hear,
  hour,
  minute,
  placedAt,
  say,
} from './lives.ts';

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
const maxNodes = 120_000;

/** Small caps, so that the outside world may also speak one millisecond before every deadline. */
export const smallPolicy: Policy = {
  ...defaultPolicy,
  maxDriversPerOrder: 2,
  maxPaymentAttempts: 2,
  moneyLimitMs: 3 * hour,
};

type Draft = Omit<Move, 'to'>;

/**
 * Everything reachable from a placed order. Stops at the first state that breaks the promise. `justInTime`: the outside
 * world is also heard one millisecond before each deadline, not only when something has just happened.
 */
export function walk(facts: OrderFacts, { justInTime }: { readonly justInTime: boolean }): Walk {
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
    const drafts = draftsFrom(state, now).filter((draft) => justInTime || draft.by !== 'time');
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

/** What is left to come, and nothing else. */
function keyOf(state: OrderState, now: number): string {
  const { order, delivery, payment, attempts } = state;
  if (isOver(state)) return combinationOf(state);
  const left = (at: number | undefined): number | undefined =>
    at === undefined ? undefined : at - now;
  const searches = hasEnded(state) ? [] : [state.searches, state.searchedMs];
  return JSON.stringify([
    combinationOf(state),
    'reminded' in order && order.reminded,
    'assumed' in order && order.assumed,
    order.status === 'preparing' ? left(order.readyEstimateAt) : undefined,
    order.status === 'payment_pending' ? [left(order.since), attempts.authorize] : undefined,
    delivery.status === 'searching' ? left(delivery.since) : undefined,
    'pinged' in delivery && delivery.pinged,
    'pickupEtaAt' in delivery ? left(delivery.pickupEtaAt) : undefined,
    'checking' in payment ? [payment.checking, payment.checkAgain] : undefined,
    'firstFailedAt' in payment ? left(payment.firstFailedAt) : undefined,
    hasEnded(state) || 'firstFailedAt' in payment ? [attempts.capture, attempts.void] : undefined,
    payment.status === 'authorized' && delivery.status === 'delivery_unconfirmed',
    searches,
    safeDeadlines(state).map((d) => [d.exit, d.at - now]),
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

/** Everything that may be said next: answers now or at their limit, the next exit, the outside world now or just in time. */
function draftsFrom(state: OrderState, now: number): readonly Draft[] {
  if (missesRow(state)) return [];
  const deadlines = safeDeadlines(state).filter((d) => Number.isFinite(d.at));
  const soonest = deadlines[0];
  const call = paymentCallOf(state);
  const waitMs = soonest ? Math.max(0, soonest.at - now) : 0;
  const outside = outsideAt(state, now).map((command): Draft => ({
    by: 'outside',
    afterMs: 0,
    command,
  }));
  if (isOver(state)) return outside;
  return [
    ...outside,
    ...(call
      ? answersTo(call).map((command): Draft => ({ by: 'answer', afterMs: 0, command }))
      : []),
    ...(call && !soonest
      ? answersTo(call).map((command): Draft => ({
          by: 'answer',
          afterMs: limitOf(state, call),
          command,
        }))
      : []),
    ...(soonest
      ? [{ by: 'deadline', afterMs: waitMs, command: { kind: soonest.exit } } as const]
      : []),
    ...(waitMs > 1 ? [{ by: 'time', afterMs: waitMs - 1, command: undefined } as const] : []),
  ];
}

function outsideAt(state: OrderState, now: number): readonly Command[] {
  const carrier = 'driverId' in state.delivery ? state.delivery.driverId : driver(1);
  return [
    say.accept,
    say.deny,
    say.ready,
    say.cancel,
    { kind: 'cancel', by: 'merchant' },
    say.retry,
    assign(state.searches, now + 5 * minute),
    { kind: 'exhaustSearch', search: state.searches },
    { kind: 'pickUp', driverId: carrier },
    { kind: 'deliver', driverId: carrier },
    { kind: 'abandon', driverId: carrier },
    say.check,
  ];
}

export const limitOf = ({ facts: { policy } }: OrderState, { step }: PaymentCall): number =>
  step === 'authorize' || step === 'check' ? policy.paymentActionTimeoutMs : policy.moneyLimitMs;

/** All that a provider may answer to this call. */
function answersTo(call: PaymentCall): readonly Command[] {
  switch (call.step) {
    case 'authorize':
      return [say.authorized, say.requiresAction, say.declined, say.unanswered, say.notExecuted];
    case 'check':
      return [say.authorized, say.requiresAction, say.declined, say.unanswered];
    case 'capture':
      return [captured(call.amountMinor), say.captureFailed, say.captureLost, say.notExecuted];
    case 'void':
      return [say.voided, say.voidFailed, say.notExecuted];
  }
}

function capsBroken({ searches, attempts }: OrderState): readonly string[] {
  const counters = { searches, ...attempts };
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
  const call = paymentCallOf(state);
  const problems = illegalities(state).map((text) => `${where}: ${text}`);
  if (deadlines.some((d) => !Number.isFinite(d.at)))
    problems.push(`${where}: a deadline never comes`);
  if (isOver(state)) {
    if (deadlines.length > 0 || call)
      problems.push(`${where}: something is left to do after the end`);
    return problems;
  }
  if (deadlines.length === 0 && !call) problems.push(`${where}: neither deadline nor payment call`);
  for (const m of machines)
    if (!isCarried(state, m)) problems.push(`${where}: nothing carries ${m}`);
  return problems;
}

/** Somebody has to move: a deadline of its own, a call under way, or a machine that it rests on. */
function isCarried(state: OrderState, machine: Machine, seen: readonly Machine[] = []): boolean {
  const row = rowOf(state, machine);
  if (row?.kind === 'final') return true;
  if (row?.kind === 'effect') return paymentCallOf(state) !== undefined;
  if (row?.kind === 'waits') {
    const authorizes = machine === 'order' && paymentCallOf(state)?.step === 'authorize';
    return authorizes || deadlinesOf(state).some((d) => d.machine === machine);
  }
  if (
    machine === 'payment' &&
    !['requires_action'].includes(state.payment.status) &&
    paymentCallOf(state)
  )
    return false;
  return (row?.on ?? []).some(
    (m) => m !== machine && !seen.includes(m) && isCarried(state, m, [...seen, machine]),
  );
}

const legalPayments: Readonly<Record<string, readonly string[]>> = {
  payment_pending: ['authorizing', 'requires_action', 'declined'],
  pending: ['authorized'],
  preparing: ['authorized'],
  ready: ['authorized', 'capturing', 'capture_failed'],
  completed: ['captured', 'written_off'],
  denied: ['voiding', 'voided', 'written_off'],
  expired: ['voiding', 'voided', 'written_off'],
  failed: ['voiding', 'voided', 'written_off'],
  cancelled: [
    'authorizing',
    'declined',
    'voiding',
    'voided',
    'capturing',
    'capture_failed',
    'captured',
    'written_off',
  ],
};
const legalDeliveries: Readonly<Record<string, readonly string[]>> = {
  payment_pending: ['none'],
  pending: ['none'],
  preparing: ['searching', 'confirmed'],
  ready: ['searching', 'confirmed', 'picked_up', 'delivery_unconfirmed', 'delivered'],
  completed: ['delivered'],
  denied: ['none'],
  expired: ['none'],
  failed: ['cancelled'],
  cancelled: ['none', 'cancelled'],
};

/** Which combinations make sense, written down apart from the code. */
function illegalities({ order, delivery, payment }: OrderState): readonly string[] {
  const taken = delivery.status === 'delivered' && order.status === 'ready';
  return [
    ...(legalPayments[order.status]?.includes(payment.status) ? [] : ['illegal payment']),
    ...(legalDeliveries[order.status]?.includes(delivery.status) ? [] : ['illegal delivery']),
    ...(order.status === 'ready' && taken === (payment.status === 'authorized')
      ? ['captured at the wrong time']
      : []),
  ];
}

/** A circle in which time passes, or which needs nobody from outside, has no cap. */
function endlessLoops(nodes: ReadonlyMap<string, Node>): readonly string[] {
  const component = componentsOf(nodes);
  const found = new Set<string>();
  for (const [key, { state, moves }] of nodes) {
    for (const move of moves) {
      if (component.get(move.to) !== component.get(key)) continue;
      if (move.afterMs > 0) found.add(`a loop is uncapped: time passes in ${combinationOf(state)}`);
      if (move.by === 'deadline') found.add(`a loop is uncapped: ${move.command?.kind}`);
      if (move.by === 'outside' && move.command?.kind !== 'checkPayment') {
        found.add(`a loop is uncapped: ${move.command?.kind} in ${combinationOf(state)}`);
      }
    }
  }
  return [...found];
}

/** Strongly connected components (Kosaraju, without recursion): node → component. */
function componentsOf(nodes: ReadonlyMap<string, Node>): ReadonlyMap<string, number> {
  const order: string[] = [];
  const seen = new Set<string>();
  const back = new Map<string, string[]>();
  for (const [key, { moves }] of nodes) {
    for (const { to } of moves) {
      const from = back.get(to);
      if (from) from.push(key);
      else back.set(to, [key]);
    }
    const stack: [string, number][] = seen.has(key) ? [] : [[key, 0]];
    seen.add(key);
    for (let top = stack.at(-1); top; top = stack.at(-1)) {
      const next = nodes.get(top[0])?.moves[top[1]++];
      if (!next) order.push(stack.pop()?.[0] ?? '');
      else if (!seen.has(next.to)) {
        seen.add(next.to);
        stack.push([next.to, 0]);
      }
    }
  }
  const component = new Map<string, number>();
  for (const root of order.toReversed()) {
    const stack = component.has(root) ? [] : [root];
    const name = component.size;
    for (let key = stack.pop(); key !== undefined; key = stack.pop()) {
      if (component.has(key)) continue;
      component.set(key, name);
      stack.push(...(back.get(key) ?? []));
    }
  }
  return component;
}
