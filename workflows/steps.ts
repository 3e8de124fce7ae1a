// Money that moves beside the orders: its row knows how far it has come, a workflow only keeps it going. It takes the row
// to its next state, and looks again when there is news or the time has come.

import {
  CancellationScope,
  condition,
  defineSignal,
  setCurrentDetails,
  setHandler,
} from '@temporalio/workflow';

type Step = { readonly status: string; readonly isOver: boolean; readonly waitMs: number };

type Steps<S extends Step> = {
  /** `Refund \`rfd_…\``: for people. */
  readonly what: string;
  /** There is news. */
  readonly signal: string;
  readonly waitsFor: string;
  readonly advance: () => Promise<S>;
};

export async function untilOver<S extends Step>({
  what,
  signal,
  waitsFor,
  advance,
}: Steps<S>): Promise<S> {
  let news = false;
  setHandler(defineSignal(signal), () => void (news = true));
  return CancellationScope.nonCancellable(async () => {
    for (;;) {
      news = false;
      const step = await advance();
      setCurrentDetails(`${what} is **${step.status}**.`);
      if (step.isOver) return step;
      const summary = `${waitsFor} (${step.status})`;
      await condition(() => news, Math.max(1, step.waitMs), { summary });
    }
  });
}
