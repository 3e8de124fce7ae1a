// A part of a policy as somebody wrote it down: every field is known, of the right kind and within its limits, or the
// error names it. Used by scripts/what-if.ts.

import { vehicles } from './vehicles.ts';
import { defaultPolicy, isMatching, matchings, type Policy, type Rung } from './policy.ts';

/** What cannot be below one: with none of it the engine could do nothing. */
const counts: ReadonlySet<string> = new Set(['bundleLimit', 'candidateDrivers', 'maxOfferRounds']);

/** Throws an error that names the field, the value and the limit. */
export function parsePolicyOverrides(value: unknown): Partial<Policy> {
  if (!isObject(value)) throw new Error('a policy is an object of fields, like {"bundleLimit": 2}');
  for (const [name, field] of Object.entries(value)) {
    const usual = Object.entries(defaultPolicy).find(([known]) => known === name)?.[1];
    if (usual === undefined) throw new Error(`${name}: no field of a policy${suggestion(name)}`);
    const problem = problemOf(name, field, usual);
    if (problem !== undefined) throw new Error(`${name}: ${problem}, not ${JSON.stringify(field)}`);
  }
  return value;
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function problemOf(name: string, field: unknown, usual: unknown): string | undefined {
  if (name === 'rungs') return rungsProblem(field);
  if (name === 'vehiclePercent') return vehiclesProblem(field);
  if (name === 'hourPercent') return hoursProblem(field);
  if (name === 'matching')
    return isMatching(field) ? undefined : `must be ${matchings.join(' or ')}`;
  if (typeof usual === 'string') return typeof field === 'string' ? undefined : 'must be a text';
  if (typeof usual !== 'number') return isObject(field) ? undefined : 'must be an object';
  const least = counts.has(name) ? 1 : 0;
  const isWhole = Number.isSafeInteger(usual);
  if (typeof field !== 'number' || !Number.isFinite(field) || field < least)
    return `must be a ${isWhole ? 'whole ' : ''}number of at least ${least}`;
  return isWhole && !Number.isSafeInteger(field) ? 'must be a whole number' : undefined;
}

const isRung = (each: unknown): each is Rung => {
  if (!isObject(each)) return false;
  const { payBps = 0, ...sizes } = each;
  return (
    Object.keys(sizes).toSorted().join() === 'durationMs,radiusM' &&
    Object.values(sizes).every((size) => typeof size === 'number' && size > 0) &&
    Number.isSafeInteger(payBps) &&
    Number(payBps) >= 0 &&
    Number(payBps) <= 10_000
  );
};
const percents = 'a whole number from 1 to 1000';
const isPercent = (each: unknown): boolean =>
  Number.isInteger(each) && Number(each) >= 1 && Number(each) <= 1_000;

function vehiclesProblem(field: unknown): string | undefined {
  const isWhole = isObject(field) && vehicles.every((vehicle) => isPercent(field[vehicle]));
  return isWhole && Object.keys(field).length === vehicles.length
    ? undefined
    : `must have ${vehicles.join(', ')}, each ${percents}`;
}

const hoursProblem = (field: unknown): string | undefined =>
  Array.isArray(field) && field.length === 24 && field.every(isPercent)
    ? undefined
    : `must be a list of 24, each ${percents}`;

function rungsProblem(field: unknown): string | undefined {
  const rungs: readonly unknown[] = Array.isArray(field) ? field : [];
  return rungs.length > 0 && rungs.every(isRung)
    ? undefined
    : 'must be a list of at least one {"radiusM", "durationMs", "payBps"?}: both above 0, whole basis points up to 10000';
}

/** A field with the same letters to begin with. */
function suggestion(name: string): string {
  const known = Object.keys(defaultPolicy).find(
    (each) => each.slice(0, 4).toLowerCase() === name.slice(0, 4).toLowerCase(),
  );
  return known === undefined ? '' : `; is ${known} meant?`;
}
