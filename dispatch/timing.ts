// The routes under way as they are driven from here on: when each stop will be reached. Nothing is planned.
// Called by activities/etas.ts.

import type { Policy } from '../domain/policy.ts';
import type { PlannedStop } from './decision.ts';
import { itineraryOf, plannedStop } from './itinerary.ts';
import { createMarket } from './market.ts';
import { emptyRoute } from './route.ts';
import type { Snapshot } from './snapshot.ts';

/** Every stop of every driver whose place is known, also of those who are being asked for more. */
export function timeRoutes(
  { now, travel, drivers }: Snapshot,
  policy: Policy,
): readonly PlannedStop[] {
  const busy = drivers
    .filter(({ route }) => route.length > 0)
    .map((driver) => ({ ...driver, hasOpenOffer: false }));
  const stopsOf = (some: typeof busy): readonly PlannedStop[] => {
    const market = createMarket({ now, travel, drivers: some, orders: [] }, policy, []);
    return market.carriers.flatMap((carrier) =>
      itineraryOf(emptyRoute(carrier, market), 0, market).map(plannedStop),
    );
  };
  const tried = (some: typeof busy): readonly PlannedStop[] | undefined => {
    try {
      return stopsOf(some);
    } catch {
      return undefined;
    }
  };
  // One row that cannot be timed must not keep the others from it; the plan tells support of it.
  return tried(busy) ?? busy.flatMap((driver) => tried([driver]) ?? []);
}
