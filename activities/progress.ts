// Heartbeats: an activity whose worker was lost is given to another one at once, and goes on where the last one was.

import { Context } from '@temporalio/activity';

export const heartbeats = <T>() => ({
  last: (): T | undefined => Context.current().info.heartbeatDetails as T | undefined,
  keep: (progress: T): void => Context.current().heartbeat(progress),
});

const betweenBeatsMs = 5_000;

/** An activity that is seen to be alive while it runs. */
export async function alive<T>(work: () => Promise<T>): Promise<T> {
  const context = Context.current();
  const beating = setInterval(() => context.heartbeat(), betweenBeatsMs);
  try {
    return await work();
  } finally {
    clearInterval(beating);
  }
}
