// An order engine in memory for tests whose point is not the workflow: the real rules, the real read model, and
// outages on demand.

import type { OrderEngine, Outcome } from '../../adapters/order-engine.ts';
import type { Db } from '../../db/connect.ts';
import { record } from '../../db/record.ts';
import { decide } from '../../domain/decide.ts';
import type { Actor } from '../../domain/events.ts';
import { evolve } from '../../domain/evolve.ts';
import type { Command } from '../../domain/messages.ts';
import { initialState, isOver, type OrderFacts, type OrderState } from '../../domain/order.ts';
import { rowOf } from '../../domain/view.ts';

export type MemoryEngine = ReturnType<typeof createMemoryEngine>;
type Step = { readonly command: Command; readonly commandId: string; readonly actor?: Actor };
type Failure = 'unavailable' | 'unknown' | 'not_running';

export function createMemoryEngine(db: Db) {
  const states = new Map<string, OrderState>();
  const answers = new Map<string, Outcome>();
  const calls: { readonly call: string; readonly orderId: string; readonly commandId: string }[] =
    [];
  const settled: string[] = [];
  const faults: {
    next: Failure | undefined;
    gate: Promise<void> | undefined;
    payment: 'authorized' | 'requires_action';
  } = {
    next: undefined,
    gate: undefined,
    payment: 'authorized',
  };

  async function apply(
    state: OrderState,
    { command, commandId, actor = { kind: 'system' } }: Step,
  ): Promise<Outcome> {
    const now = Date.now();
    const decision = decide(state, command, now);
    if (decision.kind === 'refused') return decision;
    let next = state;
    for (const body of decision.events) {
      next = evolve(next, {
        ...body,
        sequence: next.sequence + 1,
        at: now,
        actor,
        commandId,
      });
    }
    if (decision.events.length > 0) {
      await record(db, {
        facts: state.facts,
        expectedSequence: state.sequence + 1,
        commandId,
        actor,
        at: now,
        events: decision.events,
        previousDriverId: 'driverId' in state.delivery ? state.delivery.driverId : undefined,
        row: rowOf(next),
      });
    }
    states.set(state.facts.orderId, next);
    const row = rowOf(next);
    return { kind: 'done', answer: { status: row.status, sequence: row.sequence } };
  }

  async function fails(): Promise<Outcome | undefined> {
    await faults.gate;
    const kind = faults.next;
    faults.next = undefined;
    return kind && { kind };
  }

  async function authorize(facts: OrderFacts): Promise<void> {
    const state = states.get(facts.orderId) ?? initialState(facts);
    const paid: Command =
      faults.payment === 'authorized'
        ? {
            kind: 'paymentAuthorized',
            providerRef: 'pi_1',
            amountMinor: facts.totalMinor,
            captureBefore: Date.now() + 6e8,
          }
        : { kind: 'paymentRequiresAction', providerRef: 'pi_1' };
    await apply(state, { command: paid, commandId: 'payment' });
  }

  async function place({ facts }: { readonly facts: OrderFacts }): Promise<Outcome> {
    calls.push({ call: 'place', orderId: facts.orderId, commandId: 'place' });
    const failed = await fails();
    if (failed) return failed;
    const state = states.get(facts.orderId) ?? initialState(facts);
    if (state.sequence > 0)
      return { kind: 'done', answer: { status: 'PENDING', sequence: state.sequence } };
    const placed = await apply(state, { command: { kind: 'place' }, commandId: 'place' });
    await authorize(facts);
    return placed;
  }

  const engine = {
    place,
    async send({ orderId, command, actor, commandId }) {
      calls.push({ call: command.kind, orderId, commandId });
      const failed = await fails();
      if (failed) return failed;
      const known = answers.get(`${orderId}:${commandId}`);
      if (known) return known;
      const state = states.get(orderId);
      if (!state || isOver(state)) return { kind: 'not_running' };
      const answer = await apply(state, { command, commandId, actor });
      answers.set(`${orderId}:${commandId}`, answer);
      return answer;
    },
    async paymentSettled({ orderId }) {
      settled.push(orderId);
    },
    catchUp: async () => undefined,
    wakeDispatcher: async () => undefined,
    startMaintenance: async () => undefined,
    ping: async () => undefined,
    close: async () => undefined,
  } satisfies OrderEngine;

  /** Something that the outside world or a deadline does to the order. */
  async function happens(orderId: string, command: Command): Promise<Outcome> {
    const state = states.get(orderId);
    if (!state) throw new Error(`no order ${orderId}`);
    return apply(state, { command, commandId: `test:${command.kind}:${state.sequence}` });
  }

  return { ...engine, calls, settled, faults, happens };
}
