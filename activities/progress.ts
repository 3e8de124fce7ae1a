// The progress of a long activity, kept by the engine with its heartbeats: an attempt after a lost worker gets it back.

import { Context } from '@temporalio/activity';

export const heartbeats = <T>() => ({
  last: (): T | undefined => Context.current().info.heartbeatDetails as T | undefined,
  keep: (progress: T): void => Context.current().heartbeat(progress),
});
