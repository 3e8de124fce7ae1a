// The worker of the bare workflow: the options of worker/main.ts except that it has no version (which favours it), task
// queues of its own, empty activities. It tells its parent when a payment's answer is recorded, as ours tells Redis.

import { fileURLToPath } from 'node:url';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import type { BareActivities } from './bare-contract.ts';

const address = process.env['TEMPORAL_ADDRESS'] ?? '';
const namespace = process.env['TEMPORAL_NAMESPACE'] ?? 'default';
const workflowsPath = fileURLToPath(new URL('bare-workflow.ts', import.meta.url));
const authorizedSequence = 2;

const activities: BareActivities = {
  async record({ facts, sequence }) {
    if (sequence === authorizedSequence) process.send?.(facts.orderId);
    return { kind: 'stored' };
  },
  async callProvider() {
    return {
      kind: 'paymentAuthorized',
      providerRef: 'pi_0123456789abcdefghijklmn',
      amountMinor: 2_350,
      captureBefore: 1,
    };
  },
};

async function main(): Promise<void> {
  Runtime.install({
    logger: new DefaultLogger('WARN'),
    telemetryOptions: { logging: { filter: 'WARN', forward: {} } },
  });
  const connection = await NativeConnection.connect({ address });
  const shared = { connection, namespace, activities, shutdownGraceTime: '10s' } as const;
  const workers = await Promise.all([
    Worker.create({
      ...shared,
      taskQueue: 'bare-orders',
      workflowsPath,
      bundlerOptions: { preloadModules: [workflowsPath] },
      maxCachedWorkflows: 400,
      stickyQueueScheduleToStartTimeout: '2s',
    }),
    Worker.create({
      ...shared,
      taskQueue: 'bare-payments',
      maxConcurrentActivityTaskExecutions: 50,
    }),
  ]);
  const stop = (): void => workers.forEach((worker) => worker.shutdown());
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, stop);
  console.log('the bare worker is ready');
  await Promise.all(workers.map((worker) => worker.run()));
  await connection.close();
  process.disconnect?.();
}

await main();
