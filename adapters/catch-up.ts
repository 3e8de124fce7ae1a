// After a crash the event log may be ahead of a workflow, which then refuses what everybody can read to be possible.
// A refusal says which sequence it was judged at (docs/decisions/0002): if the log is further, the order reads its log
// and is asked once more.

import type { OrderId } from '../domain/ids.ts';
import type { OrderEngine } from './order-engine.ts';

/** `recordedSequence`: the last sequence in the event log, for an order that exists. */
export function withCatchUp(
  engine: OrderEngine,
  recordedSequence: (orderId: OrderId) => Promise<number>,
): OrderEngine {
  return {
    ...engine,
    async send(input) {
      const outcome = await engine.send(input);
      const judgedAt = outcome.kind === 'refused' ? outcome.refusal.sequence : undefined;
      if (judgedAt === undefined || (await recordedSequence(input.orderId)) <= judgedAt)
        return outcome;
      await engine.catchUp(input.orderId);
      return engine.send(input);
    },
  };
}
