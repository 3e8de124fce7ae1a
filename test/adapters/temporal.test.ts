// What the engine's errors mean to a caller, against a gRPC server that answers as told.

import { Server, ServerCredentials, status, type handleUnaryCall } from '@grpc/grpc-js';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, expect, test, vi } from 'vitest';
import { createTemporalEngine } from '../../adapters/temporal.ts';
import { newId } from '../../db/new-id.ts';

const closing: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

const raw = (value: Buffer): Buffer => value;
const definition = (name: string) => ({
  path: `/temporal.api.workflowservice.v1.WorkflowService/${name}`,
  requestStream: false as const,
  responseStream: false as const,
  requestSerialize: raw,
  requestDeserialize: raw,
  responseSerialize: raw,
  responseDeserialize: raw,
});

const info: handleUnaryCall<Buffer, Buffer> = (_call, reply) => reply(null, Buffer.alloc(0));

/** A frontend that answers every update with this status and these words. */
async function frontend(code: number, details: string, at = 0): Promise<string> {
  const server = new Server();
  const update: handleUnaryCall<Buffer, Buffer> = (_call, reply) => reply({ code, details });
  server.addService(
    {
      GetSystemInfo: definition('GetSystemInfo'),
      UpdateWorkflowExecution: definition('UpdateWorkflowExecution'),
    },
    { GetSystemInfo: info, UpdateWorkflowExecution: update },
  );
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync(`127.0.0.1:${at}`, ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });
  closing.push(() => server.forceShutdown());
  return `127.0.0.1:${port}`;
}

function accept(address: string) {
  const engine = createTemporalEngine({ address, namespace: 'default' });
  closing.push(() => engine.close());
  return engine.send({
    orderId: newId('order'),
    command: { kind: 'accept' },
    actor: { kind: 'merchant', id: 'key_test' },
    commandId: 'cmd_1',
    deadlineMs: 1_500,
  });
}

test.for([
  [status.NOT_FOUND, 'told so', { kind: 'not_running' }],
  [status.INTERNAL, 'told so', { kind: 'unknown' }],
  [status.PERMISSION_DENIED, 'told so', { kind: 'unknown' }],
  [
    status.FAILED_PRECONDITION,
    'Workflow is paused. Cannot update the workflow.',
    { kind: 'paused' },
  ],
  // Stored as the answer to the client's key, it would outlive the repair.
  [
    status.FAILED_PRECONDITION,
    'Unable to perform workflow execution update due to Workflow Task in failed state.',
    { kind: 'unknown' },
  ],
] as const)('gRPC status %s, %s, is no crash', async ([code, details, outcome]) => {
  expect(await accept(await frontend(code, details))).toMatchObject(outcome);
});

test('a server that cannot be reached is an outage, in bounded time', async () => {
  const startedAt = Date.now();
  expect((await accept('127.0.0.1:1')).kind).toMatch(/unavailable|unknown/);
  expect(Date.now() - startedAt).toBeLessThan(6_000);
});

test('an engine that was away for long is used again at once', { timeout: 20_000 }, async () => {
  const address = await frontend(status.INTERNAL, 'told so');
  const port = Number(address.split(':')[1]);
  const engine = createTemporalEngine({ address, namespace: 'default' });
  closing.push(() => engine.close());
  await engine.ping(1_000);
  await closing.shift()?.();
  const awayUntil = Date.now() + 6_500;
  while (Date.now() < awayUntil) {
    await expect(engine.ping(200)).rejects.toHaveProperty('code');
    await delay(100);
  }
  await frontend(status.INTERNAL, 'told so', port);
  await vi.waitFor(() => engine.ping(300), { timeout: 1_500, interval: 50 });
});
