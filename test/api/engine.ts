// An order engine in memory for tests whose point is not the workflow: the real rules, the real read model, and
// outages on demand.

import type { OrderEngine, Outcome } from '../../adapters/order-engine.ts';
import type { SupportEngine, WorkflowState } from '../../adapters/support-engine.ts';
import type { Db } from '../../db/connect.ts';
import { record } from '../../db/record.ts';
import { decide } from '../../domain/decide.ts';
import type { Actor } from '../../domain/events.ts';
import { evolve } from '../../domain/evolve.ts';
import { dueAt } from '../../domain/lifecycle.ts';
import type { Command } from '../../domain/messages.ts';
import {
  holdMinorOf,
  initialState,
  isOver,
  type OrderFacts,
  type OrderState,
} from '../../domain/order.ts';
import { rowOf } from '../../domain/view.ts';

type Step = {
  readonly command: Command;
  readonly commandId: string;
  readonly actor?: Actor;
  readonly at?: number;
};
type Call = { readonly call: string; readonly orderId: string; readonly commandId: string };
type Faults = {
  /** What becomes of the next message. */
  next: 'unavailable' | 'unknown' | 'not_running' | 'paused' | undefined;
  /** Messages wait for it. */
  gate: Promise<void> | undefined;
  /** What the engine says of every order's workflow. */
  workflow: WorkflowState;
  /** The provider's answer to the next placing. */
  payment: 'authorized' | 'requires_action';
};

/** The orders as they are, each step by the real rules into the real read model. */
function createOrders(db: Db) {
  const states = new Map<string, OrderState>();

  async function apply(state: OrderState, step: Step): Promise<Outcome> {
    const { command, commandId, actor = { kind: 'system' }, at = Date.now() } = step;
    const decision = decide(state, command, at);
    if (decision.kind === 'refused') return decision;
    const { events } = decision;
    const next = events.reduce((before, body) => {
      const sequence = before.sequence + 1;
      return evolve(before, { ...body, sequence, at, actor, commandId });
    }, state);
    const row = rowOf(next);
    const previousDriverId = 'driverId' in state.delivery ? state.delivery.driverId : undefined;
    const expectedSequence = state.sequence + 1;
    const by = { facts: state.facts, commandId, actor, at };
    await record(db, { ...by, expectedSequence, events, previousDriverId, row });
    states.set(state.facts.orderId, next);
    return { kind: 'done', answer: { status: row.status, sequence: row.sequence } };
  }

  return { apply, find: (orderId: string): OrderState | undefined => states.get(orderId) };
}

const nothing = async (): Promise<void> => undefined;

const paidBy = (facts: OrderFacts): Command => ({
  kind: 'paymentAuthorized',
  providerRef: 'pi_1',
  amountMinor: holdMinorOf(facts),
  captureBefore: Date.now() + 604_800_000,
});

const allWell = (): Faults => ({
  next: undefined,
  gate: undefined,
  workflow: { kind: 'running' },
  payment: 'authorized',
});

const supportOf = (faults: Faults): SupportEngine => ({
  workflowOf: async () => faults.workflow,
  troubledOrders: async () => [],
  settle: async () => ({ kind: 'unavailable' }),
  terminate: async () => true,
  startBulk: nothing,
});

/** Lets time pass for one order: its exits happen at their times. */
function elapsing(orders: ReturnType<typeof createOrders>) {
  return async function elapse(orderId: string, ms: number): Promise<void> {
    const until = Date.now() + ms;
    for (;;) {
      const state = orders.find(orderId);
      const due = state && dueAt(state, until);
      if (!due) return;
      const commandId = `exit:${due.exit}:${state.sequence}`;
      await orders.apply(state, { command: { kind: due.exit }, commandId, at: due.at });
    }
  };
}

export function createMemoryEngine(db: Db) {
  const orders = createOrders(db);
  const answers = new Map<string, Outcome>();
  const calls: Call[] = [];
  const settled: string[] = [];
  const changed: string[] = [];
  const caughtUp: string[] = [];
  const faults = allWell();

  async function fails(): Promise<Outcome | undefined> {
    await faults.gate;
    const kind = faults.next;
    faults.next = undefined;
    return kind && { kind };
  }

  const place: OrderEngine['place'] = async ({ facts }) => {
    calls.push({ call: 'place', orderId: facts.orderId, commandId: 'place' });
    const failed = await fails();
    if (failed) return failed;
    const state = orders.find(facts.orderId) ?? initialState(facts);
    const placed = await orders.apply(state, { command: { kind: 'place' }, commandId: 'place' });
    const waiting: Command = { kind: 'paymentRequiresAction', providerRef: 'pi_1' };
    const command = faults.payment === 'authorized' ? paidBy(facts) : waiting;
    await orders.apply(orders.find(facts.orderId) ?? state, { command, commandId: 'payment' });
    return placed;
  };

  const send: OrderEngine['send'] = async (input) => {
    const { orderId, command, actor, commandId, ifSequence } = input;
    calls.push({ call: command.kind, orderId, commandId });
    const failed = await fails();
    if (failed) return failed;
    const known = answers.get(`${orderId}:${commandId}`);
    if (known) return known;
    const state = orders.find(orderId);
    if (!state || isOver(state)) return { kind: 'not_running' };
    const answer: Outcome =
      ifSequence !== undefined && ifSequence !== state.sequence
        ? { kind: 'refused', refusal: { code: 'stale_sequence', reason: 'it has moved on' } }
        : await orders.apply(state, { command, commandId, actor });
    answers.set(`${orderId}:${commandId}`, answer);
    return answer;
  };

  const engine = {
    place,
    send,
    paymentSettled: async ({ orderId }) => void settled.push(orderId),
    partnerDeliveryChanged: async ({ partnerRef }) => void changed.push(partnerRef),
    isPlaced: async () => undefined,
    ...supportOf(faults),
    catchUp: async (orderId) => void caughtUp.push(orderId),
    wakeDispatcher: nothing,
    startMaintenance: nothing,
    ping: nothing,
    close: nothing,
  } satisfies OrderEngine;

  /** Something that the outside world or a deadline does to the order. */
  async function happens(orderId: string, command: Command, at = Date.now()): Promise<Outcome> {
    const state = orders.find(orderId);
    if (!state) throw new Error(`no order ${orderId}`);
    const commandId = `test:${command.kind}:${state.sequence}`;
    return orders.apply(state, { command, commandId, at });
  }

  const heard = { calls, settled, changed, caughtUp };
  return { ...engine, ...heard, faults, happens, elapse: elapsing(orders) };
}
