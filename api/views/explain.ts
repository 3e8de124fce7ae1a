// Dispatch decisions about one order as JSON and in words. A merchant reads of its own orders and of the driver who
// comes or has said yes, not of other merchants' orders or of who else could have come.

import type { OfferMade } from '../../db/rounds.ts';
import type { StoredReroute } from '../../db/reroutes.ts';
import type { Considered, Decision, Exclusion, Plan } from '../../dispatch/decision.ts';
import { changeInWords, type Change } from '../../dispatch/change-words.ts';
import { rerouteInWords } from '../../dispatch/reroute-words.ts';
import type { WhyNot } from '../../dispatch/why-not.ts';
import { inWords, whyNotInWords, type Naming } from '../../dispatch/words.ts';
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
  readonly asked: Asked | undefined;
  /** From the round before the first of these. */
  readonly change: Change | undefined;
};

/** What was looked up in the round beside its decision. */
export type Asked = {
  readonly whyNot?: WhyNot | undefined;
  readonly excluded?: Partial<Record<Exclusion, DriverId[]>> | undefined;
};

export type Decided = {
  readonly roundId: string;
  readonly at: Date;
  readonly decision: Decision;
  readonly asked: Asked;
  readonly change: Change | undefined;
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
      ? [{ at, roundId: null, decision, offer, since: at, rounds: 1, ...nothing }]
      : [];
  });
  return [...kept, ...lost].toSorted((a, b) => b.at.getTime() - a.at.getTime());
}

const nothing = { asked: undefined, change: undefined };

export function decisionIn(
  { offers, skipped, exhausted }: Plan,
  orderId: OrderId,
): Decision | undefined {
  const all = [...offers.flatMap(({ decisions }) => decisions), ...skipped, ...exhausted];
  return all.find((each) => each.orderId === orderId)?.decision;
}

/** Rounds in a row that say the same become one: the newest of them, with when it began. */
export function inRuns(verdicts: readonly Verdict[]): readonly Verdict[] {
  const runs: Verdict[] = [];
  for (const verdict of verdicts) {
    const last = runs.at(-1);
    if (last && !last.offer && !verdict.offer && saysTheSame(last.decision, verdict.decision))
      runs[runs.length - 1] = { ...verdict, ...newestOf(last), rounds: last.rounds + 1 };
    else runs.push(verdict);
  }
  return runs;
}

const newestOf = ({ at, roundId, decision, asked }: Verdict) => ({ at, roundId, decision, asked });

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
  /** Why not this one? */
  readonly askedDriver: DriverId | undefined;
};

type IsKnown = (driverId: DriverId) => boolean;

/** Whom the reader may know by id. */
function knownIn({ decision, offer }: Verdict, { seesDrivers, driverId }: Reading): IsKnown {
  const saidYes = offer?.status === 'accepted' || offer?.status === 'assigned';
  return (id) => seesDrivers || id === driverId || (saidYes && id === decision.chosen);
}

export function explained(verdict: Verdict, reading: Reading): Explained {
  const { decision, at, since, rounds, roundId, offer } = verdict;
  const { outcome, solver, excluded, chosen, shared, wider, used } = decision;
  const isKnown = knownIn(verdict, reading);
  const naming = namingFor({ chosen, at }, reading, isKnown);
  const orderOf = (id: OrderId): string | null => (reading.orders.has(id) ? id : null);
  return {
    at: at.toISOString(),
    since: since.toISOString(),
    rounds,
    round_id: roundId,
    outcome,
    text: [
      ...decided(verdict, reading.orderId, naming),
      ...raise(offer, reading),
      ...aftermath(verdict, naming),
    ],
    offer: offer
      ? {
          id: offer.offerId,
          status: offer.status,
          bonus_minor: reading.seesDrivers ? offer.bonusMinor : null,
        }
      : null,
    driver_id: chosen && isKnown(chosen) ? chosen : null,
    together: decision.together.map((id) => ({
      order_id: orderOf(id),
      number: reading.orders.get(id)?.number ?? null,
    })),
    stops: (shared?.stops ?? []).map(({ kind, orderId, at: stopAt, readyAt }) => ({
      kind,
      order_id: orderOf(orderId),
      at: isoOf(stopAt),
      ready_at: iso(readyAt),
    })),
    others_later: shared?.othersLater ?? null,
    self_later: shared?.selfLater ?? null,
    alone: shared?.alone
      ? {
          driver_id: isKnown(shared.alone.driverId) ? shared.alone.driverId : null,
          dropoff_at: isoOf(shared.alone.dropoffAt),
          costs_more: shared.alone.costsMore,
        }
      : null,
    is_add_on: decision.isAddOn,
    is_by_hand: decision.isByHand,
    ready_at: isoOf(decision.readyAt),
    leave_at: iso(decision.leaveAt),
    pickup_at: iso(decision.pickupAt),
    dropoff_at: iso(decision.dropoffAt),
    radius_m: decision.radiusM,
    beyond: decision.beyond ?? null,
    wider: wider ? { at: isoOf(wider.at), radius_m: wider.radiusM } : null,
    offers_used: used ?? null,
    drivers_possible: decision.candidates,
    candidates: decision.best.map((each) =>
      candidate(each, { chosen, isKnown, orders: reading.orders }),
    ),
    excluded: { ...excluded },
    excluded_drivers: verdict.asked?.excluded ?? null,
    asked_driver: askedDriver(verdict, reading, naming),
    asked_again: decision.askedAgain,
    solver,
    policy_version: decision.policyVersion,
    input_hash: decision.inputHash,
  };
}

