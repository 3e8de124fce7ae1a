// The thread that plans large rounds: one question at a time, in order. Started by planner.ts.

import { parentPort } from 'node:worker_threads';
import { plan } from '../dispatch/plan.ts';
import type { PlanAnswer, PlanQuestion } from './planner.ts';

parentPort?.on('message', ({ id, input }: PlanQuestion) => {
  parentPort?.postMessage(answerTo(id, input), []);
});
// A question that cannot be read ends the thread, and so fails its round.
parentPort?.on('messageerror', (error) => {
  throw error;
});

function answerTo(id: number, input: PlanQuestion['input']): PlanAnswer {
  try {
    return { id, plan: plan(input) };
  } catch (error) {
    return { id, error };
  }
}
