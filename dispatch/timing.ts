// The routes under way as they are driven from here on: when each stop will be reached. Nothing is planned.
// Called by activities/etas.ts, and by reroute.ts.

import type { Policy } from '../domain/policy.ts';
import type { PlannedStop } from './decision.ts';
import { itineraryOf, plannedStop } from './itinerary.ts';
import { createMarket, type Market } from './market.ts';
import { emptyRoute, type Route } from './route.ts';
import type { OnlineDriver, Snapshot } from './snapshot.ts';

/** Every stop of every driver whose place is known, also of those who are being asked for more. */
export const timeRoutes = (snapshot: Snapshot, policy: Policy): readonly PlannedStop[] =>
  eachRoute(snapshot, policy, (route, market) => itineraryOf(route, 0, market).map(plannedStop));

type Looking<T> = (route: Route, market: Market) => readonly T[];

/** What there is to say of each route under way. */
export function eachRoute<T>(
  { now, travel, drivers }: Pick<Snapshot, 'now' | 'travel' | 'drivers'>,
  policy: Policy,
  look: Looking<T>,
): readonly T[] {
  const busy = drivers
    .filter(({ route }) => route.length > 0)
    .map((driver) => ({ ...driver, hasOpenOffer: false }));
  const seen = (some: readonly OnlineDriver[]): readonly T[] => {
    const market = createMarket({ now, travel, drivers: some, orders: [] }, policy, []);
    return market.carriers.flatMap((carrier) => look(emptyRoute(carrier, market), market));
  };
  const tried = (some: readonly OnlineDriver[]): readonly T[] | undefined => {
    try {
      return seen(some);
    } catch {
      return undefined;
    }
  };
  // One row that cannot be timed must not keep the others from it; the plan tells support of it.
  return tried(busy) ?? busy.flatMap((driver) => tried([driver]) ?? []);
}
