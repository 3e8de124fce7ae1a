// A large round leaves the event loop to others, and its plan is the same.

import { once } from 'node:events';
import type { Worker } from 'node:worker_threads';
import { afterEach, expect, test } from 'vitest';
import { createPlanner } from '../../activities/planner.ts';
import { marketOf } from '../../bench/rounds.ts';
import { inputHashOf } from '../../dispatch/hash.ts';
import { plan } from '../../dispatch/plan.ts';
import { defaultPolicy } from '../../domain/policy.ts';
import { createRandom } from '../../sandbox/city/random.ts';

const planner = createPlanner();
afterEach(() => planner.close());

const inputOf = (orders: number, drivers: number, seed: number) => ({
  snapshot: marketOf({ orders, drivers }, createRandom(seed)),
  policy: defaultPolicy,
  seed,
});

/** How often the event loop came round meanwhile. */
async function turnsDuring(work: Promise<unknown>): Promise<number> {
  const seen = { turns: 0, isDone: false };
  const finished = work.finally(() => (seen.isDone = true));
  while (!seen.isDone) {
    await new Promise((resolve) => setImmediate(resolve));
    seen.turns += 1;
  }
  await finished;
  return seen.turns;
}

test('a large round is planned beside the event loop, as it would be in it', async () => {
  const inputs = [1, 2].map((seed) => inputOf(300, 300, seed));
  const asked = Promise.all(inputs.map((input) => planner.plan(input)));
  expect(await turnsDuring(asked)).toBeGreaterThan(20);
  expect((await asked).map(inputHashOf)).toEqual(inputs.map((input) => inputHashOf(plan(input))));
});

test('a small round is planned at once', async () => {
  const input = inputOf(20, 40, 3);
  expect(await turnsDuring(planner.plan(input))).toBeLessThan(3);
  expect(inputHashOf(await planner.plan(input))).toBe(inputHashOf(plan(input)));
});

test('a thread that dies fails its round, and the next one has another', async () => {
  const input = inputOf(300, 300, 4);
  const lost = planner.plan(input);
  await planner.close();
  await expect(lost).rejects.toThrow('the planning thread ended');
  expect(inputHashOf(await planner.plan(input))).toBe(inputHashOf(plan(input)));
});

test('an answer that cannot be read fails its round, and the next one has another thread', async () => {
  const input = inputOf(300, 300, 6);
  const started = once(process, 'worker') as Promise<[Worker]>;
  const lost = planner.plan(input);
  const [thread] = await started;
  const ended = once(thread, 'exit');
  thread.emit('messageerror', new Error('the copy cannot be read'));
  await expect(lost).rejects.toThrow('the copy cannot be read');
  await ended;
  expect(inputHashOf(await planner.plan(input))).toBe(inputHashOf(plan(input)));
});

test('a round that cannot be planned says why', async () => {
  const { snapshot, ...rest } = inputOf(300, 300, 5);
  const [first, ...drivers] = snapshot.drivers;
  if (!first) throw new Error('there is no driver');
  const broken = { ...first, route: [{ kind: 'pickup', orderId: 'ord_1', place: first.place }] };
  await expect(
    planner.plan({ ...rest, snapshot: { ...snapshot, drivers: [broken, ...drivers] } as never }),
  ).rejects.toThrow('never drops off');
});
