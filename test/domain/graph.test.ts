// The promise "never stuck", proved from the lifecycle table: the reachable product of the three machines is walked,
// and the checker itself is tried on broken tables and policies.

import { describe, expect, it, vi } from 'vitest';
import { dueAt, lifecycle, type Machine } from '../../domain/lifecycle.ts';
import { exitKinds, type Command } from '../../domain/messages.ts';
import { isOver, type OrderState } from '../../domain/order.ts';
import { paymentCallOf, type PaymentCall } from '../../domain/payment.ts';
import type { Policy } from '../../domain/policy.ts';
import { combinationOf, facts, hear, hour } from './lives.ts';
import { situations } from './situations.ts';
import { limitOf, smallPolicy, walk, type Walk } from './walk.ts';

const walkWith = (policy: Partial<Policy>): Walk =>
  walk({ ...facts, policy: { ...smallPolicy, ...policy } }, { justInTime: true });

/** Two drivers instead of five: a third one needs somebody from outside and changes no bound. */
const full = walk(
  { ...facts, policy: { ...facts.policy, maxDriversPerOrder: 2 } },
  { justInTime: false },
);
const fine = walkWith({});

const inWords = (ms: number): string =>
  `${Math.floor(ms / hour)} h ${Math.round((ms % hour) / 60_000)} min`;

vi.setConfig({ testTimeout: 60_000 });

describe('lifecycle › never stuck', () => {
  it('holds in every reachable combination of order, delivery and payment', () => {
    expect(full.violations).toEqual([]);
    expect(fine.violations).toEqual([]);
    expect(full.combinations).toEqual(fine.combinations);
    console.log(
      `lifecycle: ${full.combinations.size} combinations of order × delivery × payment, ` +
        `${full.nodes.size} states in abstract time (default policy), ${fine.nodes.size} with just-in-time commands`,
    );
  });

  it('uses every exit of the table', () => {
    const used = new Set(
      [...full.nodes.values()].flatMap(({ moves }) =>
        moves.flatMap((m) => (m.by === 'deadline' ? [m.command?.kind] : [])),
      ),
    );
    expect([...exitKinds].filter((kind) => !used.has(kind))).toEqual([]);
  });

  it('knows every status of the table, and no other is reachable', () => {
    const reached = [...full.nodes.values()];
    for (const machine of ['order', 'delivery', 'payment'] as const) {
      const statuses = new Set(reached.map(({ state }) => state[machine].status));
      if (machine === 'payment')
        statuses.add(situations.get('unplaced')?.payment.status ?? 'authorizing');
      expect([...statuses].toSorted()).toEqual(Object.keys(lifecycle[machine]).toSorted());
    }
  });

  it('ends every order within a bound when nobody says anything any more', () => {
    const silent = longest(full, (key) => silenceFrom(nodeOf(full, key)));
    const worst = worstOf(full);
    const rows = [...full.combinations].filter((c) => (worst.get(c) ?? 0) > 0);
    for (const combination of rows.toSorted()) {
      console.log(
        `  ${combination}: over within ${inWords(silent.get(combination) ?? 0)} of silence, ` +
          `${inWords(worst.get(combination) ?? 0)} with a provider at its worst`,
      );
    }
    const [silentMs, worstMs] = [Math.max(...silent.values()), Math.max(...worst.values())];
    console.log(
      `lifecycle: bound ${inWords(silentMs)} of silence, ${inWords(worstMs)} with a provider at its worst`,
    );
    const { policy } = facts;
    // The longest silence: a driver vanishes with the goods, then the provider does not answer the void.
    expect(silentMs).toBeLessThan(2 * hour + policy.lateProofWindowMs + policy.moneyLimitMs);
    // The worst provider: five times "not executed" and twice "not now", each at the last moment.
    expect(worstMs).toBeLessThanOrEqual(7 * policy.moneyLimitMs);
  });
});

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

/** As workflows/provider.ts reads the silence of the provider. */
function silenceOf({ step }: PaymentCall): Command {
  if (step === 'capture') return { kind: 'paymentCaptureFailed', code: 'unanswered', final: true };
  return step === 'void'
    ? { kind: 'paymentVoidFailed', code: 'void_unanswered' }
    : { kind: 'paymentUnanswered' };
}

