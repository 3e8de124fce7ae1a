// What the engine would bill: its own counter `action` over the day, and the orders' share of it, counted
// in their histories by the published rules (docs.temporal.io/cloud/actions). Called by `npm start`.

import proto from '@temporalio/proto';
import type { Engine } from '../audit/load-workflows.ts';

/** Sum of the server's counter over the user's namespaces; undefined where it cannot be read. */
export async function readActions(metricsUrl: string | undefined): Promise<number | undefined> {
  if (metricsUrl === undefined) return undefined;
  try {
    const response = await fetch(metricsUrl, { signal: AbortSignal.timeout(5_000) });
    return sumActions(await response.text());
  } catch {
    return undefined;
  }
}

/** Of Prometheus text, version 0.0.4. The engine's own workflows are not billed. */
export const sumActions = (text: string): number =>
  text
    .split('\n')
    .filter((line) => line.startsWith('action{') && !line.includes('namespace="temporal_system"'))
    .reduce((total, line) => total + Number(line.slice(line.lastIndexOf(' '))), 0);

/** Means over `of` histories. */
export type HistoryCost = {
  readonly events: number;
  readonly actions: number;
  readonly of: number;
};

type HistoryEvent = proto.temporal.api.history.v1.IHistoryEvent;

const { EventType } = proto.temporal.api.enums.v1;
/** One action each. */
const billed: ReadonlySet<number> = new Set([
  EventType.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED,
  EventType.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED,
  EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED,
  EventType.EVENT_TYPE_TIMER_STARTED,
  EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED,
  EventType.EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES,
]);

/** Billable actions in a history: local activities count once per workflow task that ran some. */
export function actionsIn(events: readonly HistoryEvent[]): number {
  const single = events.filter(({ eventType }) => billed.has(eventType ?? 0)).length;
  const retried = events.reduce(
    (all, event) => all + Math.max(0, (event.activityTaskStartedEventAttributes?.attempt ?? 1) - 1),
    0,
  );
  const tasksWithMarkers = new Set(
    events.flatMap(({ markerRecordedEventAttributes: marker }) =>
      marker ? [String(marker.workflowTaskCompletedEventId)] : [],
    ),
  );
  return single + retried + tasksWithMarkers.size;
}

/** Looks at the histories of these orders; those that the engine has forgotten are left out. */
export async function costOf(
  { client }: Engine,
  orderIds: readonly string[],
): Promise<HistoryCost> {
  let events = 0;
  let actions = 0;
  let of = 0;
  for (const id of orderIds) {
    const history = await client.workflow
      .getHandle(`order:${id}`)
      .fetchHistory()
      .catch(() => undefined);
    if (history?.events == null) continue;
    events += history.events.length;
    actions += actionsIn(history.events);
    of += 1;
  }
  return { events: events / Math.max(1, of), actions: actions / Math.max(1, of), of };
}
