// docs/lifecycle.md, written from the code: the table, the diagrams of what the walks have seen, the settlement.

import { lifecycle, type Machine } from '../../domain/lifecycle.ts';
import { defaultPolicy, type Policy } from '../../domain/policy.ts';
import { settlementTable, stages } from '../../domain/settlement.ts';
import type { Walk } from './walk.ts';

const machines: readonly Machine[] = ['order', 'delivery', 'payment'];

const inWords = (ms: number): string => {
  if (ms % 3_600_000 === 0) return `${ms / 3_600_000} h`;
  return ms % 60_000 === 0 ? `${ms / 60_000} min` : `${ms / 1_000} s`;
};
const durationOf = (name: keyof Policy): string => {
  const value = defaultPolicy[name];
  return typeof value === 'number' ? ` (${inWords(value)})` : '';
};

type Step = {
  readonly exit: string;
  readonly policy: keyof Policy;
  readonly says: string;
  readonly owner?: string;
};
type AnyRow = {
  readonly kind: string;
  readonly owner?: string;
  readonly limit?: keyof Policy;
  readonly says?: string;
  readonly on?: readonly string[];
  readonly steps?: readonly Step[];
};

/** The table of one machine. */
export function rowsOf(machine: Machine): readonly string[] {
  const rows = Object.entries(lifecycle[machine] as Readonly<Record<string, AnyRow>>);
  return rows.flatMap(([status, row]) => {
    if (row.kind === 'final') return [`| \`${status}\` | – | – | final |`];
    if (row.kind === 'rests')
      return [`| \`${status}\` | – | – | carried by ${(row.on ?? []).join(' or ')} |`];
    if (row.kind === 'effect' && row.limit)
      return [
        `| \`${status}\` | system | \`${row.limit}\`${durationOf(row.limit)} | ${row.says ?? ''} |`,
      ];
    return (row.steps ?? []).map(
      ({ exit, policy, says, owner }) =>
        `| \`${status}\` | ${owner ?? row.owner ?? ''} | \`${policy}\`${durationOf(policy)} | **${exit}**: ${says} |`,
    );
  });
}

/** Every limit of how often and how long. */
export const capRows = (policy: Policy): readonly string[] =>
  Object.entries(policy).flatMap(([name, value]) =>
    (capped.test(name) || inTable.has(name)) && typeof value === 'number'
      ? [`| \`${name}\` | ${name.endsWith('Ms') ? inWords(value) : value} |`]
      : [],
  );
const capped = /^max[A-Z]/;
const inTable: ReadonlySet<string> = new Set(
  machines.flatMap((machine) =>
    Object.values(lifecycle[machine] as Readonly<Record<string, AnyRow>>).flatMap(
      ({ limit, steps = [] }) => [...(limit ? [limit] : []), ...steps.map(({ policy }) => policy)],
    ),
  ),
);

/** Arrows between the states of one machine, with what makes them, as the walks have seen them. */
function diagramOf(machine: Machine, walks: readonly Walk[]): readonly string[] {
  const arrows = new Map<string, Set<string>>();
  for (const { nodes } of walks) {
    for (const { state, moves } of nodes.values()) {
      for (const { to, by, command } of moves) {
        const target = nodes.get(to)?.state[machine].status;
        const from = state[machine].status;
        if (target === undefined || target === from || !command) continue;
        const label = by === 'deadline' ? `${command.kind} (by itself)` : command.kind;
        const arrow = `${from} --> ${target}`;
        arrows.set(arrow, (arrows.get(arrow) ?? new Set()).add(label));
      }
    }
  }
  const lines = [...arrows].map(([arrow, labels]) => `  ${arrow}: ${labelOf(labels)}`);
  return ['```mermaid', 'stateDiagram-v2', ...lines.toSorted(), '```'];
}

const shown = 4;
function labelOf(labels: ReadonlySet<string>): string {
  const sorted = [...labels].toSorted();
  const more = sorted.length - shown;
  return sorted.slice(0, shown).join(', ') + (more > 0 ? ` and ${more} more` : '');
}

const settlementRows = Object.entries(settlementTable).flatMap(([end, row]) =>
  stages.flatMap((stage) => {
    const shares = row[stage];
    return shares ? [`| ${end} | ${stage} | ${shares.join(' | ')} |`] : [];
  }),
);

/** The whole page. */
export const lifecyclePage = (walks: readonly Walk[], combinations: number): string =>
  [
    '# Lifecycle',
    '',
    'Written from the code by `WRITE_DOCS=1 npx vitest run test/domain/graph.test.ts`; a test keeps it from drifting.',
    '',
    'An order is three machines side by side. A row says whose move it is, the name (and default) of the deadline in the',
    'policy, and what the system does by itself when it has come. The public `status` is derived from them. States of a',
    'delivery may be skipped, and `searching` (outside: `created`, `offered`) may recur.',
    '',
    `The graph test walks ${combinations} combinations of the three machines in ${walks.length} walks (kinds of order × circles of people) and proves that each`,
    'has a way out, that every loop is capped and that silence alone ends every order.',
    ...machines.flatMap((machine) => [
      '',
      `## ${machine}`,
      '',
      '| state | owner | deadline | what happens by itself |',
      '| --- | --- | --- | --- |',
      ...rowsOf(machine),
      '',
      ...diagramOf(machine, walks),
    ]),
    '',
    '## Limits',
    '',
    '| policy | default |',
    '| --- | --- |',
    ...capRows(defaultPolicy),
    '',
    '## Settlement',
    '',
    'Who pays when an order ends, by how far it had come. The platform takes or bears the rest, so each row sums to zero. A',
    'hold is charged at most what is held, cash only when the goods change hands. Mobile money is taken when the payer',
    'confirms it: what the row does not ask for is refunded by itself (`payment.refund_due`). A merchant may have agreed on other',
    'shares for a row (`settlement` of the merchant, key `end.stage`). The merchant gets its goods less the commission and the VAT on',
    'it; what the customer pays is rounded to what can be paid ([more](decisions/0023-taxes-and-rounding.md)).',
    '',
    '| end | stage | customer pays | merchant gets | driver gets |',
    '| --- | --- | --- | --- | --- |',
    ...settlementRows,
    '',
  ].join('\n');
