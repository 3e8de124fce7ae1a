// With which orders one travels, in sentences: when and in what order of stops, why together, and what that costs whom.
// Part of words.ts.

import type { OrderId } from '../domain/ids.ts';
import type { Decision, Shared } from './decision.ts';
import { amount, listed, minutes, named, ordinal, stopByStop, type Naming } from './phrases.ts';

const minuteMs = 60_000;

export function times(
  orderId: OrderId,
  { shared, readyAt, pickupAt, dropoffAt }: Decision,
  naming: Naming,
): readonly string[] {
  if (pickupAt === undefined || dropoffAt === undefined) return [];
  if (shared) return [goods(orderId, shared, naming), stops(orderId, shared, naming)];
  const { time } = naming;
  return [
    `The goods are expected at ${time(readyAt)}, the pickup at ${time(pickupAt)}, the delivery at ${time(dropoffAt)}.`,
  ];
}

/** Whose goods when, where they differ. */
function goods(orderId: OrderId, { stops: all }: Shared, naming: Naming): string {
  const own = all.find((stop) => stop.orderId === orderId);
  const waits = own?.readyAt === undefined ? 0 : (own.at - own.readyAt) / minuteMs;
  const counter =
    amount(waits) > 0 ? ` Those of this order then wait ${minutes(waits)} at the counter.` : '';
  return expected(orderId, all, naming) + counter;
}

function expected(orderId: OrderId, all: Shared['stops'], naming: Naming): string {
  const fetched = all.flatMap(({ orderId: id, readyAt }) =>
    readyAt === undefined ? [] : [{ id, at: naming.time(readyAt) }],
  );
  const [first, ...others] = fetched;
  if (others.every(({ at }) => at === first?.at))
    return `${others.length === 0 ? 'The' : 'All'} goods are expected at ${first?.at ?? ''}.`;
  const told = fetched.map(
    ({ id, at }) => `those of ${id === orderId ? 'this order' : naming.order(id)} at ${at}`,
  );
  return `The goods are expected: ${listed(told)}.`;
}

function stops(orderId: OrderId, { stops: all }: Shared, naming: Naming): string {
  const doors = all.filter(({ kind }) => kind === 'dropoff');
  const place = doors.findIndex((stop) => stop.orderId === orderId) + 1;
  return `The stops: ${stopByStop(orderId, all, naming)}. This order is delivered ${ordinal(place)} of ${doors.length}.`;
}

export function whyTogether(
  orderId: OrderId,
  { shared, together, chosen, dropoffAt, isByHand }: Decision,
  naming: Naming,
): readonly string[] {
  if (!shared || isByHand) return [];
  const others = named(
    together.filter((each) => each !== orderId),
    naming,
  );
  const burdens = [
    othersLater(orderId, { shared, together }, naming),
    selfLater(orderId, shared, naming),
  ];
  const { alone } = shared;
  if (!alone || chosen === undefined)
    return ['Why together: no driver could bring it on a trip of its own.', ...burdens.flat()];
  const isSame = alone.driverId === chosen;
  const own = isSame ? 'this one on another trip' : `${naming.driver(alone.driverId)} this one`;
  const when = apart((alone.dropoffAt - (dropoffAt ?? alone.dropoffAt)) / minuteMs);
  return [
    `Why together: otherwise ${naming.driver(chosen)} would carry ${others} only, and ${own}, delivered ${when}.`,
    `The plan for all orders of the market would then cost ${balance(alone.costsMore)}.`,
    ...burdens.flat(),
  ];
}

const apart = (later: number): string => {
  if (amount(Math.abs(later)) === 0) return 'at the same time';
  return later > 0 ? `${minutes(later)} later` : `${minutes(-later)} sooner`;
};

const balance = (costsMore: number): string => {
  if (costsMore > 0) return `${minutes(costsMore)} more`;
  return costsMore < 0
    ? `${minutes(-costsMore)} less, so that a later round may part them`
    : 'the same';
};

function othersLater(
  orderId: OrderId,
  { shared, together }: { readonly shared: Shared; readonly together: Decision['together'] },
  naming: Naming,
): readonly string[] {
  const later = shared.othersLater;
  if (later <= 0) return ['Because this order comes along, nobody else arrives later.'];
  const others = together.filter((each) => each !== orderId);
  const [verb, sum] = others.length === 1 ? ['arrives', ''] : ['arrive', ' in sum'];
  return [
    `Because this order comes along, ${named(others, naming)} ${verb} ${minutes(later)} later${sum}.`,
  ];
}

function selfLater(
  orderId: OrderId,
  { stops: all, selfLater: later }: Shared,
  naming: Naming,
): readonly string[] {
  if (later <= 0) return [];
  const own = all.filter((stop) => stop.orderId === orderId);
  const from = all.findIndex((stop) => stop === own[0]);
  const to = all.findIndex((stop) => stop === own[1]);
  const before = all.slice(from, to).filter(({ kind }) => kind === 'dropoff');
  const first = named(
    before.map((stop) => stop.orderId),
    naming,
  );
  const because =
    before.length === 0
      ? 'Because of a stop in between'
      : `Because ${first} ${before.length === 1 ? 'is' : 'are'} delivered first`;
  return [`${because}, this order arrives ${minutes(later)} later than straight from the counter.`];
}
