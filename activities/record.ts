// The order's own write, and the hints that follow it. Called by workflows/life.ts.

import type { Logger } from '../log.ts';
import type { Db } from '../db/connect.ts';
import { record as write } from '../db/record.ts';
import type { MarketId } from '../domain/ids.ts';
import type { RecordActivities } from './contract.ts';
import type { CrashPoint } from '../adapters/crash-point.ts';
import type { Recorded, RecordInput } from '../domain/step.ts';

type Dependencies = {
  readonly db: Db;
  readonly log: Logger;
  readonly crashPoint: CrashPoint;
  /** A subscriber may look at once; losing the hint costs only time. */
  readonly hint: (channel: string) => Promise<void>;
  readonly wakeDispatcher: (marketId: MarketId) => Promise<void>;
};

export function createRecordActivities(deps: Dependencies): RecordActivities {
  const { db, crashPoint } = deps;
  return {
    async record(input: RecordInput): Promise<Recorded> {
      const tags = tagsOf(input);
      await crashPoint('record:before', tags);
      const recorded = await write(db, input);
      await crashPoint('record:after-commit', tags);
      void tellOthers(deps, input);
      return recorded;
    },
  };
}

/** For crash points: the event types, whose doing it is (`exit:expire`, `answer:capture`), the order and its merchant. */
function tagsOf({ commandId, events, facts }: RecordInput): readonly string[] {
  const [kind = '', name = '', step = ''] = commandId.split(':');
  return [
    ...events.map((event) => event.type),
    `${kind}:${kind === 'answer' ? step : name}`,
    facts.orderId,
    facts.merchantId,
  ];
}

/** A search that starts later than a sleeping dispatcher's next look needs no wake. */
const needsDispatcher = ({ events, facts, at }: RecordInput): boolean =>
  events.some(
    (event) =>
      event.type === 'delivery.released' ||
      // Without the partner fleet the search goes on.
      event.type === 'delivery.partner_declined' ||
      event.type === 'delivery.partner_cancelled' ||
      (event.type === 'delivery.created' && event.releaseAt - at < facts.policy.dispatchIdleMs),
  );

async function tellOthers(
  { hint, wakeDispatcher, log }: Dependencies,
  input: RecordInput,
): Promise<void> {
  const { facts } = input;
  try {
    await Promise.all([
      hint(`merchant:${facts.merchantId}`),
      needsDispatcher(input) ? wakeDispatcher(facts.marketId) : undefined,
    ]);
  } catch (error) {
    log.debug({ err: error, order_id: facts.orderId }, 'a hint was lost');
  }
}
