// One collected order with odd amounts, lived by the rules and posted by the ledger that stand beside this file: a copy of
// the code with a bug in it brings its own (audit-bugs.test.ts).

import { postingOf } from '../../db/ledger.ts';
import { decide } from '../../domain/decide.ts';
import type { OrderEvent } from '../../domain/events.ts';
import { evolve } from '../../domain/evolve.ts';
import { initialState, type OrderFacts } from '../../domain/order.ts';
import type { Command } from '../../domain/messages.ts';

const captureBefore = Date.UTC(2030, 0, 1);

export function collected(facts: OrderFacts) {
  let state = initialState(facts);
  const events: OrderEvent[] = [];
  const commands: readonly Command[] = [
    { kind: 'place' },
    { kind: 'paymentAuthorized', providerRef: 'pi_1', amountMinor: 2_500, captureBefore },
    { kind: 'accept', prepMs: 60_000 },
    { kind: 'markReady' },
    { kind: 'handOver' },
    { kind: 'paymentCaptured', amountMinor: 2_500 },
  ];
  for (const command of commands) {
    const decision = decide(state, command, facts.placedAt);
    if (decision.kind === 'refused') throw new Error(`${command.kind}: ${decision.refusal.reason}`);
    for (const body of decision.events) {
      const { sequence } = state;
      const when = { sequence: sequence + 1, at: facts.placedAt, commandId: command.kind };
      const event: OrderEvent = { ...body, ...when, actor: { kind: 'system' } };
      events.push(event);
      state = evolve(state, event);
    }
  }
  return { events, postings: events.flatMap((event) => postingOf(facts, event, 'none') ?? []) };
}
