// Races between people, and between people and deadlines: whatever the order in which they are heard, one wins, and the
// others are told what happened first. Two workers may live at a time: both run the order's loop on one write-once log.

import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decide } from '../../domain/decide.ts';
import type { Refusal } from '../../domain/errors.ts';
import type { OrderEvent } from '../../domain/events.ts';
import { evolve } from '../../domain/evolve.ts';
import { deadlinesOf } from '../../domain/lifecycle.ts';
import type { Command, ExitKind } from '../../domain/messages.ts';
import type { OrderState } from '../../domain/order.ts';
import { assign, captured, driver, minute, offer, placedAt, say, stamp } from './lives.ts';
import { situation } from './situations.ts';

type Answer =
  | { readonly kind: 'won'; readonly events: readonly OrderEvent[] }
  | { readonly kind: 'ignored' }
  | { readonly kind: 'refused'; readonly refusal: Refusal };

/** The order's log from one state on: what is stored at a place first stays there. */
function openLog(start: OrderState) {
  const stored: OrderEvent[] = [];
  return {
    stored,
    /** Stores these, or answers with what is there already. */
    record(expected: number, events: readonly OrderEvent[]): readonly OrderEvent[] | undefined {
      const ahead = stored.slice(expected - start.sequence - 1);
      if (ahead.length > 0) return ahead;
      stored.push(...events);
      return undefined;
    },
  };
}

type Loop = (command: Command, commandId: string) => Promise<Answer>;

/** As workflows/life.ts: one thing at a time; a conflict means that the log knows more. */
function openLoop(
  start: OrderState,
  {
    log,
    write,
    now,
  }: {
    readonly log: ReturnType<typeof openLog>;
    readonly write: () => Promise<unknown>;
    readonly now: () => number;
  },
): Loop {
  let state = start;
  let queue: Promise<unknown> = Promise.resolve();
  async function settle(command: Command, commandId: string): Promise<Answer> {
    for (;;) {
      const at = now();
      const decision = decide(state, command, at);
      if (decision.kind === 'refused') return decision;
      const events = stamp(decision.events, { sequence: state.sequence, at, commandId });
      if (events.length === 0) return { kind: 'ignored' };
      await write();
      const ahead = log.record(state.sequence + 1, events);
      state = (ahead ?? events).reduce(evolve, state);
      if (!ahead) return { kind: 'won', events };
    }
  }
  return (command, commandId) => {
    const answer = queue.then(() => settle(command, commandId));
    queue = answer;
    return answer;
  };
}

type Contender = {
  readonly says: Command;
  /** What it is told when it comes second. */
  readonly refusedWith?: string;
  /** Nothing says when. */
  readonly timeless?: true;
};
type Race = {
  readonly from: string;
  /** The deadline about which they race; else an hour after the placing. */
  readonly around?: ExitKind;
  readonly between: readonly [Contender, Contender];
};

const exit = (kind: ExitKind): Contender => ({ says: { kind } });
const eta = placedAt + 20 * minute;
const cancel: Contender = { says: say.cancel, refusedWith: 'already_picked_up' };

const races: Readonly<Record<string, Race>> = {
  'two drivers accept': {
    from: 'ready, searching',
    between: [
      { says: assign(1, eta), refusedWith: 'not_searching' },
      { says: assign(2, eta), refusedWith: 'not_searching' },
    ],
  },
  'a driver accepts, support puts another in': {
    from: 'ready, searching',
    between: [
      { says: assign(1, eta), refusedWith: 'not_searching' },
      {
        says: { kind: 'assignDriver', driverId: driver(2), offerId: offer(2), pickupEtaAt: eta },
        refusedWith: 'not_searching',
      },
    ],
  },
  'a driver accepts as the search ends': {
    from: 'ready, searching',
    around: 'failSearch',
    between: [{ says: assign(1, eta), refusedWith: 'already_cancelled' }, exit('failSearch')],
  },
  'the merchant accepts as the order expires': {
    from: 'pending',
    around: 'expire',
    between: [{ says: say.accept, refusedWith: 'already_cancelled' }, exit('expire')],
  },
  'the merchant denies as the order expires': {
    from: 'pending',
    around: 'expire',
    between: [{ says: say.deny, refusedWith: 'already_cancelled' }, exit('expire')],
  },
  'the customer cancels as the driver picks up': {
    from: 'ready, confirmed',
    between: [cancel, { says: say.pickUp, refusedWith: 'already_cancelled' }],
  },
  'the driver picks up as they are released': {
    from: 'ready, confirmed',
    around: 'unassignLate',
    between: [{ says: say.pickUp, refusedWith: 'not_your_delivery' }, exit('unassignLate')],
  },
  'the customer cancels as the counter hands over, and captures': {
    from: 'pickup, ready',
    between: [
      { says: say.cancel, refusedWith: 'already_delivered' },
      { says: say.handOver, refusedWith: 'already_cancelled' },
    ],
  },
  'the customer collects as the order is given up': {
    from: 'pickup, ready',
    around: 'giveUpCollection',
    between: [{ says: say.handOver, refusedWith: 'already_cancelled' }, exit('giveUpCollection')],
  },
  'the customer answers as the shortage is settled': {
    from: 'shortage open',
    around: 'settleShortage',
    between: [
      {
        says: { kind: 'answerShortage', answer: 'remove' },
        refusedWith: 'wrong_state',
        timeless: true,
      },
      exit('settleShortage'),
    ],
  },
  'the driver delivers as the proof is given up': {
    from: 'unconfirmed',
    around: 'giveUpProof',
    between: [{ says: say.deliver, refusedWith: 'already_cancelled' }, exit('giveUpProof')],
  },
  'two agents end the order in two ways': {
    from: 'picked up',
    between: [
      { says: { kind: 'forceDeliver' }, refusedWith: 'already_cancelled' },
      { says: { kind: 'forceFail', endReason: 'lost' }, refusedWith: 'wrong_state' },
    ],
  },
  'two agents help with one problem': {
    from: 'problem, goods lost',
    between: [
      { says: { kind: 'remake' }, refusedWith: 'already_cancelled' },
      { says: { kind: 'forceFail', endReason: 'lost' }, refusedWith: 'wrong_state' },
    ],
  },
  'an agent takes the driver away as the goods are picked up': {
    from: 'ready, confirmed',
    between: [
      { says: { kind: 'unassignDriver' }, refusedWith: 'wrong_state' },
      { says: say.pickUp, refusedWith: 'not_your_delivery' },
    ],
  },
};

