// Who could have a bundle, at what cost, and how many could not and why. A driver counts once: as a candidate or by a
// reason. Nobody is shown who may not have every order of the bundle. Called by explain.ts and why-not.ts.

import type { Bundle } from './bundle.ts';
import { exclusionOf, type Search } from './candidates.ts';
import type { Considered, CostParts, Decision, Exclusion } from './decision.ts';
import { biasPartsOf, type Market } from './market.ts';
import { nextTaskParts, type Route } from './route.ts';
import { objectionOf } from './terms.ts';

export type Weighing = {
  readonly market: Market;
  readonly search: Search;
  /** Before anything was planned, by carrier index. */
  readonly start: readonly Route[];
  /** As planned, by carrier index. */
  readonly routes: readonly Route[];
};

export type Weighed = Pick<Decision, 'candidates' | 'best' | 'excluded' | 'askedAgain'> & {
  /** The chosen driver is too far away for the search. */
  readonly isBeyond: boolean;
};

const mostShown = 5;
/** The most promising are weighed exactly, to show the best of them. */
const mostWeighed = 8;

/** Each candidate as if this were his next task. `chosen`: the index of who is planned for it, shown in any case. */
export function weigh(bundle: Bundle, chosen: number, weighing: Weighing): Weighed {
  const { market, search, start } = weighing;
  const route = start[chosen];
  const askLapsed =
    route !== undefined && objectionOf(bundle.terms, route.carrier) === 'let_lapse_before';
  const found = search(bundle, askLapsed);
  const isListed = route === undefined || found.drivers.includes(chosen);
  const own = isListed ? undefined : exclusionOf(bundle, route, { market, askLapsed });
  const asked = found.drivers.slice(0, mostWeighed);
  if (route && !asked.includes(chosen)) asked.push(chosen);
  const best = asked
    .flatMap((index) => costly(bundle, start[index], market))
    .toSorted((a, b) => a.costMs - b.costMs || a.route.carrier.index - b.route.carrier.index)
    .filter((each, rank) => rank < mostShown || each.route.carrier.index === chosen)
    .map((each) => consideredOf(bundle, each, weighing));
  return {
    candidates: own ? found.count + 1 : found.count,
    best,
    excluded: excludedOf({ ...market.absent, ...found.excluded }, own),
    askedAgain: found.askedAgain,
    isBeyond: own === 'out_of_radius',
  };
}

function excludedOf(all: Decision['excluded'], less: Exclusion | undefined): Decision['excluded'] {
  if (!less) return all;
  const { [less]: count = 1, ...others } = all;
  return count > 1 ? { ...others, [less]: count - 1 } : others;
}

type Costly = ReturnType<typeof nextTaskParts> & { readonly route: Route };

function costly(bundle: Bundle, route: Route | undefined, market: Market): readonly Costly[] {
  if (!route) return [];
  const parts = nextTaskParts(bundle, route, market);
  return parts.costMs < Number.POSITIVE_INFINITY ? [{ ...parts, route }] : [];
}

function consideredOf(
  bundle: Bundle,
  { route, costMs, standingMs, uncertaintyMs }: Costly,
  { market, routes }: Pick<Weighing, 'market' | 'routes'>,
): Considered {
  const { now, travel, beforeMs } = market;
  const { carrier, end } = route;
  const travelMs = travel.ms(end.at, bundle.pickup, carrier.speed);
  const arriveAt = end.freeAt + travelMs;
  const others = { standing: standingMs, uncertainty: uncertaintyMs };
  return {
    driverId: carrier.driverId,
    minutes: minutesOf(arriveAt - now),
    freeIn: minutesOf(end.freeAt - now),
    travel: minutesOf(travelMs),
    waits: minutesOf(Math.max(0, bundle.readyAt - arriveAt - beforeMs.pickup)),
    ...costOf(costMs, { ...others, ...biasOf(route, bundle.jobs.length, market) }),
    takes: takenBy(routes[carrier.index], bundle),
  };
}

/** Of a driver who is not among the candidates, too; undefined when the shift ends too soon. */
export function consider(
  bundle: Bundle,
  route: Route,
  weighing: Pick<Weighing, 'market' | 'routes'>,
): Considered | undefined {
  const [each] = costly(bundle, route, weighing.market);
  return each && consideredOf(bundle, each, weighing);
}

type Parts = Omit<CostParts, 'late'>;

export function biasOf({ carrier }: Route, orders: number, market: Market) {
  const { acceptance, fairness, rating } = biasPartsOf(carrier.driver, market);
  return { acceptance: acceptance * orders, fairness: fairness * orders, rating: rating * orders };
}

const partNames = ['late', 'standing', 'uncertainty', 'acceptance', 'fairness', 'rating'] as const;

/** In tenths of minutes that add up: the largest part takes what rounding leaves. What is no other part is lateness. */
export function costOf(costMs: number, others: Parts): Pick<Considered, 'cost' | 'parts'> {
  const { standing, uncertainty, acceptance, fairness, rating } = others;
  const late = costMs - standing - uncertainty - acceptance - fairness - rating;
  const ms = { late, ...others };
  const cost = tenths(costMs);
  let left = cost;
  let largest: (typeof partNames)[number] = 'late';
  for (const name of partNames) {
    left -= tenths(ms[name]);
    if (Math.abs(tenths(ms[name])) > Math.abs(tenths(ms[largest]))) largest = name;
  }
  const parts: { -readonly [Name in keyof CostParts]?: number } = {};
  for (const name of partNames) {
    const value = tenths(ms[name]) + (name === largest ? left : 0);
    if (value !== 0) parts[name] = value / 10;
  }
  return { parts, cost: cost / 10 + 0 };
}

const tenths = (ms: number): number => Math.round(ms / 6_000);

function takenBy(route: Route | undefined, { jobs }: Bundle): Considered['takes'] {
  const first = route?.added[0] ?? route?.tail[0]?.jobs[0];
  return first && !jobs.includes(first) ? first.orderId : undefined;
}

/** To a tenth. */
export const minutesOf = (ms: number): number => Math.round(ms / 6_000) / 10 + 0;
