// One sentence and fields, as JSON lines; in colour on a terminal. Never a person's data.

import { pino, type Logger } from 'pino';

export type { Logger } from 'pino';

/** `name` is the process (`api`, `worker`). */
export function createLog({
  name,
  level,
}: {
  readonly name: string;
  readonly level: string;
}): Logger {
  return process.stdout.isTTY
    ? pino({
        name,
        level,
        transport: { target: 'pino-pretty', options: { ignore: 'pid,hostname' } },
      })
    : pino({ name, level, base: { name } });
}
