// Every situation that an order can be in, by name: one at least for each reachable combination of the three machines
// (cells.test.ts proves it against the walk).

import type { Command, ExitKind } from '../../domain/messages.ts';
import type { OrderFacts, OrderState } from '../../domain/order.ts';
import { defaultPolicy } from '../../domain/policy.ts';
import {
  after,
  assign,
  captured,
  facts,
  hour,
  minute,
  placedAt,
  say,
  seenAs,
  type Saying,
} from './lives.ts';

const exit = (kind: ExitKind): Command => ({ kind });
const then = (before: readonly Saying[], ...more: readonly Saying[]): readonly Saying[] => [
  ...before,
  ...more,
];

const authorizing = [[0, say.place]] as const satisfies readonly Saying[];
const requiresAction = then(authorizing, [1_000, say.requiresAction]);
const checking = then(requiresAction, [2_000, say.check]);
const pending = then(authorizing, [1_000, say.authorized]);
const reminded = then(pending, [2 * minute, exit('remindMerchant')]);
/** The search for a driver starts at minute 6. */
const searching = then(pending, [minute, say.accept]);
const assigned: Saying = [7 * minute, assign(1, placedAt + 12 * minute)];
const confirmed = then(searching, assigned);
const readySearching = then(searching, [6 * minute, say.ready]);
const readyConfirmed = then(readySearching, assigned);
const asked = then(searching, [26 * minute, exit('askPreparation')]);
const reestimated = then(asked, [31 * minute, exit('reestimate')]);
const escalated = then(reestimated, [51 * minute, exit('escalatePreparation')]);
const assumedSearching = then(escalated, [61 * minute, exit('assumeReady')]);
const pickedUp = then(readyConfirmed, [12 * minute, say.pickUp]);
const arrivedAtPickup = then(readyConfirmed, [12 * minute, say.atPickup]);
const atTheDoor = then(pickedUp, [30 * minute, say.atDropoff]);
const accident = then(pickedUp, [20 * minute, say.accident]);
/** The goods are with a driver who cannot go on: another one is looked for. */
const handover = then(accident, [50 * minute, exit('resolveProblem')]);
const returning = then(atTheDoor, [31 * minute, say.refused]);
/** Due three hours and some minutes after the placing: promised − prep − travel − margin. */
const scheduledPending = then(pending, [4 * hour - 45 * minute, exit('releaseScheduled')]);
const cash = { method: 'cash', paymentMethod: '' } as const;
const cashPickedUp = [
  [0, say.place],
  [minute, say.accept],
  [6 * minute, say.ready],
  [7 * minute, assign(1, placedAt + 12 * minute)],
  [12 * minute, say.pickUp],
] as const satisfies readonly Saying[];
const unconfirmed = then(pickedUp, [2 * hour, exit('unconfirm')]);
const delivered = then(pickedUp, [30 * minute, say.deliver]);
const captureFailed = then(delivered, [31 * minute, say.captureFailed]);
const givenUp = then(delivered, [31 * minute, say.captureLost]);
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
  'pending, reminded': reminded,
  'pending, called': then(
    reminded,
    [3 * minute + 1_000, exit('alertBranch')],
    [4 * minute + 1_000, exit('callMerchant')],
  ),
  'pending, acknowledged': then(pending, [minute, say.acknowledge]),
  'checking, last': then(requiresAction, [15 * minute, exit('abandonPayment')]),
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
    62 * minute,
    assign(1, placedAt + 65 * minute),
  ]),
  'preparing, asked': asked,
  'preparing, reestimated': reestimated,
  'preparing, escalated': escalated,
  'picked up': pickedUp,
  'picked up, pinged': then(pickedUp, [60 * minute, exit('pingDriver')]),
  'assumed ready, picked up': then(confirmed, [12 * minute, say.pickUp]),
  unconfirmed,
  delivered,
  'delivered, capture failed': captureFailed,
  'delivered, capturing again': then(captureFailed, [3 * hour, exit('retryCapture')]),
  completed: then(delivered, [31 * minute, captured(2_500)]),
  'delivered, given up': givenUp,
  'completed, written off': then(givenUp, [32 * minute, say.voided]),
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

const pickup = {
  fulfilment: 'pickup',
  deliveryFeeMinor: 0,
  totalMinor: 2_150,
  travelMs: 0,
} as const;
const soon = { promisedAt: placedAt + 4 * hour };

