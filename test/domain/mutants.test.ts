// Is the checker any good? The lifecycle is broken on purpose, one row, exit or cap at a time, and each mutant must be
// noticed: by a walk, when the promise "never stuck" is broken or what happens is not true, or else by docs/lifecycle.md,
// which is written from the table. A sample is tried in a test run, all of them in the proof.

import { readFile } from 'node:fs/promises';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { lifecycle, type Machine } from '../../domain/lifecycle.ts';
import { exitKinds } from '../../domain/messages.ts';
import { defaultPolicy, type Policy } from '../../domain/policy.ts';
import { figure } from '../support/figure.ts';
import { rowsOf, capRows } from './lifecycle-page.ts';
import { plans, walkAll, walkOf } from './walks.ts';

type AnyStep = {
  readonly exit: string;
  readonly policy: keyof Policy;
  readonly irreversible: boolean;
  readonly at: (part: unknown, state: unknown) => number | undefined;
};
type AnyRow = {
  readonly kind: string;
  readonly limit?: keyof Policy;
  readonly steps?: readonly AnyStep[];
  readonly on?: readonly string[];
};
type Mutant = {
  readonly name: string;
  readonly machine: Machine;
  readonly status: string;
  readonly row: AnyRow | undefined;
};

const table = lifecycle as unknown as Record<Machine, Record<string, AnyRow | undefined>>;
const machines = Object.keys(table) as readonly Machine[];
const isProof = process.env['PROOF'] !== undefined;
const walks = walkAll();
vi.setConfig({ testTimeout: 600_000 });

type PlanName = keyof typeof plans;
const size = (name: PlanName): number => walks.get(name)?.nodes.size ?? 0;
/** The smallest first: one of them must notice. */
const planNames = (Object.keys(plans) as readonly PlanName[]).toSorted((a, b) => size(a) - size(b));

/** The walks in which this state is met. */
function walksThrough({ machine, status }: Mutant): readonly PlanName[] {
  const meets = (name: PlanName): boolean =>
    [...(walks.get(name)?.nodes.values() ?? [])].some(
      (node) => node.state[machine].status === status,
    );
  return planNames.filter(meets);
}

/** An exit that lands where the settlement has no cell throws: seen as well. */
function tryWalk(run: () => readonly string[]): readonly string[] {
  try {
    return run();
  } catch (error) {
    return [String(error)];
  }
}

const page = await readFile(new URL('../../docs/lifecycle.md', import.meta.url), 'utf8');
const isWritten = (lines: readonly string[]): boolean => page.includes(lines.join('\n'));

type Noticed = 'promise' | 'page' | 'nobody';
const tally: Record<Noticed, number> = { promise: 0, page: 0, nobody: 0 };

function noticing(mutant: Mutant): Noticed {
  const { machine, status, row } = mutant;
  const before = table[machine][status];
  table[machine][status] = row;
  try {
    const broken = walksThrough(mutant).some(
      (name) => tryWalk(() => walkOf(plans[name]).violations).length > 0,
    );
    if (broken) return 'promise';
    return row && isWritten(rowsOf(machine)) ? 'nobody' : 'page';
  } finally {
    table[machine][status] = before;
  }
}

/** Tries all of them, and names those that the promise does not need. */
function survivorsOf(mutants: readonly Mutant[]): readonly string[] {
  const heard = mutants.map((mutant) => ({ name: mutant.name, by: noticing(mutant) }));
  for (const { by } of heard) tally[by] += 1;
  expect(heard.flatMap(({ name, by }) => (by === 'nobody' ? [name] : []))).toEqual([]);
  return heard.flatMap(({ name, by }) => (by === 'page' ? [name] : [])).toSorted();
}

const rows = machines.flatMap((machine) =>
  Object.entries(table[machine]).flatMap(([status, row]) =>
    row ? [{ machine, status, row }] : [],
  ),
);
const steps = rows.flatMap(({ row, ...where }) =>
  (row.steps ?? []).map((step) => ({ ...where, row, step })),
);
const sampled = <T>(all: readonly T[], every: number): readonly T[] =>
  isProof ? all : all.filter((_, i) => i % every === 0);

/** Reminders, questions and second tries help, but the order also ends without them. */
const dispensable: ReadonlySet<string> = new Set([
  'authorized.renewHold',
  'capture_failed.retryCapture',
  'enroute_to_return.escalateReturn',
  'partner_confirmed.pollPartner',
  'partner_picked_up.pollPartner',
  'partner_unconfirmed.pollPartner',
  'pending.alertBranch',
  'pending.remindMerchant',
  'ready.remindCollection',
  'searching.askPartner',
  'searching.escalateSearch',
]);

/** Two names for one end. */
const same: ReadonlySet<string> = new Set([
  'awaiting_prescription.expirePrescription → expire',
  'pending.expire → expirePrescription',
]);

/** Where the order waits for something else anyway, the row may say so: a driver, the goods, an answer from outside. */
const sameWait = [
  'order accepted → rests on',
  'payment authorized → rests on',
  'delivery partner_cancelling → effect',
];

