// Closed-loop windows: so many lanes work without pause, and what is finished while the window is open counts.

import { setTimeout as delay } from 'node:timers/promises';

export type Window = {
  /** Finished per second while it was open. */
  readonly perSecond: number;
  readonly finished: number;
  readonly durationMs: number;
};

/**
 * Lanes start, get out of step for `leadMs`, then the window is open for `openMs`; what is under way at its end is
 * finished but not counted. The first error ends the window and is thrown. `around` is called at both edges.
 */
export async function runWindow<L>(wish: {
  readonly lanes: readonly L[];
  readonly leadMs: number;
  readonly openMs: number;
  readonly work: (lane: L) => Promise<unknown>;
  readonly around?: (edge: 'opens' | 'closes') => void;
}): Promise<Window> {
  let finished = 0;
  const closing = new AbortController();
  const runs = wish.lanes.map(async (lane) => {
    while (!closing.signal.aborted) {
      await wish.work(lane);
      finished += 1;
    }
  });
  const all = Promise.all(runs);
  const failure = all.then(() => undefined);
  try {
    await Promise.race([delay(wish.leadMs), failure]);
    wish.around?.('opens');
    const [start, before] = [performance.now(), finished];
    await Promise.race([delay(wish.openMs), failure]);
    wish.around?.('closes');
    const durationMs = performance.now() - start;
    const count = finished - before;
    return { perSecond: (count * 1_000) / durationMs, finished: count, durationMs };
  } finally {
    closing.abort();
    await all;
  }
}

/** The same lanes until `count` have been finished; the first error is thrown. `onEach` gets the number so far. */
export async function runCount<L>(wish: {
  readonly lanes: readonly L[];
  readonly count: number;
  readonly work: (lane: L) => Promise<unknown>;
  readonly onEach?: (finished: number) => void;
}): Promise<void> {
  let [begun, finished] = [0, 0];
  const run = async (lane: L): Promise<void> => {
    while (begun < wish.count) {
      begun += 1;
      await wish.work(lane);
      finished += 1;
      wish.onEach?.(finished);
    }
  };
  await Promise.all(wish.lanes.map(run));
}
