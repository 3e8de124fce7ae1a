// What `npm start` is made of, without the services: its options, its watch over child processes, and how
// it counts what the engine bills.

import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import proto from '@temporalio/proto';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { difficult, obliging, ordinary } from '../../sandbox/city/moods.ts';
import { actionsIn, sumActions } from '../../scripts/start/cost.ts';
import { readOptions } from '../../scripts/start/options.ts';
import { supervise, type ChildWish } from '../../scripts/start/supervisor.ts';

describe('options', () => {
  it('have defaults for a generated day and for an instance', () => {
    expect(readOptions([])).toMatchObject({
      once: false,
      speed: 80,
      seed: 1,
      orders: 90,
      moods: ordinary,
    });
    expect(readOptions(['--instance', 'x', '--from', '09:30', '--to', '600'])).toMatchObject({
      speed: 60,
      from: 570,
      to: 600,
      moods: obliging,
    });
    expect(readOptions(['--help'])).toBeUndefined();
  });

  it('deal the fates of a generated day only with all moods', () => {
    expect(readOptions(['--moods', 'all'])).toMatchObject({ withFates: true, moods: difficult });
    expect(readOptions([])).toMatchObject({ withFates: false, outageS: undefined });
    expect(readOptions(['--instance', 'x', '--moods', 'all'])).toMatchObject({ withFates: false });
    expect(readOptions(['--outage-s', '300', '--kill-worker-every', '20'])).toMatchObject({
      outageS: 300,
      killWorkerEveryS: 20,
      speed: 40,
    });
  });

  it.each([
    [['--speed', '0'], '--speed must be a number from 0.1 to 200, not "0"'],
    [['--speed', ''], '--speed must be a number'],
    [['--orders', '1.5'], '--orders must be a whole number from 1 to 5000, not "1.5"'],
    [
      ['--instance', 'x', '--from', '9:99'],
      '--from must be minutes of the day or HH:MM, not "9:99"',
    ],
    [['--to', '600'], 'give --instance DIR too'],
    [['--moods', 'some'], '--moods must be none, default or all'],
    [
      ['--moods', 'all', '--orders', '10'],
      /--orders must be at least \d+ with --moods all, not 10/,
    ],
    [['--outage-s', '1'], '--outage-s must be a number from 5 to 3600, not "1"'],
    [['--lie-rate', '0.3'], '--lie-rate must be a number from 0 to 0.2, not "0.3"'],
    [['--currency', 'XXX'], '--currency must be USD or EUR or JPY'],
    [['--currency', 'JPY', '--methods', 'mobile_money'], 'not paid by mobile money'],
    [['--once=1'], '--once'],
    [['extra'], 'extra'],
  ])('refuse %j', (args, message) => {
    expect(() => readOptions(args)).toThrow(message);
  });
});

const marker = (task: number) => ({
  markerRecordedEventAttributes: { workflowTaskCompletedEventId: task as never },
});

describe('billable actions', () => {
  it('are summed over the user’s namespaces of the engine’s counter', () => {
    const text = [
      '# TYPE action counter',
      'action{action_type="command_StartTimer",namespace="default",operation="X"} 12',
      'action{action_type="grpc_StartWorkflowExecution",namespace="default"} 3',
      'action{action_type="grpc_StartWorkflowExecution",namespace="temporal_system"} 2',
      'action_other{namespace="default"} 100',
    ].join('\n');
    expect(sumActions(text)).toBe(15);
  });

  it('are counted in a history: local activities once per workflow task, retries each', () => {
    const { EventType } = proto.temporal.api.enums.v1;
    expect(
      actionsIn([
        { eventType: EventType.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED },
        { eventType: EventType.EVENT_TYPE_WORKFLOW_TASK_SCHEDULED },
        { eventType: EventType.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED },
        marker(4),
        marker(4),
        marker(9),
        { eventType: EventType.EVENT_TYPE_TIMER_STARTED },
        { eventType: EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED },
        { activityTaskStartedEventAttributes: { attempt: 3 } },
      ]),
    ).toBe(8);
  });
});

describe('a child process', () => {
  let folder: string;
  beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), 'waybill-child-'))));
  afterAll(() => rm(folder, { recursive: true }));

  async function wishFor(
    source: string,
  ): Promise<ChildWish & { readonly said: string[]; readonly pids: number[] }> {
    const script = join(folder, `${crypto.randomUUID()}.mjs`);
    await writeFile(script, source);
    const logFile = `${script}.log`;
    const said: string[] = [];
    const pids: number[] = [];
    return {
      name: 'child',
      script,
      logFile,
      said,
      pids,
      say: (line) => void said.push(line),
      record: (_name, pid) => void pids.push(pid),
      isReady: async () => (await readFile(logFile, 'utf8')).includes('ready'),
    };
  }

  it('is started again when it is killed, said and recorded each time, and stays down when stopped', async () => {
    const wish = await wishFor('console.log("ready"); setInterval(() => undefined, 1000);');
    const child = await supervise(wish);
    child.kill('SIGKILL');
    await vi.waitFor(() => expect(wish.pids).toHaveLength(2), { timeout: 5_000 });
    expect(wish.said).toEqual([expect.stringContaining('child ended (SIGKILL); started again')]);
    await child.stop();
    expect(child.restarts()).toBe(1);
    expect(wish.pids).toHaveLength(2);
    await child.start();
    expect(wish.pids).toHaveLength(3);
    await child.stop();
  });

  it('that never becomes ready is named with its log', async () => {
    const wish = await wishFor('process.exit(3);');
    await expect(supervise(wish)).rejects.toThrow(
      `child did not become ready; see ${wish.logFile}`,
    );
    expect(wish.said[0]).toContain('exit code 3');
  });
});
