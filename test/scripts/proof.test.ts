// The matrix of crashes is whole: a new command, exit or crash point without a scenario fails here, not in the proof.

import { describe, expect, it } from 'vitest';
import { crashPoints } from '../../adapters/crash-point.ts';
import { exitKinds, updateNames } from '../../domain/messages.ts';
import { batchesOf, cells } from '../support/crash-matrix.ts';
import { doings, scenarios } from '../support/crash-scenarios.ts';

const records = ['record:before', 'record:after-commit'] as const;
const met = new Set(cells.map(({ name }) => name));

/** What an order never records, and where else it is tried. */
const without: Readonly<Record<string, string>> = {
  offer: 'the dispatcher writes it: dispatch:* × offer',
  lapse: 'the dispatcher writes it: dispatch:*-lapse × lapse',
};
/** Commands that no route of the API sends: nothing of the API can die around them. */
const notSent = ['changeEta', 'exhaustSearch', 'forceReady'];

describe('the crash matrix', () => {
  it('has every command, every exit, every step of a payment', () => {
    expect(doings).toEqual(expect.arrayContaining(['place', ...updateNames, ...exitKinds]));
    expect([...scenarios.keys()].toSorted()).toEqual([...doings].toSorted());
  });

  it('kills a worker before and after each of them is recorded, or says why not', () => {
    const missing = doings.filter(
      (doing) => !records.every((point) => met.has(`${point} × ${doing}`)),
    );
    expect(missing).toEqual(Object.keys(without));
  });

  it('kills the API before and after it sends each of them, or no route sends it', () => {
    const points = crashPoints.api;
    const missing = updateNames.filter(
      (name) => !points.every((point) => met.has(`${point} × ${name}`)),
    );
    expect(missing.toSorted()).toEqual(notSent);
  });

  it('meets every crash point', () => {
    const points = Object.values(crashPoints).flat();
    expect(points.filter((point) => !cells.some((cell) => cell.point === point))).toEqual([]);
  });

  it('plays every cell once, and in a batch nothing twice', () => {
    const batches = batchesOf(cells);
    expect(
      batches
        .flat()
        .map(({ name }) => name)
        .toSorted(),
    ).toEqual([...met].toSorted());
    for (const batch of batches) {
      expect(new Set(batch.map(({ doing }) => doing)).size).toBe(batch.length);
      expect(new Set(batch.map(({ process }) => process)).size).toBe(1);
    }
  });
});
