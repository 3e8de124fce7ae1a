// The city's one clock: a minute of the city takes 60 s ÷ speed of real time, from a fixed beginning.
// Every robot waits on it and on nothing else. While it is paused no minute passes.

import { setTimeout as delay } from 'node:timers/promises';

const farMs = 2 ** 31 - 1;

export type CityClock = {
  readonly speed: number;
  /** The minute of the city's day, with its fraction. */
  readonly minute: () => number;
  /** Epoch milliseconds of a minute, as if the clock were never paused again. */
  readonly realAt: (minute: number) => number;
  readonly minuteAt: (epochMs: number) => number;
  /** False when the signal ended the wait. */
  readonly waitUntil: (minute: number, signal?: AbortSignal) => Promise<boolean>;
  readonly pause: () => void;
  readonly resume: () => void;
};

/** At `startedAt` (epoch ms) it shows `startMinute`. */
export function createClock({
  speed,
  startMinute,
  startedAt,
}: {
  readonly speed: number;
  readonly startMinute: number;
  readonly startedAt: number;
}): CityClock {
  const minuteMs = 60_000 / speed;
  // The clock showed `shown` at `since`.
  let [shown, since] = [startMinute, startedAt];
  let resumed: PromiseWithResolvers<void> | undefined;
  const minuteAt = (epochMs: number): number => shown + (epochMs - since) / minuteMs;
  const minute = (): number => (resumed === undefined ? minuteAt(Date.now()) : shown);
  const realAt = (at: number): number =>
    (resumed === undefined ? since : Date.now()) + (at - shown) * minuteMs;
  async function waitUntil(target: number, signal?: AbortSignal): Promise<boolean> {
    const abortable = signal === undefined ? {} : { signal };
    for (;;) {
      if (signal?.aborted === true) return false;
      const waitMs = realAt(target) - Date.now();
      if (waitMs <= 0) return true;
      const passed =
        resumed === undefined
          ? delay(waitMs, true, abortable)
          : Promise.race([
              resumed.promise.then(() => true),
              delay(farMs, true, { ...abortable, ref: false }),
            ]);
      if (!(await passed.catch(() => false))) return false;
    }
  }
  return {
    speed,
    minute,
    realAt,
    minuteAt,
    waitUntil,
    pause() {
      if (resumed !== undefined) return;
      [shown, since] = [minute(), Date.now()];
      resumed = Promise.withResolvers();
    },
    resume() {
      since = Date.now();
      resumed?.resolve();
      resumed = undefined;
    },
  };
}