const isoOf = (at: number): string => new Date(Math.round(at)).toISOString();
const iso = (at: number | undefined): string | null => (at === undefined ? null : isoOf(at));

type Showing = Pick<Decision, 'chosen'> & Pick<Reading, 'orders'> & { readonly isKnown: IsKnown };

function candidate(
  { driverId, freeIn, takes, ...figures }: Considered,
  { chosen, isKnown, orders }: Showing,
): Explained['candidates'][number] {
  const { minutes, travel, waits, cost, parts } = figures;
  return {
    driver_id: isKnown(driverId) ? driverId : null,
    chosen: driverId === chosen,
    minutes,
    free_in: freeIn,
    travel,
    waits,
    cost,
    parts,
    takes_order: (takes && orders.get(takes)?.number) ?? null,
  };
}

/** A sentence for the one driver who was asked about. */
function askedDriver(
  { decision, asked }: Verdict,
  { askedDriver: driverId }: Reading,
  naming: Naming,
): Explained['asked_driver'] {
  if (!driverId) return null;
  const why = asked?.whyNot;
  if (!why) {
    const text = 'The round is no longer kept, so nobody can tell any more.';
    return { driver_id: driverId, answer: 'no_longer_known', reason: null, cost: null, text };
  }
  return {
    driver_id: driverId,
    answer: why.kind,
    reason: why.kind === 'excluded' ? why.reason : null,
    cost: why.kind === 'possible' ? why.considered.cost : null,
    text: whyNotInWords({ driverId, why }, decision, naming),
  };
}

export function rerouteExplained(
  { at, ...reroute }: StoredReroute,
  reading: Reading,
): { readonly at: string; readonly text: string } {
  const isKnown: IsKnown = (id) => reading.seesDrivers || id === reading.driverId;
  const naming = namingFor({ chosen: reroute.driverId, at }, reading, isKnown);
  return { at: at.toISOString(), text: rerouteInWords(reading.orderId, reroute, naming) };
}

/** Times in the minute of the decision are told to the second. */
function namingFor(
  { chosen, at: decidedAt }: { readonly chosen: DriverId | undefined; readonly at: Date },
  { orders, timeZone }: Reading,
  isKnown: IsKnown,
): Naming {
  const exact = new Intl.DateTimeFormat('en-GB', { timeZone, timeStyle: 'medium' });
  const toMinute = new Intl.DateTimeFormat('en-GB', { timeZone, timeStyle: 'short' });
  const now = toMinute.format(decidedAt);
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
    time: (at) => (toMinute.format(at) === now ? exact : toMinute).format(at),
    exactTime: (at) => exact.format(at),
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

/** Whom the plan means first, then what was different before, and why. */
function decided(
  { decision, change, rounds, since }: Verdict,
  orderId: OrderId,
  naming: Naming,
): readonly string[] {
  const [verdict = '', ...why] = inWords(orderId, decision, naming);
  const changed = change ? changeInWords(orderId, { change, decision }, naming) : [];
  const often =
    rounds === 1
      ? []
      : [
          `Decided the same ${rounds} times since ${naming.exactTime(since.getTime())}; the figures are of the last.`,
        ];
  return [verdict, ...changed, ...often, ...why];
}

/** What became of the offer. */
function aftermath({ decision, offer, roundId }: Verdict, naming: Naming): readonly string[] {
  const timeOf = (at: Date | null | undefined): string =>
    at ? naming.time(at.getTime()) : 'an unknown time';
  const answer =
    offer &&
    answers[offer.status]
      .replace('{until}', timeOf(offer.expiresAt))
      .replace('{answered}', timeOf(offer.answeredAt));
  if (decision.outcome !== 'offered' || roundId === null) return answer ? [answer] : [];
  return [
    answer ??
      'The offer was not made: the order or the driver was taken in the same moment. The next round decides anew.',
  ];
}

const answers: Readonly<Record<OfferMade['status'], string>> = {
  open: 'The driver has not answered yet. Without a yes until {until}, the next round looks for another.',
  accepted: 'The driver has accepted; the order has not confirmed it yet.',
  assigned:
    'The driver accepted at {answered}. From then on it stays with this driver, unless support, the driver or a cancellation changes that.',
  declined: 'The driver has declined; the round after it looked for another.',
  expired: 'The driver has let it lapse; the round after it looked for another.',
  withdrawn: 'It was withdrawn before the driver had the order.',
  refused: 'The driver has accepted, but the order needed no driver any more.',
};