afterAll(() => {
  const { promise, page: written, nobody } = tally;
  const all = promise + written + nobody;
  figure(
    `lifecycle mutants: ${all} tried, ${promise + written} caught: ${promise} by the walks, ${written} that leave the promise whole by docs/lifecycle.md`,
  );
});

const never = () => Number.POSITIVE_INFINITY;

describe('lifecycle › the checker sees a broken table', () => {
  it('without any one row', () => {
    const mutants = rows.map(({ machine, status }): Mutant => ({
      name: status,
      machine,
      status,
      row: undefined,
    }));
    expect(survivorsOf(mutants)).toEqual([]);
  });

  it('without any one step, unless another step stands behind it', () => {
    const mutants = steps
      .map(({ machine, status, row, step }): Mutant => {
        const others = row.steps?.filter((other) => other !== step) ?? [];
        return {
          name: `${status}.${step.exit}`,
          machine,
          status,
          row: { ...row, steps: others },
        };
      })
      // That these can be done without takes every walk to show.
      .filter(({ name }) => isProof || !dispensable.has(name));
    expect(survivorsOf(mutants)).toEqual(isProof ? [...dispensable] : []);
  });

  it('with any one row of another kind', () => {
    const kinds: readonly AnyRow[] = [
      { kind: 'final' },
      { kind: 'effect', limit: 'moneyLimitMs' },
      ...machines.map((on) => ({ kind: 'rests', on: [on] })),
    ];
    const mutants = rows.flatMap(({ machine, status, row }) =>
      kinds.flatMap((other): readonly Mutant[] => {
        if (other.kind === row.kind && other.on?.join() === row.on?.join()) return [];
        const name = `${machine} ${status} → ${other.kind}${other.on ? ` on ${other.on[0]}` : ''}`;
        return [{ name, machine, status, row: other }];
      }),
    );
    const waiting = rows.filter(({ row }) => row.kind === 'waits').map(({ status }) => status);
    const survivors = survivorsOf(sampled(mutants, 60)).filter((name) =>
      waiting.includes(name.split(' ')[1] ?? ''),
    );
    expect(survivors.filter((name) => !sameWait.some((start) => name.startsWith(start)))).toEqual(
      [],
    );
  });

  it('with any one step’s exit of another state', () => {
    const mutants = steps.flatMap(({ machine, status, row, step }) =>
      exitKinds.flatMap((exit): readonly Mutant[] => {
        if (row.steps?.some((own) => own.exit === exit)) return [];
        const changed = row.steps?.map((one) => (one === step ? { ...one, exit } : one)) ?? [];
        const name = `${status}.${step.exit} → ${exit}`;
        return [{ name, machine, status, row: { ...row, steps: changed } }];
      }),
    );
    const survivors = survivorsOf(sampled(mutants, 40));
    expect(survivors.filter((name) => !same.has(name))).toEqual([]);
  });

  it('with any one step’s deadline that never comes', () => {
    const mutants = steps.map(({ machine, status, row, step }): Mutant => {
      const changed = row.steps?.map((one) => (one === step ? { ...one, at: never } : one)) ?? [];
      const name = `${status}.${step.exit}`;
      return { name, machine, status, row: { ...row, steps: changed } };
    });
    expect(survivorsOf(sampled(mutants, 10))).toEqual([]);
  });
});

/** Every duration that a deadline comes from, and every cap. */
const caps: readonly (keyof Policy)[] = [
  ...new Set([
    ...steps.map(({ step }) => step.policy),
    ...rows.flatMap(({ row }) => row.limit ?? []),
    ...(Object.keys(defaultPolicy) as (keyof Policy)[]).filter((name) => name.startsWith('max')),
  ]),
];
/**
 * The dispatcher's and the API's, who count outside the order; what the number of drivers caps as well; and how early a
 * hold is renewed, since each renewal gains time.
 */
const elsewhere: ReadonlySet<string> = new Set([
  'maxOfferRounds',
  'maxPinAttempts',
  'maxRemakes',
  'renewHoldMs',
]);

const uncapped = (cap: keyof Policy): boolean =>
  planNames.some((name) => {
    const policy = { [cap]: Number.POSITIVE_INFINITY };
    return tryWalk(() => walkOf(plans[name], policy).violations).length > 0;
  });

describe('lifecycle › the checker sees a broken policy', () => {
  it('without any one cap', () => {
    const own = sampled(caps, 4).filter((cap) => !elsewhere.has(cap));
    expect(own.filter((cap) => !uncapped(cap))).toEqual([]);
    tally.promise += own.length;
  });

  it('with any one cap of another size', () => {
    for (const cap of caps) {
      const changed = capRows({ ...defaultPolicy, [cap]: Number(defaultPolicy[cap]) + 1 });
      const by = isWritten(changed) ? 'nobody' : 'page';
      tally[by] += 1;
      expect(`${cap}: ${by}`).toBe(`${cap}: page`);
    }
    expect(isWritten(capRows(defaultPolicy))).toBe(true);
  });
});
