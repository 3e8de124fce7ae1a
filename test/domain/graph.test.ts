// The promise "never stuck", proved from the lifecycle table: the reachable product of the three machines is walked,
// and the checker itself is tried on broken tables and policies.

import { readFile, writeFile } from 'node:fs/promises';
import { describe, expect, it, vi } from 'vitest';
import { dueAt, lifecycle, type Machine } from '../../domain/lifecycle.ts';
import { exitKinds, updateNames, type Command } from '../../domain/messages.ts';
import { initialState, isOver, type OrderFacts, type OrderState } from '../../domain/order.ts';
import { paymentCallOf, type PaymentCall } from '../../domain/payment.ts';
import { everyday } from './circles.ts';
import { combinationOf, facts, hear, hour } from './lives.ts';
import { lifecyclePage } from './lifecycle-page.ts';
import { situations } from './situations.ts';
import { walk, type Walk } from './walk.ts';
import { plans, walkAll, walkOf } from './walks.ts';

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
    console.log(
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
    console.log(
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
    const answerAt = call ? Math.max(now, call.giveUpAt) : Number.POSITIVE_INFINITY;
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

const isProof = process.env['PROOF'] !== undefined;
/** Whoever sees these happen a moment early has lost an order. */
const decisive: ReadonlySet<string> = new Set(['expire', 'failSearch', 'giveUpProof', 'writeOff']);

type PlanName = keyof typeof plans;
const planNames = Object.keys(plans) as PlanName[];

/** The walks in which this state is met, the smallest first: one of them must notice. */
function walksThrough(machine: Machine, status: string): readonly PlanName[] {
  const size = (name: PlanName): number => walks.get(name)?.nodes.size ?? 0;
  const meets = (name: PlanName): boolean =>
    [...(walks.get(name)?.nodes.values() ?? [])].some(
      (node) => node.state[machine].status === status,
    );
  return planNames.filter(meets).toSorted((a, b) => size(a) - size(b));
}

/** What the walks complain about with one row of the table replaced, until one of them does. */
function complaintsWith(
  machine: Machine,
  status: string,
  row: AnyRow | undefined,
): readonly string[] {
  const before = table[machine][status];
  table[machine][status] = row;
  try {
    for (const name of walksThrough(machine, status)) {
      const found = tryWalk(() => walkOf(plans[name]).violations);
      if (found.length > 0) return found;
    }
    return [];
  } finally {
    table[machine][status] = before;
  }
}

const stepsOfAll = (Object.keys(table) as Machine[]).flatMap((machine) =>
  Object.entries(table[machine]).flatMap(([status, row]) =>
    (row?.steps ?? []).map((step) => ({ machine, status, row, step })),
  ),
);

/** Reminders, questions and second tries help, but the order also ends without them. */
const dispensable = [
  'arrived_at_dropoff.pingDriver',
  'arrived_at_pickup.warnMerchant',
  'capture_failed.retryCapture',
  'confirmed.pingDriver',
  'enroute_to_return.escalateReturn',
  'pending.alertBranch',
  'pending.callMerchant',
  'pending.remindMerchant',
  'picked_up.pingDriver',
  'ready.remindCollection',
];

const own = (row: AnyRow | undefined, exit: string): boolean =>
  row?.steps?.some((step) => step.exit === exit) ?? false;

describe('lifecycle › the checker sees a broken table', () => {
  it('without one of its steps, unless another step stands behind it', () => {
    // That the others can be done without takes every walk to show: in the proof only.
    const tried = stepsOfAll.filter(
      ({ status, step }) => isProof || !dispensable.includes(`${status}.${step.exit}`),
    );
    const survivors = tried.filter(({ machine, status, row, step }) => {
      const steps = row?.steps?.filter((other) => other !== step) ?? [];
      return complaintsWith(machine, status, { ...row, kind: 'waits', steps }).length === 0;
    });
    expect(stepsOfAll.length).toBeGreaterThanOrEqual(33);
    expect(survivors.map(({ status, step }) => `${status}.${step.exit}`).toSorted()).toEqual(
      isProof ? dispensable : [],
    );
  });

  it.each(
    (Object.keys(table) as Machine[]).flatMap((machine) =>
      Object.keys(table[machine])
        .filter((status) => walksThrough(machine, status).length > 0)
        .map((status) => [machine, status] as const),
    ),
  )('without the row of %s %s', (machine, status) => {
    expect(complaintsWith(machine, status, undefined)).toContain(`${machine} ${status} has no row`);
  });

  it('when a step has the exit of another state', () => {
    const sample = isProof ? 1 : 40;
    const wrong = stepsOfAll
      .flatMap(({ machine, status, row, step }) =>
        exitKinds.flatMap((exit) => (own(row, exit) ? [] : [{ machine, status, row, step, exit }])),
      )
      .filter((_, i) => i % sample === 0);
    const unnoticed = wrong.filter(({ machine, status, row, step, exit }) => {
      const steps = row?.steps?.map((one) => (one === step ? { ...one, exit } : one)) ?? [];
      return complaintsWith(machine, status, { kind: 'waits', ...row, steps }).length === 0;
    });
    console.log(`lifecycle: ${wrong.length} wrong exits tried, ${unnoticed.length} are harmless`);
    const harmful = unnoticed.filter(
      ({ status, step, exit }) =>
        !dispensable.includes(`${status}.${step.exit}`) || decisive.has(exit),
    );
    expect(harmful.map(({ status, step, exit }) => `${status}.${step.exit} → ${exit}`)).toEqual([]);
  });

  it.each([
    ['payment', 'capturing', { kind: 'rests', on: ['order'] }],
    ['payment', 'authorized', { kind: 'final' }],
    ['order', 'ready', { kind: 'rests', on: ['order'] }],
    ['delivery', 'delivered', { kind: 'rests', on: ['delivery'] }],
    ['payment', 'authorized', { kind: 'effect' }],
    ['payment', 'collected', { kind: 'final' }],
    ['order', 'scheduled', { kind: 'rests', on: ['payment'] }],
  ] as const)('when %s %s becomes %o', (machine, status, row) => {
    expect(complaintsWith(machine, status, row)).not.toEqual([]);
  });

  it.each([
    ['everyday', 'maxDriversPerOrder', /a loop is uncapped: searches/],
    ['everyday', 'maxPaymentAttempts', /a loop is uncapped: authorize/],
    ['everyday', 'moneyLimitMs', /uncapped|never comes/],
    ['everyday', 'searchLimitMs', /never comes/],
    ['everyday', 'expireMs', /never comes/],
    ['everyday', 'paymentActionTimeoutMs', /never comes/],
    ['everyday', 'prepGraceMs', /never comes/],
    ['everyday', 'pingGraceMs', /never comes/],
    ['on the road', 'maxPickupWaitMs', /never comes/],
    ['on the road', 'maxDropoffWaitMs', /never comes/],
    ['on the road', 'returnWaitMs', /never comes/],
    ['on the road', 'problemMs', /never comes/],
    ['on the road, cash', 'cashRemitMs', /never comes/],
    ['pharmacy', 'prescriptionMs', /never comes/],
    ['pickup, card', 'collectMs', /never comes/],
    ['at the branch', 'shortageMs', /never comes/],
    ['at the branch', 'maxDelays', /uncapped/],
    ['at the branch', 'maxShortages', /uncapped|throws/],
    ['at the branch', 'maxChanges', /uncapped/],
    ['at the desk', 'maxRedeliveries', /uncapped/],
    ['by the clock', 'maxHolds', /uncapped/],
    ['by the clock', 'maxResends', /uncapped/],
  ] as const)('%s › without the cap %s', (plan, name, says) => {
    const uncapped = () => walkOf(plans[plan], { [name]: Number.POSITIVE_INFINITY }).violations;
    expect(tryWalk(uncapped).join('\n')).toMatch(says);
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
