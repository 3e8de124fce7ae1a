// Every crash point × everything that can happen to an order, generated from the code, and packed into batches: one
// kill of a process hits one order at each of its cells.

import { crashPoints } from '../../adapters/crash-point.ts';
import {
  doings,
  partnerStepOf,
  paymentStepOf,
  scenarios,
  type Doing,
  type Scenario,
} from './crash-scenarios.ts';

type Process = keyof typeof crashPoints;
type Point = (typeof crashPoints)[Process][number];

export type Cell = {
  readonly name: string;
  readonly process: Process;
  readonly point: Point;
  /** What the point is told when this is being done. */
  readonly tag: string | undefined;
  readonly doing: Doing;
  readonly scenario: Scenario;
};

/** Undefined: this point does not meet it. `any`: the order is all that it is told. */
function tagAt(point: Point, doing: Doing, { tag, sent }: Scenario): string | undefined {
  switch (point) {
    case 'record:before':
    case 'record:after-commit':
      return tag;
    case 'payment:before':
    case 'payment:after-effect':
      return paymentStepOf(doing);
    case 'partner:before':
    case 'partner:after-effect':
      return partnerStepOf(doing);
    case 'dispatch:before-lapse':
    case 'dispatch:after-lapse':
      return doing === 'lapse' ? 'any' : undefined;
    case 'dispatch:before-assign':
    case 'dispatch:after-assign':
      return doing === 'assignAgain' ? 'any' : undefined;
    case 'dispatch:before-exhaust':
    case 'dispatch:after-exhaust':
      return doing === 'exhaustSearch' ? 'any' : undefined;
    case 'dispatch:before-commit':
    case 'dispatch:after-commit':
    case 'dispatch:after':
    case 'dispatch:before-end':
    case 'dispatch:after-end':
      return doing === 'offer' ? 'any' : undefined;
    case 'command:before':
    case 'command:after':
      return sent;
  }
}

export const cells: readonly Cell[] = (['worker', 'api'] as const).flatMap((process) =>
  crashPoints[process].flatMap((point) =>
    doings.flatMap((doing) => {
      const scenario = scenarios.get(doing);
      const tag = scenario && tagAt(point, doing, scenario);
      if (!scenario || tag === undefined) return [];
      const name = `${point} × ${doing}`;
      return [{ name, process, point, tag: tag === 'any' ? undefined : tag, doing, scenario }];
    }),
  ),
);

/** As `CRASH_AT` has it. A placing is known by its merchant only, and a call for money then by its step only. */
export function placeOf({ point, tag, scenario }: Cell, of: Ids): string {
  const known = scenario.place ? (point.startsWith('payment:') ? [] : [of.merchant]) : [of.order];
  return [point, ...(tag === undefined ? [] : [tag]), ...known].join('#');
}
type Ids = { readonly order: string; readonly merchant: string };

/** What one process can hold back at its points at a time. */
const mostCells = { worker: 32, api: 48 } as const;

/**
 * In a batch nothing is done twice: each doing has one shop and one driver. What comes by itself has to be waited for,
 * so it does not share with what is said; and a placing whose call for money is meant shares with no other placing.
 */
export function batchesOf(some: readonly Cell[]): readonly (readonly Cell[])[] {
  const batches: Cell[][] = [];
  const rank = (cell: Cell): number => (isPaidPlacing(cell) ? 0 : 1);
  for (const cell of some.toSorted((a, b) => rank(a) - rank(b))) {
    const free = batches.find(
      (batch) => batch.length < mostCells[cell.process] && batch.every((other) => fit(cell, other)),
    );
    if (free) free.push(cell);
    else batches.push([cell]);
  }
  return batches;
}

const comesByItself = ({ scenario: { act, place } }: Cell): boolean => !act && !place;
const isPaidPlacing = ({ point, scenario }: Cell): boolean =>
  scenario.place !== undefined && point.startsWith('payment:');

const fit = (one: Cell, other: Cell): boolean =>
  one.process === other.process &&
  one.doing !== other.doing &&
  comesByItself(one) === comesByItself(other) &&
  !(one.scenario.place && other.scenario.place && [one, other].some(isPaidPlacing));
