// How far a driver may come from: no further than the search of an order reaches, measured from where his committed
// route ends or the task before does, unless he fetches something at that counter anyway. Candidates are found so;
// this holds what improve.ts makes of them to it.

import type { Bundle } from './bundle.ts';
import type { Carrier } from './market.ts';
import type { Route } from './route.ts';
import { chordM, type Spot } from './travel.ts';

export function isInReach({
  carrier,
  base,
  tail,
}: Pick<Route, 'carrier' | 'base' | 'tail'>): boolean {
  const start = endOf(carrier);
  let before = base.end;
  for (const bundle of tail) {
    const reachM = widestOf(bundle);
    const isNear = [start, base.end, before].some((from) => chordM(from, bundle.pickup) <= reachM);
    if (!isNear && !comesBy(carrier, bundle.pickup)) return false;
    before = bundle.jobs.at(-1)?.dropoff ?? before;
  }
  return true;
}

/** Who comes for one order may take the others along. */
const widestOf = ({ jobs }: Bundle): number =>
  jobs.reduce((most, { terms }) => Math.max(most, terms.radiusM), 0);

/** Where the committed route ends. */
const endOf = ({ visits, start }: Carrier): Spot => visits.at(-1)?.spot ?? start;

/** Straight metres from there to the counter. */
export const awayM = ({ pickup }: Bundle, carrier: Carrier): number =>
  chordM(endOf(carrier), pickup);

const comesBy = ({ visits }: Carrier, counter: Spot): boolean =>
  visits.some(({ kind, spot }) => kind === 'pickup' && spot === counter);

/** Why a driver has a bundle that he is too far away for. */
export function beyondBecause(
  bundle: Bundle,
  { carrier }: Route,
): 'on_the_way' | 'with_another' | 'after_another' {
  if (comesBy(carrier, bundle.pickup)) return 'on_the_way';
  return awayM(bundle, carrier) <= widestOf(bundle) ? 'with_another' : 'after_another';
}