/** A market with a partner fleet, which is asked at minute 21. */
const fleet = { policy: { ...defaultPolicy, partnerCapMinor: 1_000 } };
const partnerAsked = then(searching, [21 * minute, exit('askPartner')]);
const partnerQuoted = then(partnerAsked, [22 * minute, say.quoted]);
const partnerConfirmed = then(partnerQuoted, [23 * minute, say.fleetTakes]);
const partnerChecking = then(partnerConfirmed, [24 * minute, say.partnerNews]);
const partnerPickedUp = then(partnerChecking, [25 * minute, seenAs('picked_up')]);
const partnerUnconfirmed = then(partnerPickedUp, [3 * hour, exit('unconfirmPartner')]);
const partnerStories: Readonly<Record<string, readonly Saying[]>> = {
  'partner asked': partnerAsked,
  'partner quoted': partnerQuoted,
  'partner confirmed': partnerConfirmed,
  'partner checking': partnerChecking,
  'partner checking, news came': then(partnerChecking, [24 * minute + 1_000, say.partnerNews]),
  'partner has the goods': partnerPickedUp,
  'partner has the goods, checking': then(partnerPickedUp, [26 * minute, say.partnerNews]),
  'partner unconfirmed': partnerUnconfirmed,
  'partner cancelling': then(partnerConfirmed, [2 * hour, exit('dropPartner')]),
  'partner left, searching': then(
    partnerConfirmed,
    [2 * hour, exit('dropPartner')],
    [3 * hour, say.partnerOff],
  ),
  'partner delivered': then(
    partnerPickedUp,
    [26 * minute, say.partnerNews],
    [27 * minute, seenAs('delivered')],
  ),
  'cancelled, partner cancelling': then(partnerConfirmed, [24 * minute, say.cancel]),
};

/** What only some orders can be in: further on the road, at the counter, for later, in cash. */
const more: Readonly<Record<string, readonly [of: Partial<OrderFacts>, readonly Saying[]]>> = {
  'nobody found': [{}, then(searching, [21 * minute, exit('escalateSearch')])],
  'arrived at pickup': [{}, arrivedAtPickup],
  'arrived at pickup, warned': [{}, then(arrivedAtPickup, [22 * minute, exit('warnMerchant')])],
  'at the door': [{}, atTheDoor],
  'at the door, tried': [
    {},
    then(atTheDoor, [31 * minute, say.contact], [32 * minute, say.contact]),
  ],
  'problem, goods lost': [{}, then(pickedUp, [20 * minute, say.lost])],
  'problem, goods there': [{}, accident],
  'handover, searching': [{}, handover],
  'handover, confirmed': [{}, then(handover, [51 * minute, assign(2, placedAt + hour)])],
  returning: [{}, returning],
  'arrived at return': [{}, then(returning, [50 * minute, say.atReturn])],
  'returned, capturing': [{}, then(returning, [55 * minute, say.back])],
  'shortage open': [{}, then(searching, [2 * minute, say.shortage])],
  'collected instead': [{}, then(readySearching, [7 * minute, { kind: 'convertToPickup' }])],
  scheduled: [soon, pending],
  'scheduled, unpaid': [{ promisedAt: placedAt + 240 * hour }, [[0, say.place]]],
  accepted: [soon, then(scheduledPending, [4 * hour - 40 * minute, say.accept])],
  'prescription asked': [{ prescription: true, goodsKind: 'pharmacy' }, searching.slice(0, 3)],
  'pickup, preparing': [pickup, searching],
  'pickup, ready': [pickup, readySearching],
  'pickup, handed over': [pickup, then(readySearching, [9 * minute, say.handOver])],
  'cash, picked up': [cash, cashPickedUp],
  ...Object.fromEntries(
    Object.entries(partnerStories).map(([name, sayings]) => [name, [fleet, sayings] as const]),
  ),
  'cash, collected': [cash, then(cashPickedUp, [30 * minute, say.paysCash])],
};

export const everydaySituations: readonly string[] = Object.keys(stories);

export const situations: ReadonlyMap<string, OrderState> = new Map([
  ...Object.entries(stories).map(([name, sayings]) => [name, after(sayings)] as const),
  ...Object.entries(more).map(
    ([name, [of, sayings]]) => [name, after(sayings, { ...facts, ...of })] as const,
  ),
]);

/** The situation of this name; throws when there is none. */
export function situation(name: string): OrderState {
  const state = situations.get(name);
  if (!state) throw new Error(`no situation is called ${name}`);
  return state;
}
