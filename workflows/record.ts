// Appending a step to the event log: a local activity, and when that does not succeed within seconds, the same
// function as a regular activity, retried without end.

import { proxyActivities, proxyLocalActivities, TemporalFailure } from '@temporalio/workflow';
import type { RecordActivities } from '../activities/contract.ts';
import type { Actor, OrderEvent, OrderEventBody } from '../domain/events.ts';
import { fold } from '../domain/evolve.ts';
import type { DriverId } from '../domain/ids.ts';
import type { OrderState } from '../domain/order.ts';
import { rowOf } from '../domain/view.ts';
import type { RecordInput } from '../domain/step.ts';

const quickly = {
  startToCloseTimeout: '3s',
  scheduleToCloseTimeout: '3s',
  retry: { initialInterval: '50ms', maximumInterval: '500ms', maximumAttempts: 5 },
} as const;

const patient = proxyActivities<RecordActivities>({
  startToCloseTimeout: '15s',
  retry: { initialInterval: '500ms', maximumInterval: '15s' },
  summary: 'write down what happened (the database was slow)',
});

type StepToStore = {
  readonly commandId: string;
  readonly actor: Actor;
  readonly events: readonly OrderEventBody[];
};

/** What is stored from the next sequence on: these events, or what was there already. */
export async function append(
  state: OrderState,
  { commandId, actor, events }: StepToStore,
): Promise<readonly OrderEvent[]> {
  const at = Date.now();
  const expectedSequence = state.sequence + 1;
  const stamped = events.map((event, i) => ({
    ...event,
    sequence: expectedSequence + i,
    at,
    actor,
    commandId,
  }));
  const recorded = await record({
    facts: state.facts,
    expectedSequence,
    commandId,
    actor,
    at,
    events,
    previousDriverId:
      'driverId' in state.delivery ? state.delivery.driverId : (undefined as DriverId | undefined),
    row: rowOf(fold(state, stamped)),
  });
  return recorded.kind === 'stored' ? stamped : recorded.events;
}

async function record(input: RecordInput): ReturnType<RecordActivities['record']> {
  const quick = proxyLocalActivities<RecordActivities>({ ...quickly, summary: summaryOf(input) });
  try {
    return await quick.record(input);
  } catch (error) {
    // Replayed from its marker, the failure is not wrapped as it was when it happened.
    if (!(error instanceof TemporalFailure)) throw error;
    return patient.record(input);
  }
}

/** Temporal's limit of a summary. */
const summaryBytes = 200;

const summaryOf = ({ events }: RecordInput): string =>
  events.length === 0
    ? 'read the event log'
    : events
        .map((event) => event.type)
        .join(', ')
        .slice(0, summaryBytes);
