// Dispatch decisions about one order as JSON and in words. A merchant reads of its own orders and of the driver who
// comes or has said yes, not of other merchants' orders or of who else could have come.

import type { OfferMade } from '../../db/rounds.ts';
import type { Considered, Decision, Plan } from '../../dispatch/decision.ts';
import { inWords, type Naming } from '../../dispatch/words.ts';
import type { DriverId, OrderId } from '../../domain/ids.ts';
import { formatMoney } from '../../domain/money.ts';
import type { Explained } from '../schemas/explain.ts';

/** What was decided, and what came of it. */
export type Verdict = {
  readonly at: Date;
  readonly roundId: string | null;
  readonly decision: Decision;
  readonly offer: OfferMade | undefined;
  readonly since: Date;
  readonly rounds: number;
};

export type Decided = {
  readonly roundId: string;
  readonly at: Date;
  readonly decision: Decision;
};

type Told = {
  readonly orderId: OrderId;
  readonly rounds: readonly Decided[];
  readonly offers: readonly OfferMade[];
  /** Of these offers the rounds are no longer kept. */
  readonly older: readonly OfferMade[];
};

/** The newest first. */
export function verdictsOf({ orderId, rounds, offers, older }: Told): readonly Verdict[] {
  const kept = rounds.map((round) => {
    const offer = offers.find(({ roundId }) => roundId === round.roundId);
    return { ...round, offer, since: round.at, rounds: 1 };
  });
  const known = new Set(rounds.map(({ roundId }) => roundId));
  const lost = older.flatMap((offer) => {
    const decision = (offer.decision as Readonly<Record<string, Decision>>)[orderId];
    const at = offer.madeAt;
    return decision && !known.has(offer.roundId ?? '')
      ? [{ at, roundId: null, decision, offer, since: at, rounds: 1 }]
      : [];
  });
  return [...kept, ...lost].toSorted((a, b) => b.at.getTime() - a.at.getTime());
}

export function decisionIn({ offers, skipped }: Plan, orderId: OrderId): Decision | undefined {
  const all = [...offers.flatMap(({ decisions }) => decisions), ...skipped];
  return all.find((each) => each.orderId === orderId)?.decision;
}

/** Rounds in a row that say the same become one: the newest of them, with when it began. */
export function inRuns(verdicts: readonly Verdict[]): readonly Verdict[] {
  const runs: Verdict[] = [];
  for (const verdict of verdicts) {
    const last = runs.at(-1);
    if (last && !last.offer && !verdict.offer && saysTheSame(last.decision, verdict.decision))
      runs[runs.length - 1] = { ...last, since: verdict.since, rounds: last.rounds + 1 };
    else runs.push(verdict);
  }
  return runs;
}

const saysTheSame = (a: Decision, b: Decision): boolean =>
  a.outcome === b.outcome &&
  a.chosen === b.chosen &&
  a.together.join() === b.together.join() &&
  a.radiusM === b.radiusM;

type Order = { readonly number: string };

export type Reading = {
  readonly orderId: OrderId;
  /** Orders that the reader may know of, by id. */
  readonly orders: ReadonlyMap<string, Order>;
  readonly timeZone: string;
  readonly currency: string;
  /** Of the platform: who else could have come, and for how much. */
  readonly seesDrivers: boolean;
  /** The order's. */
  readonly driverId: string | null;
};

type IsKnown = (driverId: DriverId) => boolean;

/** Whom the reader may know by id. */
function knownIn({ decision, offer }: Verdict, { seesDrivers, driverId }: Reading): IsKnown {
  const saidYes = offer?.status === 'accepted' || offer?.status === 'assigned';
  return (id) => seesDrivers || id === driverId || (saidYes && id === decision.chosen);
}

export function explained(verdict: Verdict, reading: Reading): Explained {
  const { decision, at, since, rounds, roundId, offer } = verdict;
  const { outcome, solver, excluded, chosen } = decision;
  const isKnown = knownIn(verdict, reading);
  return {
    at: at.toISOString(),
    since: since.toISOString(),
    rounds,
    round_id: roundId,
    outcome,
    text: [
      ...inWords(reading.orderId, decision, namingFor(decision, reading, isKnown)),
      ...raise(offer, reading),
      ...aftermath(verdict),
    ],
    offer: offer
      ? {
          id: offer.offerId,
          status: offer.status,
          bonus_minor: reading.seesDrivers ? offer.bonusMinor : null,
        }
      : null,
    driver_id: chosen && isKnown(chosen) ? chosen : null,
    together: decision.together.map((id) => {
      const order = reading.orders.get(id);
      return { order_id: order ? id : null, number: order?.number ?? null };
    }),
    is_add_on: decision.isAddOn,
    is_by_hand: decision.isByHand,
    ready_at: iso(decision.readyAt) ?? at.toISOString(),
    leave_at: iso(decision.leaveAt),
    pickup_at: iso(decision.pickupAt),
    dropoff_at: iso(decision.dropoffAt),
    radius_m: decision.radiusM,
    drivers_possible: decision.candidates,
    candidates: decision.best.map((each) => candidate(each, decision, isKnown)),
    excluded: { ...excluded },
    asked_again: decision.askedAgain,
    solver,
    policy_version: decision.policyVersion,
    input_hash: decision.inputHash,
  };
}

const iso = (at: number | undefined): string | null =>
  at === undefined ? null : new Date(Math.round(at)).toISOString();

function candidate(
  { driverId, freeIn, ...figures }: Considered,
  { chosen }: Decision,
  isKnown: IsKnown,
): Explained['candidates'][number] {
  const { minutes, travel, waits, late, bias, cost } = figures;
  return {
    driver_id: isKnown(driverId) ? driverId : null,
    chosen: driverId === chosen,
    minutes,
    free_in: freeIn,
    travel,
    waits,
    late,
    bias,
    cost,
  };
}

function namingFor({ chosen }: Decision, { orders, timeZone }: Reading, isKnown: IsKnown): Naming {
  const clock = new Intl.DateTimeFormat('en-GB', { timeZone, hour: '2-digit', minute: '2-digit' });
  return {
    driver: (id) => {
      // Ids end in what is random.
      if (isKnown(id)) return `driver ${id.slice(-6)}`;
      return id === chosen ? 'a driver' : 'another driver';
    },
    order: (id) => {
      const order = orders.get(id);
      return order ? `order ${order.number}` : 'an order of another merchant';
    },
    time: (at) => clock.format(at),
  };
}

function raise(
  offer: OfferMade | undefined,
  { seesDrivers, currency }: Reading,
): readonly string[] {
  if (!offer || !seesDrivers || offer.bonusMinor === 0) return [];
  const more = formatMoney(offer.bonusMinor, currency);
  return [`It is offered for ${more} more than usual, because nobody has taken it so far.`];
}

/** What became of the offer. */
function aftermath({ decision, offer, roundId }: Verdict): readonly string[] {
  if (decision.outcome !== 'offered' || roundId === null)
    return offer ? [answers[offer.status]] : [];
  return [
    offer
      ? answers[offer.status]
      : 'The offer was not made: the order or the driver was taken in the same moment.',
  ];
}

const answers: Readonly<Record<OfferMade['status'], string>> = {
  open: 'The driver has not answered yet.',
  accepted: 'The driver has accepted; the order has not confirmed it yet.',
  assigned: 'The driver has accepted.',
  declined: 'The driver has declined.',
  expired: 'The driver has let it lapse.',
  withdrawn: 'It was withdrawn before the driver had the order.',
  refused: 'The driver has accepted, but the order needed no driver any more.',
};
