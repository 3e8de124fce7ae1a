// What the city's clients were told, as JSON lines: every answer that promises something (201, 202, and
// 200 to a command), and every event that a merchant received. The audit compares it with the books of
// the system. Lines are written before a robot acts on the answer.

import { createWriteStream } from 'node:fs';
import type { SupportDeed } from './plan.ts';

export type ClientLogLine =
  /** One run of the city. */
  | {
      readonly kind: 'day';
      readonly at: string;
      readonly marketId: string;
      readonly merchantIds: readonly string[];
    }
  /** The city went home: its merchants have read the feed to its end. A day that was cut off has none. */
  | { readonly kind: 'day_ended'; readonly merchantIds: readonly string[] }
  | {
      readonly kind: 'answer';
      readonly at: string;
      readonly action: ClientAction;
      readonly status: number;
      readonly orderId: string;
      readonly idempotencyKey: string;
      readonly externalId?: string;
    }
  | {
      readonly kind: 'event';
      readonly merchantId: string;
      readonly orderId: string;
      readonly sequence: number;
    };

export type ClientAction =
  | 'place'
  | 'accept'
  | 'ready'
  | 'cancel'
  | 'payment'
  | 'pick-up'
  | 'deliver'
  | 'abandon'
  | 'deny'
  | 'approve-prescription'
  | 'reject-prescription'
  | 'shortages'
  | 'shortage-answer'
  | 'hand-over'
  | 'remittance'
  | 'arrive-at-pickup'
  | 'fail-pickup'
  | 'arrive-at-dropoff'
  | 'contact'
  | 'fail-dropoff'
  | 'problem'
  | 'arrive-at-return'
  | 'complete-return'
  | SupportDeed;

export type ClientLog = {
  readonly write: (line: ClientLogLine) => void;
  readonly close: () => Promise<void>;
};

/** Appends to `file`. */
export function openClientLog(file: string): ClientLog {
  const stream = createWriteStream(file, { flags: 'a' });
  return {
    write: (line) => void stream.write(`${JSON.stringify(line)}\n`),
    close: () => new Promise((resolve) => stream.end(resolve)),
  };
}
