// The city's one clock: a minute of the city takes 60 s ÷ speed of real time, from a fixed beginning.
// Every robot waits on it and on nothing else.

import { setTimeout as delay } from 'node:timers/promises';

export type CityClock = {
  readonly speed: number;
  /** The minute of the city's day, with its fraction. */
  readonly minute: () => number;
  /** Epoch milliseconds of a minute. */
  readonly realAt: (minute: number) => number;
  readonly minuteAt: (epochMs: number) => number;
  /** False when the signal ended the wait. */
  readonly waitUntil: (minute: number, signal?: AbortSignal) => Promise<boolean>;
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
  const realAt = (minute: number): number => startedAt + (minute - startMinute) * minuteMs;
  const minuteAt = (epochMs: number): number => startMinute + (epochMs - startedAt) / minuteMs;
  return {
    speed,
    minute: () => minuteAt(Date.now()),
    realAt,
    minuteAt,
    async waitUntil(minute, signal) {
      const waitMs = realAt(minute) - Date.now();
      if (signal?.aborted === true) return false;
      if (waitMs <= 0) return true;
      return delay(waitMs, true, signal === undefined ? {} : { signal }).catch(() => false);
    },
  };
}
