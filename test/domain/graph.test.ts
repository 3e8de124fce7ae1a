// The promise "never stuck", proved from the lifecycle table: the reachable product of the three machines is walked,
// and the checker itself is tried on broken tables and policies.

import { readFile, writeFile } from 'node:fs/promises';
import { describe, expect, it, vi } from 'vitest';
import { lifecycle } from '../../domain/lifecycle.ts';
import { exitKinds, updateNames } from '../../domain/messages.ts';
import { initialState, type OrderFacts, type OrderState } from '../../domain/order.ts';
import { figure } from '../support/figure.ts';
import { everyday } from './circles.ts';
import { combinationOf, facts, hear, hour } from './lives.ts';
import { lifecyclePage } from './lifecycle-page.ts';
import { silenceFrom } from './silence.ts';
import { situations } from './situations.ts';
import { walk, type Walk } from './walk.ts';
import { plans, walkAll } from './walks.ts';

/** Two drivers instead of five: a third one needs somebody from outside and changes no bound. */
const full = walk(
  { ...facts, policy: { ...facts.policy, maxDriversPerOrder: 2 } },
  { justInTime: false, speak: everyday },
);
const walks = walkAll();
const reached = new Set([...walks.values()].flatMap(({ combinations }) => [...combinations]));
const nodesOf = () => [...walks.values()].flatMap(({ nodes }) => [...nodes.values()]);

const inWords = (ms: number): string =>
  `${Math.floor(ms / hour)} h ${Math.round((ms % hour) / 60_000)} min`;

vi.setConfig({ testTimeout: 120_000 });

describe('lifecycle › never stuck', () => {
  it.each([...walks])('holds in everything that can be reached: %s', (_name, { violations }) => {
    expect(violations).toEqual([]);
  });

  it('holds under the default policy too, where it reaches the same', () => {
    expect(full.violations).toEqual([]);
    expect(full.combinations).toEqual(walks.get('everyday')?.combinations);
    figure(
      `lifecycle: ${reached.size} combinations of order × delivery × payment in ${walks.size} walks, ` +
        `${nodesOf().length} states in abstract time; everyday under the default policy ${full.nodes.size} more`,
    );
  });

  it('uses every exit of the table', () => {
    const used = new Set(
      nodesOf().flatMap(({ moves }) =>
        moves.flatMap((m) => (m.by === 'deadline' ? [m.command?.kind] : [])),
      ),
    );
    expect([...exitKinds].filter((kind) => !used.has(kind))).toEqual([]);
  });

  it('is told every command that there is', () => {
    const said = new Set(
      nodesOf().flatMap(({ moves }) =>
        moves.flatMap((m) => (m.by === 'outside' ? [m.command?.kind] : [])),
      ),
    );
    expect(updateNames.filter((name) => !said.has(name))).toEqual([]);
  });

  it('knows every status of the table, and no other is reachable', () => {
    for (const machine of ['order', 'delivery', 'payment'] as const) {
      const statuses = new Set(nodesOf().map(({ state }) => state[machine].status));
      if (machine === 'payment')
        statuses.add(situations.get('unplaced')?.payment.status ?? 'authorizing');
      expect([...statuses].toSorted()).toEqual(Object.keys(lifecycle[machine]).toSorted());
    }
  });

  it('is written down in docs/lifecycle.md as it is', async () => {
    const file = new URL('../../docs/lifecycle.md', import.meta.url);
    const page = lifecyclePage([...walks.values()], reached.size);
    if (process.env['WRITE_DOCS']) await writeFile(file, page);
    expect(await readFile(file, 'utf8')).toBe(page);
  });

  it('ends every order within a bound when nobody says anything any more', () => {
    const silent = new Map<string, number>();
    const worst = new Map<string, number>();
    for (const of of walks.values()) {
      raise(
        silent,
        longest(of, (key) => silenceFrom(nodeOf(of, key))),
      );
      raise(worst, worstOf(of));
    }
    for (const combination of [...reached].toSorted()) {
      const [silentMs, worstMs] = [silent.get(combination) ?? 0, worst.get(combination) ?? 0];
      if (worstMs > 0)
        console.log(
          `  ${combination}: over within ${inWords(silentMs)} of silence, ${inWords(worstMs)} with a provider at its worst`,
        );
    }
    const ofPlaced = silenceFrom(first({}));
    const farAhead = silenceFrom(first(plans['for much later'].facts));
    figure(
      `lifecycle: a silent order for now is over within ${inWords(ofPlaced)}, one for ten days ahead within ${inWords(farAhead)}; ` +
        `from any state ${inWords(Math.max(...silent.values()))}, with a provider at its worst ${inWords(Math.max(...worst.values()))}`,
    );
    const { policy } = facts;
    // Nobody accepts, and the provider does not answer the void.
    expect(ofPlaced).toBeLessThanOrEqual(
      policy.paymentActionTimeoutMs + policy.paymentCheckMs + policy.moneyLimitMs,
    );
    // The longest silence behind the release: a driver vanishes with the goods, then the provider does not answer.
    const walked = { ...policy, moneyLimitMs: 3 * hour };
    const promised = 10 * 24 * hour;
    expect(Math.max(...silent.values())).toBeLessThan(
      promised + 6 * hour + walked.lateProofWindowMs + walked.moneyLimitMs,
    );
    // However often the provider says "not executed" or "not now": patience counts from the first intent.
    expect(Math.max(...worst.values())).toBeLessThan(
      promised + 6 * hour + walked.lateProofWindowMs + 2 * walked.moneyLimitMs,
    );
  });
});

/** A placed order and its moment, under the default policy. */
function first(of: Partial<OrderFacts>): { readonly state: OrderState; readonly now: number } {
  const state = initialState({ ...facts, ...of });
  const now = facts.placedAt;
  return { state: hear(state, { kind: 'place' }, now).state, now };
}

function raise(known: Map<string, number>, more: ReadonlyMap<string, number>): void {
  for (const [name, ms] of more) known.set(name, Math.max(known.get(name) ?? 0, ms));
}

const nodeOf = ({ nodes }: Walk, key: string) => {
  const node = nodes.get(key);
  if (!node) throw new Error(`no node ${key}`);
  return node;
};

/** The longest of `msFrom` per combination. */
function longest(of: Walk, msFrom: (key: string) => number): ReadonlyMap<string, number> {
  const bounds = new Map<string, number>();
  for (const [key, { state }] of of.nodes) {
    const combination = combinationOf(state);
    bounds.set(combination, Math.max(bounds.get(combination) ?? 0, msFrom(key)));
  }
  return bounds;
}

/** The longest way to the end by deadlines and whatever answers of the provider, now or at their limit. */
function worstOf(of: Walk): ReadonlyMap<string, number> {
  const known = new Map<string, number>();
  const from = (key: string): number => {
    const cached = known.get(key);
    if (cached !== undefined) return cached;
    known.set(key, 0);
    const own = nodeOf(of, key).moves.filter((m) => m.by === 'deadline' || m.by === 'answer');
    const ms = own.reduce((most, { afterMs, to }) => Math.max(most, afterMs + from(to)), 0);
    known.set(key, ms);
    return ms;
  };
  return longest(of, from);
}
