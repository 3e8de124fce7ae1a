// Which ways a round may have to weigh, for a provider of road times: from the drivers who could be there soonest to
// each counter, on to the doors, between the doors of a counter and to it from those nearby, and along what is driven
// already. Never everything to everything. Called by activities/roads.ts.

import type { Place } from '../domain/geo.ts';
import { roadUserOf, type RoadUser } from '../domain/vehicles.ts';
import { createBest } from './best.ts';
import type { OnlineDriver, Snapshot } from './snapshot.ts';
import { chordM, createTravel, type GreatCircle, type Spot } from './travel.ts';

/** From each of some places to each of some others. */
export type Block = {
  readonly user: RoadUser;
  readonly from: readonly Place[];
  readonly to: readonly Place[];
};

type Asking = {
  readonly snapshot: Pick<Snapshot, 'orders' | 'drivers'>;
  readonly model: GreatCircle;
  /** Whose roads the provider knows. */
  readonly users: readonly RoadUser[];
  /** Ways in all. */
  readonly most: number;
};

/** By the straight line; who is further away is estimated. */
const nearestDrivers = 10;
const nearestDoors = 5;
/** Of one counter. */
const mostDoors = 10;

/** The longest waiting orders first; from what does not fit in any more everything is left out. */
export function blocksWanted(asking: Asking): readonly Block[] {
  const blocks: Block[] = [];
  let left = asking.most;
  for (const block of inOrder(asking)) {
    left -= block.from.length * block.to.length;
    if (left < 0) break;
    blocks.push(block);
  }
  return blocks;
}

function* inOrder({ snapshot, model, users }: Asking): Generator<Block> {
  const { spotOf } = createTravel(model);
  const oldestFirst = snapshot.orders.toSorted(
    (a, b) => a.searchSince - b.searchSince || (a.orderId < b.orderId ? -1 : 1),
  );
  const counters = new Map<Spot, Place[]>();
  for (const { pickup, dropoff } of oldestFirst) {
    const counter = spotOf(pickup);
    const there = counters.get(counter);
    if (there) there.push(dropoff);
    else counters.set(counter, [dropoff]);
  }
  const doors = distinct(oldestFirst.map(({ dropoff }) => dropoff)).map(spotOf);
  const drivers = snapshot.drivers.filter(({ hasOpenOffer, place }) => !hasOpenOffer && place);
  const fleets = users
    .map((user) => ({ user, drivers: drivers.filter((each) => roadUserOf(each.vehicle) === user) }))
    .filter((fleet) => fleet.drivers.length > 0)
    .map((fleet) => ({ ...fleet, ends: distinct(fleet.drivers.flatMap(endOf)).map(spotOf) }));
  for (const [counter, dropoffs] of counters)
    for (const { user, ends } of fleets) {
      const own = distinct(dropoffs).slice(0, mostDoors);
      const comers = [
        ...nearest(counter, ends, nearestDrivers),
        ...nearest(counter, doors, nearestDoors),
      ];
      yield { user, from: distinct(comers), to: [counter.place] };
      yield { user, from: distinct([counter.place, ...own]), to: own };
    }
  for (const { user, drivers: theirs } of fleets)
    for (const { place, route } of theirs) {
      const stops = distinct(route.map((stop) => stop.place));
      if (place && stops.length > 0) yield { user, from: distinct([place, ...stops]), to: stops };
    }
}

/** Where the driver will be free. */
const endOf = ({ place, route }: OnlineDriver): readonly Place[] => {
  const end = route.at(-1)?.place ?? place;
  return end ? [end] : [];
};

function nearest(to: Spot, spots: readonly Spot[], count: number): readonly Place[] {
  const best = createBest(count);
  for (const [index, spot] of spots.entries()) best.offer(chordM(spot, to), index);
  return best.drain().items.flatMap((index) => spots[index]?.place ?? []);
}

const distinct = (places: readonly Place[]): readonly Place[] => [
  ...new Map(places.map((place) => [`${place.lat},${place.lng}`, place])).values(),
];
