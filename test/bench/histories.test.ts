// Counting a history: its shape and its billable actions. The rules are those that the server's own counter follows;
// `npm run bench -- --mode cost` compares the two on real orders.

import proto from '@temporalio/proto';
import { describe, expect, test } from 'vitest';
import {
  billableActions,
  commonShape,
  differences,
  shapeOf,
  sizeOf,
  totalOf,
  type History,
} from '../../bench/histories.ts';
import { actionsBetween, actionsIn } from '../../bench/meters.ts';

const { EventType } = proto.temporal.api.enums.v1;
type Name = keyof typeof EventType;

const event = (name: string, attributes: object = {}) => ({
  eventType: EventType[`EVENT_TYPE_${name}` as Name],
  ...attributes,
});
const history = (...events: readonly object[]): History => ({ events: [...events] });
const localActivity = (taskId: number) =>
  event('MARKER_RECORDED', {
    markerRecordedEventAttributes: {
      markerName: 'core_local_activity',
      workflowTaskCompletedEventId: taskId,
    },
  });

describe('billableActions', () => {
  test('start, signal, update, timer, activity and upsert are one each; tasks and completions are free', () => {
    const actions = billableActions(
      history(
        event('WORKFLOW_EXECUTION_STARTED'),
        event('WORKFLOW_TASK_SCHEDULED'),
        event('WORKFLOW_TASK_STARTED'),
        event('WORKFLOW_TASK_COMPLETED'),
        event('WORKFLOW_EXECUTION_UPDATE_ACCEPTED'),
        event('WORKFLOW_EXECUTION_UPDATE_COMPLETED'),
        event('WORKFLOW_EXECUTION_SIGNALED'),
        event('TIMER_STARTED'),
        event('TIMER_FIRED'),
        event('ACTIVITY_TASK_SCHEDULED'),
        event('ACTIVITY_TASK_COMPLETED'),
        event('UPSERT_WORKFLOW_SEARCH_ATTRIBUTES'),
        event('WORKFLOW_EXECUTION_COMPLETED'),
      ),
    );
    expect(actions).toEqual({
      start: 1,
      update: 1,
      signal: 1,
      timer: 1,
      activity: 1,
      search_attributes: 1,
    });
    expect(totalOf(actions)).toBe(6);
  });

  test('all local activities of one workflow task are one; other markers are none', () => {
    const other = event('MARKER_RECORDED', {
      markerRecordedEventAttributes: { markerName: 'Version', workflowTaskCompletedEventId: 9 },
    });
    const actions = billableActions(
      history(localActivity(4), localActivity(4), localActivity(8), other),
    );
    expect(actions).toEqual({ local_activities: 2 });
  });

  test('every further attempt of an activity is one more; a child is two', () => {
    const started = event('ACTIVITY_TASK_STARTED', {
      activityTaskStartedEventAttributes: { attempt: 3 },
    });
    const child = event('START_CHILD_WORKFLOW_EXECUTION_INITIATED');
    expect(billableActions(history(event('ACTIVITY_TASK_SCHEDULED'), started, child))).toEqual({
      activity: 1,
      activity_retry: 2,
      child_workflow: 2,
    });
  });
});

describe('shapes', () => {
  const plain = shapeOf(history(event('TIMER_STARTED'), event('TIMER_STARTED')));
  const fired = shapeOf(history(event('TIMER_STARTED'), event('TIMER_FIRED')));

  test('count events by type', () => {
    expect(plain).toEqual({ TIMER_STARTED: 2 });
    expect(sizeOf(plain)).toBe(2);
  });

  test('the common one is what most have, whatever the order of its events', () => {
    const turned = { TIMER_FIRED: 1, TIMER_STARTED: 1 };
    expect(commonShape([plain, fired, turned])).toEqual(fired);
    expect(commonShape([])).toBeUndefined();
  });

  test('differ in lines that name the type and both numbers', () => {
    expect(differences(plain, plain)).toEqual([]);
    expect(differences(plain, fired)).toEqual([
      'TIMER_FIRED: ours 0, bare 1',
      'TIMER_STARTED: ours 2, bare 1',
    ]);
  });
});

const line = (type: string, namespace: string, count: number): string =>
  `action{action_type="${type}",namespace="${namespace}",operation="x",service_name="frontend"} ${count}`;

describe("the server's counter", () => {
  test('is summed by type for one namespace; other metrics are left out', () => {
    const text = [
      '# TYPE action counter',
      line('command_StartTimer', 'default', 3),
      line('command_StartTimer', 'default', 4),
      line('command_StartTimer', 'temporal_system', 50),
      'actions_other{action_type="x",namespace="default"} 9',
    ].join('\n');
    expect(actionsIn(text, 'default')).toEqual({ command_StartTimer: 7 });
  });

  test('is compared by what has moved', () => {
    expect(actionsBetween({ a: 1, b: 2 }, { a: 1, b: 5, c: 1 })).toEqual({ b: 3, c: 1 });
  });
});
