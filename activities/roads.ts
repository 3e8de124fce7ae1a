// A round's snapshot with times on roads where a provider knows them, so that the round plans, explains and replays with
// what was known then. Called by dispatch.ts.

import type { RoadTimes } from '../adapters/road-times.ts';
import { blocksWanted, type Block } from '../dispatch/legs.ts';
import type { Snapshot } from '../dispatch/snapshot.ts';
import type { GreatCircle, Leg, TravelTable } from '../dispatch/travel.ts';
import type { Place } from '../domain/geo.ts';
import { speedOf, type Policy } from '../domain/policy.ts';
import type { RoadUser } from '../domain/vehicles.ts';

/** Ways asked for in a round: a bound on what it costs. */
const mostWays = 5_000;

type From = {
  /** Absent: everything is estimated. */
  readonly roads: RoadTimes | undefined;
  readonly policy: Policy;
  readonly snapshot: Snapshot;
};

export async function withRoads({ roads, policy, snapshot }: From): Promise<Snapshot> {
  const { travel: model, now } = snapshot;
  if (!roads || model?.kind !== 'great_circle') return snapshot;
  const blocks = blocksWanted({ snapshot, model, users: roads.users, most: mostWays });
  const { durationsMs, fellBack } = await roads.times(blocks, now);
  // In the time of the market's clock, and of the hour where the provider knows no traffic.
  const pace = 1 / (speedOf(policy) * (roads.knowsTraffic ? 1 : (model.hourFactor ?? 1)));
  const known = blocks.map((block, at) => ({ ...block, durationsMs: durationsMs[at] ?? [] }));
  return { ...snapshot, travel: tableOf(known, { model, pace, fellBack }) };
}

type Known = Block & { readonly durationsMs: readonly (readonly (number | null)[])[] };
type Making = {
  readonly model: GreatCircle;
  readonly pace: number;
  readonly fellBack: string | undefined;
};

function tableOf(blocks: readonly Known[], { model, pace, fellBack }: Making): TravelTable {
  const indexes = new Map<string, number>();
  const places: Place[] = [];
  const indexOf = (place: Place): number => {
    const key = `${place.lat},${place.lng}`;
    const index = indexes.get(key) ?? places.push(place) - 1;
    indexes.set(key, index);
    return index;
  };
  const legs: { [User in RoadUser]?: Leg[] } = {};
  for (const { user, from, to, durationsMs } of blocks)
    for (const [row, a] of from.entries())
      for (const [column, b] of to.entries()) {
        const ms = durationsMs[row]?.[column] ?? null;
        if (ms !== null) (legs[user] ??= []).push([indexOf(a), indexOf(b), Math.round(ms * pace)]);
      }
  return { kind: 'table', places, legs, otherwise: model, fellBack };
}
