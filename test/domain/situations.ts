// Every situation that an order can be in, by name: one at least for each reachable combination of the three machines
// (cells.test.ts proves it against the walk).

import type { Command, ExitKind } from '../../domain/messages.ts';
import type { OrderState } from '../../domain/order.ts';
import { after, assign, captured, hour, minute, placedAt, say, type Saying } from './lives.ts';

const exit = (kind: ExitKind): Command => ({ kind });
const then = (before: readonly Saying[], ...more: readonly Saying[]): readonly Saying[] => [
  ...before,
  ...more,
];

const authorizing = [[0, say.place]] as const satisfies readonly Saying[];
const requiresAction = then(authorizing, [1_000, say.requiresAction]);
const checking = then(requiresAction, [2_000, say.check]);
const pending = then(authorizing, [1_000, say.authorized]);
/** The search for a driver starts at minute 6. */
const searching = then(pending, [minute, say.accept]);
const assigned: Saying = [7 * minute, assign(1, placedAt + 12 * minute)];
const confirmed = then(searching, assigned);
const readySearching = then(searching, [6 * minute, say.ready]);
const readyConfirmed = then(readySearching, assigned);
const assumedSearching = then(searching, [26 * minute, exit('assumeReady')]);
const pickedUp = then(readyConfirmed, [12 * minute, say.pickUp]);
const unconfirmed = then(pickedUp, [2 * hour, exit('unconfirm')]);
const delivered = then(pickedUp, [30 * minute, say.deliver]);
const captureFailed = then(delivered, [31 * minute, say.captureFailed]);
const cancelledCapturing = then(searching, [8 * minute, say.cancel]);
const cancelledCaptureFailed = then(cancelledCapturing, [9 * minute, say.captureFailed]);

/** What the provider may answer to a void, behind whatever end. */
const withEnds = (name: string, voiding: readonly Saying[]): Record<string, readonly Saying[]> => ({
  [`${name}, voiding`]: voiding,
  [`${name}, voided`]: then(voiding, [9 * hour, say.voided]),
  [`${name}, written off`]: then(voiding, [99 * hour, say.voidFailed]),
});

const stories: Record<string, readonly Saying[]> = {
  unplaced: [],
  authorizing,
  'authorizing, last card': then(
    authorizing,
    [1_000, say.declined],
    [2_000, say.retry],
    [3_000, say.declined],
    [4_000, say.retry],
  ),
  'requires action': requiresAction,
  checking,
  'checking, news came': then(checking, [3_000, say.check]),
  declined: then(authorizing, [1_000, say.declined]),
  pending,
  'pending, reminded': then(pending, [2 * minute, exit('remindMerchant')]),
  'search ahead': then(pending, [minute, { kind: 'accept', prepMs: 500 * hour }]),
  searching,
  'searching again': then(confirmed, [8 * minute, say.abandon]),
  confirmed,
  'confirmed, pinged': then(confirmed, [40 * minute, exit('pingDriver')]),
  'ready, searching': readySearching,
  'ready, confirmed': readyConfirmed,
  'ready, confirmed, last driver': then(
    readyConfirmed,
    ...[2, 3, 4, 5].flatMap((n): readonly Saying[] => [
      [
        7 * minute,
        { kind: 'abandon', driverId: `drv_${(n - 1).toString(16).padStart(32, '0')}` as never },
      ],
      [7 * minute, assign(n, placedAt + 12 * minute)],
    ]),
  ),
  'assumed ready, searching': assumedSearching,
  'assumed ready, confirmed': then(assumedSearching, [
    27 * minute,
    assign(1, placedAt + 30 * minute),
  ]),
  'picked up': pickedUp,
  'picked up, pinged': then(pickedUp, [60 * minute, exit('pingDriver')]),
  'assumed ready, picked up': then(confirmed, [12 * minute, say.pickUp]),
  unconfirmed,
  delivered,
  'delivered, capture failed': captureFailed,
  'delivered, capturing again': then(captureFailed, [3 * hour, exit('retryCapture')]),
  completed: then(delivered, [31 * minute, captured(2_500)]),
  'completed, written off': then(delivered, [31 * minute, say.captureLost]),
  'cancelled, authorizing': then(authorizing, [500, say.cancel]),
  'cancelled, declined': then(authorizing, [500, say.cancel], [1_000, say.declined]),
  ...withEnds('cancelled before accepting', then(pending, [minute, say.cancel])),
  ...withEnds(
    'cancelled by the merchant',
    then(searching, [8 * minute, { kind: 'cancel', by: 'merchant' }]),
  ),
  'cancelled, capturing': cancelledCapturing,
  'cancelled, capture failed': cancelledCaptureFailed,
  'cancelled, captured': then(cancelledCapturing, [9 * minute, captured(2_000)]),
  ...withEnds('denied', then(pending, [minute, say.deny])),
  ...withEnds('expired', then(pending, [12 * minute, exit('expire')])),
  ...withEnds('failed', then(searching, [2 * hour, exit('failSearch')])),
};

export const situations: ReadonlyMap<string, OrderState> = new Map(
  Object.entries(stories).map(([name, sayings]) => [name, after(sayings)]),
);

/** The situation of this name; throws when there is none. */
export function situation(name: string): OrderState {
  const state = situations.get(name);
  if (!state) throw new Error(`no situation is called ${name}`);
  return state;
}
