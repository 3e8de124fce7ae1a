// One dispatch round on the rows of a test's market, with an engine and positions as the test wants them.

import { pino } from 'pino';
import { createDispatchActivities } from '../../activities/dispatch.ts';
import type { OrderEngine, Outcome } from '../../adapters/order-engine.ts';
import type { DriverId } from '../../domain/ids.ts';
import type { Market } from '../db/market.ts';

export type Sent = Parameters<OrderEngine['send']>[0];

type Scene = {
  readonly market: Market;
  readonly now: () => number;
  /** What is sent to orders, and the channels that are hinted, are added here. */
  readonly sent: Sent[];
  readonly hinted: string[];
};

export type Options = {
  readonly answer?: (message: Sent) => Outcome | Promise<Outcome>;
  readonly crashAt?: string;
  readonly live?: ReadonlyMap<DriverId, { lat: number; lng: number; at: number }>;
};

const log = pino({ level: 'silent' });
const done: Outcome = { kind: 'done', answer: { status: 'PREPARING', sequence: 1 } };

export const playRound = (
  { market, now, sent, hinted }: Scene,
  { answer = () => done, crashAt, live = new Map() }: Options = {},
) =>
  createDispatchActivities({
    db: market.db,
    log,
    now,
    engine: {
      async send(message) {
        sent.push(message);
        return answer(message);
      },
    },
    redis: {
      hint: async (channel) => void hinted.push(channel),
      readPositions: async () => live,
    },
    crashPoint: (name) => {
      if (name === crashAt) throw new Error(`killed at ${name}`);
    },
  }).dispatchRound({ marketId: market.marketId });
