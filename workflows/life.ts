// The machinery of an order's loop: an inbox, one timer, the write-once record, the one payment call under way.
// State changes only by events that are stored; a conflict means that the log knows more than this run does.

import { condition } from '@temporalio/workflow';
import type { CommandAnswer, Command } from '../domain/messages.ts';
import { decide } from '../domain/decide.ts';
import type { Refusal } from '../domain/errors.ts';
import type { Actor, OrderEvent, OrderEventBody } from '../domain/events.ts';
import { fold } from '../domain/evolve.ts';
import { deadlinesOf, dueAt, type Deadline } from '../domain/lifecycle.ts';
import { initialState, simpleStatus, type OrderFacts, type OrderState } from '../domain/order.ts';
import { paymentCallOf } from '../domain/payment.ts';
import { createAlarm } from './alarm.ts';
import { showOrder } from './display.ts';
import { askProvider } from './provider.ts';
import { append } from './record.ts';

export type Outcome = { readonly kind: 'done' } | { readonly kind: 'refused'; readonly refusal: Refusal };

/** Something that wants to happen to the order. `commandId` names it for ever, across crashes and retries. */
export type Item = {
  readonly commandId: string;
  readonly command: Command | { readonly kind: 'catchUp' };
  readonly actor: Actor;
  readonly settle?: (outcome: Outcome) => void;
};

const system: Actor = { kind: 'system' };

export type Life = ReturnType<typeof startLife>;

export function startLife(facts: OrderFacts) {
  let state: OrderState = initialState(facts);
  const inbox: Item[] = [];
  const alarm = createAlarm();
  /** Commands that the log knew before this run did: their callers may ask again. */
  const found = new Set<string>();
  let callUnderWay: string | undefined;
  let working = false;

  /** Takes one thing: decides, records, evolves what is stored; again if the log was ahead. */
  async function handle(item: Item): Promise<void> {
    working = true;
    await settle(item);
    working = false;
  }

  async function settle(item: Item): Promise<void> {
    for (;;) {
      if (item.command.kind === 'catchUp') return void (await store(item, []));
      if (found.has(item.commandId)) return item.settle?.({ kind: 'done' });
      const now = Date.now();
      const decision = decide(state, item.command, now);
      if (decision.kind === 'refused') return item.settle?.(decision);
      if (decision.events.length === 0) return item.settle?.({ kind: 'done' });
      const stored = await store(item, decision.events);
      if (stored.some((event) => event.commandId === item.commandId)) {
        return item.settle?.({ kind: 'done' });
      }
    }
  }

  async function store(item: Item, events: readonly OrderEventBody[]): Promise<readonly OrderEvent[]> {
    const stored = await append(state, { commandId: item.commandId, actor: item.actor, events });
    for (const event of stored) if (event.commandId !== item.commandId) found.add(event.commandId);
    state = fold(state, stored);
    return stored;
  }

  /** The next thing to happen: what callers and providers said first, else the deadline that has come. */
  async function next(): Promise<Item> {
    for (;;) {
      const item = inbox.shift();
      if (item) return item;
      const now = Date.now();
      const due = dueAt(state, now);
      if (due) return exitOf(due, { now, state });
      const soonest = deadlinesOf(state)[0];
      if (soonest) alarm.arm(soonest, now);
      await condition(() => inbox.length > 0 || alarm.takeRing());
    }
  }

  /** Starts the payment call that the recorded intent asks for, unless it is under way. */
  function callTheProvider(): void {
    const call = paymentCallOf(state);
    if (!call || call.key === callUnderWay) return;
    callUnderWay = call.key;
    void askProvider(facts, call).then((command) =>
      inbox.push({ commandId: `answer:${call.key}`, command, actor: system }),
    );
  }

  const answer = (): CommandAnswer => ({ status: simpleStatus(state), sequence: state.sequence });

  return {
    placing: { commandId: 'place', command: { kind: 'place' }, actor: system } satisfies Item,
    handle,
    next,
    callProvider: callTheProvider,
    answer,
    show: () => showOrder(state),
    state: () => state,
    enqueue: (item: Item) => void inbox.push(item),
    isIdle: () => inbox.length === 0 && !working,
    hasFound: (commandId: string) => found.has(commandId),
    hasMore: () => inbox.length > 0,
    async answerTheRest(): Promise<void> {
      for (let item = inbox.shift(); item; item = inbox.shift()) await handle(item);
    },
  };
}

/** A deadline has come. After an outage of the engine an irreversible exit is put off, once. */
function exitOf(due: Deadline, { now, state }: { readonly now: number; readonly state: OrderState }): Item {
  const { overdueGraceMs, overdueExtensionMs } = state.facts.policy;
  const lateMs = now - due.at;
  if (due.irreversible && lateMs > overdueGraceMs && !(due.key in state.extended)) {
    const until = now + Math.min(lateMs, overdueExtensionMs);
    return { commandId: `extend:${due.key}`, command: { kind: 'extendDeadline', key: due.key, until }, actor: system };
  }
  return { commandId: `exit:${due.exit}:${state.sequence}`, command: { kind: due.exit }, actor: system };
}
