// The machinery of an order's loop: an inbox, one timer, the write-once record, the calls under way: one to the
// payment provider, one to a partner fleet.
// State changes only by events that are stored; a conflict means that the log knows more than this run does.

import { condition } from '@temporalio/workflow';
import { decide } from '../domain/decide.ts';
import { refused, type Decision } from '../domain/decision.ts';
import type { Refusal } from '../domain/errors.ts';
import type { Actor, OrderEvent, OrderEventBody } from '../domain/events.ts';
import { fold } from '../domain/evolve.ts';
import { deadlinesOf, dueAt, type Deadline } from '../domain/lifecycle.ts';
import type { Command, OrderInput } from '../domain/messages.ts';
import { initialState, type OrderState } from '../domain/order.ts';
import { partnerCallOf } from '../domain/partner.ts';
import { paymentCallOf } from '../domain/payment-call.ts';
import { decideSettle, type SettleOrder } from '../domain/settling.ts';
import { createAlarm } from './alarm.ts';
import { askFleet } from './fleet.ts';
import { askProvider } from './provider.ts';
import { append } from './record.ts';

export type Outcome =
  | { readonly kind: 'done' }
  | { readonly kind: 'refused'; readonly refusal: Refusal };

/** Something that wants to happen to the order. `commandId` names it for ever, across crashes and retries. */
export type Item = {
  readonly commandId: string;
  readonly command: Command | SettleOrder | { readonly kind: 'catchUp' };
  readonly actor: Actor;
  /** The state that the sender has seen. */
  readonly ifSequence?: number | undefined;
  readonly settle?: (outcome: Outcome) => void;
};

/** A running order. Only the functions of this file change it. */
export type Life = {
  state: OrderState;
  readonly inbox: Item[];
  readonly alarm: ReturnType<typeof createAlarm>;
  /** Commands that the log knew before this run did: their callers may ask again. */
  readonly found: Set<string>;
  /** The order was released just now: it goes on in a new run, on the newest code. */
  released: boolean;
  callUnderWay: string | undefined;
  partnerCallUnderWay: string | undefined;
  working: boolean;
};

const system: Actor = { kind: 'system' };
export const placing: Item = { commandId: 'place', command: { kind: 'place' }, actor: system };
/** A run that goes on begins with the log: what an older code made of it is not carried over. */
export const resuming: Item = {
  commandId: 'resume',
  command: { kind: 'catchUp' },
  actor: system,
};

export const startLife = ({ facts }: OrderInput): Life => ({
  state: initialState(facts),
  inbox: [],
  alarm: createAlarm(),
  found: new Set(),
  released: false,
  callUnderWay: undefined,
  partnerCallUnderWay: undefined,
  // Nothing is judged before the first item has told what is known.
  working: true,
});

/** Takes one thing: decides, records, evolves what is stored; again if the log was ahead. */
export async function handle(life: Life, item: Item): Promise<void> {
  life.working = true;
  const outcome = await settle(life, item);
  life.working = false;
  item.settle?.(outcome);
}

async function settle(life: Life, item: Item): Promise<Outcome> {
  const { commandId, command } = item;
  if (command.kind === 'catchUp') {
    await store(life, item, []);
    return { kind: 'done' };
  }
  for (;;) {
    if (life.found.has(commandId)) return { kind: 'done' };
    const decision = judge(life.state, { ...item, command });
    if (decision.kind === 'refused') return decision;
    if (decision.events.length === 0) return { kind: 'done' };
    const stored = await store(life, item, decision.events);
    if (stored.some((event) => event.commandId === commandId)) return { kind: 'done' };
  }
}

/** What the order says to a command at this moment. */
export function judge(
  state: OrderState,
  {
    command,
    ifSequence,
  }: { readonly command: Command | SettleOrder; readonly ifSequence?: number | undefined },
): Decision {
  if (ifSequence !== undefined && ifSequence !== state.sequence) {
    const reason = `the order is at sequence ${state.sequence}, not ${ifSequence} any more`;
    return refused('stale_sequence', reason);
  }
  return command.kind === 'settleOrder'
    ? decideSettle(state, command.outcome, Date.now())
    : decide(state, command, Date.now());
}

async function store(
  life: Life,
  { commandId, actor }: Item,
  events: readonly OrderEventBody[],
): Promise<readonly OrderEvent[]> {
  const stored = await append(life.state, { commandId, actor, events });
  for (const event of stored) {
    if (event.commandId !== commandId) life.found.add(event.commandId);
    // What a new run reads first is why it runs.
    if (event.type === 'order.released') life.released = commandId !== resuming.commandId;
  }
  life.state = fold(life.state, stored);
  return stored;
}

/** The next thing to happen: what callers and providers said first, else the deadline that has come. */
export async function next(life: Life): Promise<Item> {
  const { inbox, alarm } = life;
  for (;;) {
    const item = inbox.shift();
    if (item) return item;
    const now = Date.now();
    const due = dueAt(life.state, now);
    if (due) return exitOf(due, { now, state: life.state });
    const soonest = deadlinesOf(life.state)[0];
    if (soonest) alarm.arm(soonest, now);
    await condition(() => inbox.length > 0 || alarm.takeRing());
  }
}

/** A deadline has come. After an outage of the engine an irreversible exit is put off, once. */
function exitOf(
  due: Deadline,
  { now, state }: { readonly now: number; readonly state: OrderState },
): Item {
  const { overdueGraceMs, overdueExtensionMs } = state.facts.policy;
  const { key, exit } = due;
  const lateMs = now - due.at;
  if (due.irreversible && lateMs > overdueGraceMs && !(key in state.extended)) {
    const until = now + Math.min(lateMs, overdueExtensionMs);
    return {
      commandId: `extend:${key}`,
      command: { kind: 'putOff', key, until },
      actor: system,
    };
  }
  return { commandId: `exit:${exit}:${state.sequence}`, command: { kind: exit }, actor: system };
}

/** Starts the payment call that the recorded intent asks for, unless it is under way. */
export function callProvider(life: Life): void {
  const { facts } = life.state;
  const call = paymentCallOf(life.state);
  if (!call || call.key === life.callUnderWay) return;
  life.callUnderWay = call.key;
  const { key } = call;
  void askProvider(facts, call).then((result) =>
    life.inbox.push({ commandId: `answer:${key}`, command: { ...result, key }, actor: system }),
  );
}

/** The same for the call to a partner fleet. */
export function callPartner(life: Life): void {
  const { facts } = life.state;
  const call = partnerCallOf(life.state);
  if (!call || call.key === life.partnerCallUnderWay) return;
  life.partnerCallUnderWay = call.key;
  const { key } = call;
  void askFleet(facts, call).then((result) =>
    life.inbox.push({ commandId: `answer:${key}`, command: { ...result, key }, actor: system }),
  );
}

/** Commands that came while the order ended, or before it goes on in a new run, get their answer too. */
export async function answerTheRest(life: Life): Promise<void> {
  for (let item = life.inbox.shift(); item; item = life.inbox.shift()) await handle(life, item);
}
