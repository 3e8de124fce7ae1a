// What a driver has on board along a route: how much at most, and whether what goes direct is alone. Used where routes
// are put together: add-on.ts, reroute.ts.

import type { Job, Visit } from './market.ts';

export type Aboard = {
  /** The most at any time, in units of capacity. */
  readonly load: number;
  /** Nothing else is ever on board with what goes direct. */
  readonly isDirectAlone: boolean;
};

/** What is only dropped off is on board from the start. */
export function aboardOf(visits: readonly Visit[]): Aboard {
  const fetched = new Set(visits.flatMap((visit) => (visit.kind === 'pickup' ? visit.jobs : [])));
  const brought = visits.flatMap((visit) => (visit.kind === 'dropoff' ? [visit.job] : []));
  const aboard = new Set(brought.filter((job) => !fetched.has(job)));
  let most: Aboard = { load: 0, isDirectAlone: true };
  const look = (): void => {
    const jobs = [...aboard];
    const load = jobs.reduce((sum, job) => sum + job.load, 0);
    const isAlone = jobs.length < 2 || !jobs.some(isDirect);
    most = { load: Math.max(most.load, load), isDirectAlone: most.isDirectAlone && isAlone };
  };
  look();
  for (const visit of visits) {
    if (visit.kind === 'dropoff') aboard.delete(visit.job);
    else for (const job of visit.jobs) aboard.add(job);
    look();
  }
  return most;
}

const isDirect = ({ direct }: Job): boolean => direct;
