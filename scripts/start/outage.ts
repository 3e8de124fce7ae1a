// The engine is away in the middle of the day: Temporal and the worker are gone, then come back. People go on for
// a while and ask again and again; the city's clock stands still for the rest, because a few minutes of ours
// would be its whole evening. Afterwards it is judged whether anybody was punished. Called by `npm start`.

import { setTimeout as delay } from 'node:timers/promises';
import type { CityClock } from '../../sandbox/city/clock.ts';
import { evolve } from '../../domain/evolve.ts';
import { deadlinesOf, type Deadline } from '../../domain/lifecycle.ts';
import { initialState, type OrderState } from '../../domain/order.ts';
import type { AuditedOrder } from '../audit/data.ts';
import type { House } from './bring-up.ts';

/** Epoch milliseconds. */
export type Outage = { readonly from: number; readonly to: number };

/** How many minutes of the city people go on while nothing answers. */
const goOnMinutes = 10;

type Ending = {
  readonly house: Pick<House, 'services' | 'worker'>;
  readonly clock: CityClock;
  readonly seconds: number;
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
};

/** Resolves when the engine works again. */
export async function loseTheEngine(losing: Ending): Promise<Outage> {
  const { house, clock, seconds, say, signal } = losing;
  const { services, worker } = house;
  say(`the engine is away for ${seconds} s`);
  await Promise.all([worker.stop(), services.kill('temporal', 'SIGKILL')]);
  const from = Date.now();
  const goOnMs = Math.min((goOnMinutes * 60_000) / clock.speed, seconds * 1_000);
  await wait(goOnMs, signal);
  clock.pause();
  await wait(from + seconds * 1_000 - Date.now(), signal);
  await services.restart('temporal');
  const to = Date.now();
  await worker.start();
  clock.resume();
  say(`the engine is back after ${((to - from) / 1_000).toFixed(0)} s`);
  return { from, to };
}

const wait = (ms: number, signal: AbortSignal): Promise<unknown> =>
  delay(Math.max(0, ms), undefined, { signal }).catch(() => undefined);

/** A deadline that passed while nobody could act. */
export type Missed = {
  readonly orderId: string;
  readonly deadline: Deadline;
  /** When it passed, before it was put off. */
  readonly dueAt: number;
  /** When what cannot be taken back was done all the same; undefined: it was not. */
  readonly exitAt: number | undefined;
  /** Since the engine was back, how long nobody was punished, and how long it should be. */
  readonly givenMs: number;
  readonly owedMs: number;
};

/** Clocks of the engine and of the worker, and the length of one step. */
const toleranceMs = 250;

export const isPunished = ({ exitAt, givenMs, owedMs }: Missed): boolean =>
  exitAt !== undefined && givenMs < owedMs - toleranceMs;

/** Every irreversible deadline that passed during the outage, and what came of it. */
export const missedIn = (
  outage: Outage,
  orders: readonly Pick<AuditedOrder, 'id' | 'facts' | 'events'>[],
): readonly Missed[] => orders.flatMap((order) => missedBy(outage, order));

function missedBy(
  { from, to }: Outage,
  { id: orderId, facts, events }: Pick<AuditedOrder, 'id' | 'facts' | 'events'>,
): readonly Missed[] {
  const missed = new Map<string, Missed>();
  let state = initialState(facts);
  for (const event of events) {
    if (event.at >= from)
      for (const due of overdueIn(state, { from, to })) {
        const known = missed.get(due.deadline.key);
        missed.set(due.deadline.key, known ?? { ...due, orderId });
        if (event.commandId.startsWith(`exit:${due.deadline.exit}:`))
          missed.set(due.deadline.key, {
            ...due,
            orderId,
            exitAt: event.at,
            givenMs: event.at - to,
          });
      }
    state = evolve(state, event);
  }
  return [...missed.values()];
}

type Overdue = Omit<Missed, 'orderId'>;

function overdueIn(state: OrderState, { from, to }: Outage): readonly Overdue[] {
  const { overdueGraceMs, overdueExtensionMs } = state.facts.policy;
  // When they would be due if no outage had put them off.
  const asPlanned = deadlinesOf({ ...state, extended: {} });
  return asPlanned.flatMap((deadline) => {
    const { at: dueAt, irreversible } = deadline;
    if (!irreversible || dueAt < from || dueAt > to) return [];
    const lateMs = to - dueAt;
    const owedMs = lateMs > overdueGraceMs ? Math.min(lateMs, overdueExtensionMs) : 0;
    return [{ deadline, dueAt, exitAt: undefined, givenMs: 0, owedMs }];
  });
}

const seconds = (ms: number): string => `${(ms / 1_000).toFixed(1)} s`;

export function describeMissed(outage: Outage, missed: readonly Missed[]): readonly string[] {
  const punished = missed.filter(isPunished);
  const later = missed.filter(({ exitAt }) => exitAt !== undefined).length - punished.length;
  return [
    `the engine was away for ${seconds(outage.to - outage.from)}; ${missed.length} deadlines passed meanwhile that cannot be taken back: ` +
      `${missed.length - later - punished.length} were met after all, ${later} ran out after they had been put off, ${punished.length} punished somebody`,
    ...punished.map(
      ({ orderId, deadline, givenMs, owedMs }) =>
        `punished: ${orderId}  ${deadline.owner}: ${deadline.exit} after ${seconds(givenMs)}, not after ${seconds(owedMs)}`,
    ),
  ];
}
