// ONE timer per order, re-armed lazily: it rings, the loop looks at the deadline in force and sleeps the rest.
// It is replaced only by an earlier deadline, so most deadlines that pass in time cost nothing.

import { CancellationScope, isCancellation, sleep } from '@temporalio/workflow';
import type { Deadline } from '../domain/lifecycle.ts';

type Armed = { readonly at: number; readonly scope: CancellationScope };

/** Temporal's limit of a summary. */
const summaryBytes = 200;

export function createAlarm() {
  let armed: Armed | undefined;
  let rang = false;

  function arm(deadline: Deadline, now: number): void {
    if (armed && armed.at <= deadline.at) return;
    armed?.scope.cancel();
    const scope = new CancellationScope({ cancellable: true });
    const mine: Armed = { at: deadline.at, scope };
    armed = mine;
    const summary = `${deadline.owner}'s move until then; then ${deadline.says}`.slice(
      0,
      summaryBytes,
    );
    void scope.run(() => ring(mine, { ms: Math.max(1, Math.ceil(deadline.at - now)), summary }));
  }

  async function ring(
    mine: Armed,
    { ms, summary }: { readonly ms: number; readonly summary: string },
  ): Promise<void> {
    try {
      await sleep(ms, { summary });
    } catch (error) {
      // Replaced by an earlier one.
      if (isCancellation(error)) return;
      throw error;
    }
    if (armed === mine) armed = undefined;
    rang = true;
  }

  return {
    arm,
    /** True once per ring. */
    takeRing(): boolean {
      const ringing = rang;
      rang = false;
      return ringing;
    },
  };
}
