// A worker of another release: its orders begin with a timer that today's code does not know, so today's workers fail
// on their histories. That is what a broken workflow is; nothing is faked but the release.

import { bundleWorkflowCode, DefaultLogger, NativeConnection, Worker } from '@temporalio/worker';
import { inject } from 'vitest';
import { createPaymentActivities } from '../../activities/payments.ts';
import { createRecordActivities } from '../../activities/record.ts';
import { createStripeGateway } from '../../adapters/stripe.ts';
import { createLog } from '../../log.ts';
import type { Stack } from './stack.ts';

const workflowsPath = new URL('other-release.ts', import.meta.url).pathname;

/** Runs beside nothing: stop the stack's own worker first. */
export async function startOtherRelease(
  stack: Pick<Stack, 'db' | 'namespace' | 'stripe'>,
): Promise<{ readonly stop: () => Promise<void> }> {
  const logger = new DefaultLogger('WARN');
  const workflowBundle = await bundleWorkflowCode({ workflowsPath, logger });
  const connection = await NativeConnection.connect({ address: inject('temporalAddress') });
  const needs = { connection, namespace: stack.namespace, activities: activitiesOf(stack) };
  const workers = await Promise.all([
    Worker.create({ ...needs, taskQueue: 'orders', workflowBundle }),
    Worker.create({ ...needs, taskQueue: 'payments' }),
  ]);
  const runs = workers.map((worker) => worker.run());
  return {
    async stop() {
      for (const worker of workers) worker.shutdown();
      await Promise.all(runs);
      await connection.close();
    },
  };
}

const crashPoint = (): void => undefined;
const nothing = async (): Promise<void> => undefined;

function activitiesOf({ db, stripe }: Pick<Stack, 'db' | 'stripe'>) {
  const log = createLog({ name: 'other-release', level: 'silent' });
  const gateway = createStripeGateway({
    secretKey: 'sk_test_waybill',
    apiBase: stripe.url,
    webhookSecret: 'whsec_unused',
  });
  return {
    ...createRecordActivities({ db, log, crashPoint, hint: nothing, wakeDispatcher: nothing }),
    ...createPaymentActivities({ gateway, db, crashPoint }),
  };
}
