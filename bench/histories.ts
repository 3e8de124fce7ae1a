// What a workflow's history says about its cost: its shape (events by type) and its billable actions, counted by
// the engine's published rules. Pure; ratio compares shapes, cost checks the rules against the server's own counter.
// Rules: https://docs.temporal.io/cloud/actions

import proto from '@temporalio/proto';

const { EventType } = proto.temporal.api.enums.v1;
export type History = proto.temporal.api.history.v1.IHistory;
type HistoryEvent = proto.temporal.api.history.v1.IHistoryEvent;

/** How many events of each type, under the type's short name (`TIMER_STARTED`). */
export type Shape = Readonly<Record<string, number>>;

export const nameOf = ({ eventType }: HistoryEvent): string =>
  (EventType[eventType ?? 0] ?? 'UNSPECIFIED').replace(/^EVENT_TYPE_/, '');

export function shapeOf({ events }: History): Shape {
  const counts: Record<string, number> = {};
  for (const event of events ?? []) counts[nameOf(event)] = (counts[nameOf(event)] ?? 0) + 1;
  return counts;
}

/** The shape that most of them have; the first met among equals. Undefined for none. */
export function commonShape(shapes: readonly Shape[]): Shape | undefined {
  const byText = new Map<string, { readonly shape: Shape; count: number }>();
  for (const shape of shapes) {
    const text = JSON.stringify(Object.entries(shape).toSorted(([a], [b]) => a.localeCompare(b)));
    const known = byText.get(text);
    if (known) known.count += 1;
    else byText.set(text, { shape, count: 1 });
  }
  return [...byText.values()].toSorted((a, b) => b.count - a.count)[0]?.shape;
}

/** One line per event type of which the two do not have the same number. */
export function differences(ours: Shape, bare: Shape): readonly string[] {
  const names = [...new Set([...Object.keys(ours), ...Object.keys(bare)])].toSorted();
  return names
    .filter((name) => (ours[name] ?? 0) !== (bare[name] ?? 0))
    .map((name) => `${name}: ours ${ours[name] ?? 0}, bare ${bare[name] ?? 0}`);
}

export const sizeOf = (shape: Shape): number => Object.values(shape).reduce((a, b) => a + b, 0);

/** Billable actions by kind. All local activities of one workflow task are one action. */
export type Actions = Readonly<Record<string, number>>;

const actionOf: Readonly<Record<string, string>> = {
  WORKFLOW_EXECUTION_STARTED: 'start',
  WORKFLOW_EXECUTION_SIGNALED: 'signal',
  WORKFLOW_EXECUTION_UPDATE_ACCEPTED: 'update',
  TIMER_STARTED: 'timer',
  ACTIVITY_TASK_SCHEDULED: 'activity',
  UPSERT_WORKFLOW_SEARCH_ATTRIBUTES: 'search_attributes',
  SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_INITIATED: 'external_signal',
};

export function billableActions({ events }: History): Actions {
  const counts: Record<string, number> = {};
  const add = (kind: string, count = 1): void => {
    if (count > 0) counts[kind] = (counts[kind] ?? 0) + count;
  };
  const tasksWithLocalActivities = new Set<string>();
  for (const event of events ?? []) {
    const kind = actionOf[nameOf(event)];
    if (kind) add(kind);
    add('activity_retry', (event.activityTaskStartedEventAttributes?.attempt ?? 1) - 1);
    const marker = event.markerRecordedEventAttributes;
    if (marker?.markerName === 'core_local_activity') {
      tasksWithLocalActivities.add(String(marker.workflowTaskCompletedEventId));
    }
    if (nameOf(event) === 'START_CHILD_WORKFLOW_EXECUTION_INITIATED') add('child_workflow', 2);
  }
  add('local_activities', tasksWithLocalActivities.size);
  return counts;
}

export const totalOf = (actions: Actions): number =>
  Object.values(actions).reduce((total, count) => total + count, 0);

export function sumOf(all: readonly Actions[]): Actions {
  const sum: Record<string, number> = {};
  for (const actions of all) {
    for (const [kind, count] of Object.entries(actions)) sum[kind] = (sum[kind] ?? 0) + count;
  }
  return sum;
}