/** Milliseconds until the order is over when nobody, not even the provider, says anything. */
function silenceFrom({
  state: start,
  now: startedAt,
}: {
  readonly state: OrderState;
  readonly now: number;
}): number {
  let [state, now] = [start, startedAt];
  for (let turns = 0; !isOver(state); turns += 1) {
    if (turns > 200) throw new Error(`no end in ${combinationOf(state)}`);
    const due = dueAt(state, Number.MAX_SAFE_INTEGER);
    const call = paymentCallOf(state);
    const answerAt = call ? now + limitOf(state, call) : Number.POSITIVE_INFINITY;
    if (due && due.at <= answerAt) {
      now = Math.max(now, due.at);
      state = hear(state, { kind: due.exit }, now).state;
    } else if (call) {
      now = answerAt;
      state = hear(state, silenceOf(call), now).state;
    } else throw new Error(`stuck in ${combinationOf(state)}`);
  }
  return now - startedAt;
}

type AnyStep = { readonly exit: string; readonly irreversible: boolean };
type AnyRow = {
  readonly kind: string;
  readonly steps?: readonly AnyStep[];
  readonly on?: readonly string[];
};
type AnyTable = Record<Machine, Record<string, AnyRow | undefined>>;
const table = lifecycle as unknown as AnyTable;

/** Walks with one row of the table replaced, and puts it back. */
function walkWithRow(machine: Machine, status: string, row: AnyRow | undefined): readonly string[] {
  const before = table[machine][status];
  table[machine][status] = row;
  try {
    return walkWith({}).violations;
  } finally {
    table[machine][status] = before;
  }
}

const stepsOfAll = (Object.keys(table) as Machine[]).flatMap((machine) =>
  Object.entries(table[machine]).flatMap(([status, row]) =>
    (row?.steps ?? []).map((step) => ({ machine, status, row, step })),
  ),
);

describe('lifecycle › the checker sees a broken table', () => {
  it('without one of its steps, unless another step stands behind it', () => {
    const survivors = stepsOfAll.filter(({ machine, status, row, step }) => {
      const steps = row?.steps?.filter((other) => other !== step) ?? [];
      return walkWithRow(machine, status, { ...row, kind: 'waits', steps }).length === 0;
    });
    expect(stepsOfAll.length).toBeGreaterThanOrEqual(12);
    // Reminders and second tries help, but the order also ends without them.
    expect(survivors.map(({ status, step }) => `${status}.${step.exit}`).toSorted()).toEqual([
      'capture_failed.retryCapture',
      'confirmed.pingDriver',
      'pending.remindMerchant',
      'picked_up.pingDriver',
    ]);
  });

  it.each(
    (Object.keys(table) as Machine[]).flatMap((machine) =>
      Object.keys(table[machine])
        .filter((status) => !(machine === 'payment' && status === 'none'))
        .map((status) => [machine, status] as const),
    ),
  )('without the row of %s %s', (machine, status) => {
    expect(walkWithRow(machine, status, undefined)).toContain(`${machine} ${status} has no row`);
  });

  it.each([
    ['order', 'pending', 'failSearch', /illegal|no settlement/],
    ['delivery', 'searching', 'unconfirm', /exit unconfirm does nothing/],
    ['delivery', 'searching', 'giveUpProof', /./],
  ] as const)('when %s %s has the exit %s', (machine, status, exit, says) => {
    const row = table[machine][status];
    const steps = row?.steps?.map((step) => ({ ...step, exit }));
    const violations = tryWalk(() =>
      walkWithRow(machine, status, { kind: 'waits', ...row, steps: steps ?? [] }),
    );
    expect(violations.join('\n')).toMatch(says);
  });

  it.each([
    ['payment', 'capturing', { kind: 'rests', on: ['order'] }],
    ['payment', 'authorized', { kind: 'final' }],
    ['order', 'ready', { kind: 'rests', on: ['order'] }],
    ['delivery', 'delivered', { kind: 'rests', on: ['delivery'] }],
    ['payment', 'authorized', { kind: 'effect' }],
  ] as const)('when %s %s becomes %o', (machine, status, row) => {
    expect(walkWithRow(machine, status, row)).not.toEqual([]);
  });

  it.each([
    ['maxDriversPerOrder', /a loop is uncapped: searches/],
    ['maxPaymentAttempts', /a loop is uncapped: authorize/],
    ['moneyLimitMs', /uncapped|never comes/],
    ['searchLimitMs', /never comes/],
    ['expireMs', /never comes/],
    ['paymentActionTimeoutMs', /never comes/],
    ['prepGraceMs', /never comes/],
    ['pingGraceMs', /never comes/],
  ] as const)('without the cap %s', (name, says) => {
    expect(walkWith({ [name]: Number.POSITIVE_INFINITY }).violations.join('\n')).toMatch(says);
  });
});

/** An exit that lands where the settlement has no cell throws: seen as well. */
function tryWalk(run: () => readonly string[]): readonly string[] {
  try {
    return run();
  } catch (error) {
    return [String(error)];
  }
}
