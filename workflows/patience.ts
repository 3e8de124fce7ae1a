// One call to the outside world, retried by the engine until it is answered or its time is up.

import { ActivityFailure, log } from '@temporalio/workflow';
import type { OrderFacts } from '../domain/order.ts';

type Call = { readonly step: string; readonly key: string; readonly giveUpAt: number };
type Ask<A> = (giveUpAt: number) => Promise<A>;

/** A call is always tried, however late its turn has come. */
const leastMs = 1_000;

/** Undefined: no answer in time. */
export async function askInTime<A>(
  { policy }: OrderFacts,
  call: Call,
  ask: Ask<A>,
): Promise<A | undefined> {
  const { overdueGraceMs, overdueExtensionMs } = policy;
  const giveUpAt = Math.max(call.giveUpAt, Date.now() + leastMs);
  const answer = await answerOf(ask, giveUpAt);
  if (answer !== undefined) return answer;
  // While the engine was away nobody asked: that silence is not theirs.
  const lateMs = Date.now() - giveUpAt;
  const again =
    lateMs > overdueGraceMs
      ? await answerOf(ask, Date.now() + Math.min(lateMs, overdueExtensionMs))
      : undefined;
  if (again === undefined)
    log.error('a call to the outside gave no answer in time', { step: call.step, key: call.key });
  return again;
}

async function answerOf<A>(ask: Ask<A>, giveUpAt: number): Promise<A | undefined> {
  try {
    return await ask(giveUpAt);
  } catch (error) {
    if (error instanceof ActivityFailure) return undefined;
    throw error;
  }
}
