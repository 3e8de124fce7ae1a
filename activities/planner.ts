// plan() for a process that has other things to do: a large round is planned in a thread of its own, so that orders
// are served meanwhile; what stays here is copying the question and the answer. Called by dispatch.ts.

import { Worker } from 'node:worker_threads';
import type { Plan } from '../dispatch/decision.ts';
import { plan, type PlanInput } from '../dispatch/plan.ts';

export type PlanQuestion = { readonly id: number; readonly input: PlanInput };
export type PlanAnswer =
  | { readonly id: number; readonly plan: Plan }
  | { readonly id: number; readonly error: unknown };

/** Orders × drivers. A round below takes about as long as sending it away. */
const smallRound = 10_000;

type Asked = {
  readonly resolve: (plan: Plan) => void;
  readonly reject: (error: unknown) => void;
};

export function createPlanner() {
  const asked = new Map<number, Asked>();
  let thread: Worker | undefined;
  let count = 0;

  function lose(lost: Worker, error: Error): void {
    if (thread !== lost) return;
    thread = undefined;
    for (const { reject } of asked.values()) reject(error);
    asked.clear();
  }

  function start(): Worker {
    const started = new Worker(new URL('./plan-thread.ts', import.meta.url));
    // The process need not stay for it.
    started.unref();
    started.on('message', (answer: PlanAnswer) => {
      const waiting = asked.get(answer.id);
      asked.delete(answer.id);
      if ('plan' in answer) waiting?.resolve(answer.plan);
      else waiting?.reject(answer.error);
    });
    started.on('error', (error) => lose(started, error));
    // Whose answer it was cannot be told.
    started.on('messageerror', (error) => {
      lose(started, error);
      void started.terminate();
    });
    started.on('exit', (code) => lose(started, new Error(`the planning thread ended: ${code}`)));
    return started;
  }

  return {
    /** The same plan as plan(), wherever it is made; a thread that dies fails its rounds, the next one has a new thread. */
    async plan(input: PlanInput): Promise<Plan> {
      const { orders, drivers } = input.snapshot;
      if (orders.length * drivers.length < smallRound) return plan(input);
      thread ??= start();
      const to = thread;
      count += 1;
      const id = count;
      return new Promise((resolve, reject) => {
        to.postMessage({ id, input } satisfies PlanQuestion, []);
        asked.set(id, { resolve, reject });
      });
    },
    async close(): Promise<void> {
      await thread?.terminate();
    },
  };
}