const inShort = (answer: Answer) =>
  answer.kind === 'refused' ? { code: answer.refusal.code, at: answer.refusal.at } : answer.kind;

const jitter = fc.integer({ min: -1, max: 1 });

describe('races', () => {
  it.each(Object.entries(races))(
    '%s › one wins, the other is told what came first',
    async (_, race) => {
      const start = situation(race.from);
      const due = deadlinesOf(start).find((deadline) => deadline.exit === race.around);
      if (race.around !== undefined && !due) throw new Error(`${race.around} is not due`);
      const around = due?.at ?? placedAt + 60 * minute;
      const winners = new Set<string>();
      await fc.assert(
        fc.asyncProperty(
          fc.scheduler(),
          fc.tuple(jitter, jitter),
          fc.tuple(fc.boolean(), fc.boolean()),
          async (scheduler, delays, onYoung) => {
            let clock = around - 2;
            const log = openLog(start);
            const write = () => scheduler.schedule(Promise.resolve(), 'record');
            const needs = { log, write, now: () => clock };
            const [old, young] = [openLoop(start, needs), openLoop(start, needs)];
            const answers = race.between.map(async ({ says }, i) => {
              await scheduler.schedule(Promise.resolve(), says.kind);
              clock = Math.max(clock, around + (delays[i] ?? 0));
              return (onYoung[i] ? young : old)(says, `${i}`);
            });
            const told = await scheduler.waitFor(Promise.all(answers));
            const won = told.flatMap((answer) => (answer.kind === 'won' ? [answer] : []));
            const ids = new Set(log.stored.map(({ commandId }) => commandId));
            // A deadline that is heard before its time has done nothing, and nobody else spoke.
            expect(won.length).toBe(ids.size);
            expect(won.length).toBeLessThanOrEqual(1);
            expect(log.stored).toEqual(won[0]?.events ?? []);
            const firstAt = won[0]?.events[0]?.at;
            told.forEach((answer, i) => {
              if (answer.kind === 'won') winners.add(race.between[i]?.says.kind ?? '');
            });
            const second = ({ refusedWith, timeless }: Contender) =>
              refusedWith ? { code: refusedWith, at: timeless ? undefined : firstAt } : 'ignored';
            expect(told.map(inShort)).toEqual(
              race.between.map((one, i) => (told[i]?.kind === 'won' ? 'won' : second(one))),
            );
          },
        ),
        { numRuns: 300, seed: 20_261_126 },
      );
      // Each of them wins sometimes, else it was no race.
      expect([...winners].toSorted()).toEqual(
        [...new Set(race.between.map(({ says }) => says.kind))].toSorted(),
      );
    },
  );

  it('a cancel during the capture is refused, whatever the bank has said by then', () => {
    for (const name of ['delivered', 'pickup, handed over'] as const) {
      const state = situation(name);
      const now = placedAt + 60 * minute;
      const before = decide(state, say.cancel, now);
      expect(before).toMatchObject({ kind: 'refused', refusal: { code: 'already_delivered' } });
      const paid = decide(state, captured(state.facts.totalMinor), now);
      if (paid.kind === 'refused') throw new Error('the capture was refused');
      const done = stamp(paid.events, { sequence: state.sequence, at: now, commandId: 'c' });
      expect(decide(done.reduce(evolve, state), say.cancel, now)).toMatchObject({
        kind: 'refused',
        refusal: { code: 'already_delivered' },
      });
    }
  });
});
