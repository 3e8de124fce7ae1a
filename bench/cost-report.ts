// What cost has counted, per order: tables and gates.

import type { Counted, Use } from './cost.ts';
import { totalOf } from './histories.ts';
import { sum } from './meters.ts';
import { figure, table, type Gate, type Section } from './report.ts';
import { median } from './statistics.ts';

type Row = {
  readonly name: string;
  readonly perOrder: number;
  readonly idle: number;
  readonly unit: string;
};

export function linesOf(counted: Counted): Section {
  const { events, fromHistories, fromServer, shared, busy, idle } = counted;
  const orders = events.length;
  const sharedTotal = Object.values(shared).reduce((total, actions) => total + totalOf(actions), 0);
  const ofOrders = sum(fromServer) - sharedTotal;
  const byRules = totalOf(fromHistories);
  const rows = rowsOf({ busy, idle, orders });
  const differs = ofOrders !== byRules;
  return {
    mode: 'cost',
    lines: [
      `history events of an order: min ${Math.min(...events)}, median ${figure(median(events))}, max ${Math.max(...events)} (${orders} orders)`,
      '',
      'billable actions, all orders together:',
      ...withNotes([
        ["server's counter", sum(fromServer), kinds(fromServer)],
        ...Object.entries(shared).map(
          ([name, actions]) => [`  of that ${name}`, totalOf(actions), kinds(actions)] as const,
        ),
        ['  remains for orders', ofOrders, `${figure(ofOrders / orders)} per order`],
        ['by the rules, from histories', byRules, kinds(fromHistories)],
      ]),
      ...(differs ? ['The two do not agree.'] : []),
      '',
      ...table([
        ['per order, idle subtracted', '', 'idle, per minute', ''],
        ...rows.map(({ name, perOrder, idle: idly, unit }) => [
          name,
          figure(perOrder, 1),
          figure(idly, 1),
          unit,
        ]),
      ]),
    ],
    figures: {
      ...counted,
      actionsPerOrder: ofOrders / orders,
      perOrder: Object.fromEntries(rows.map(({ name, perOrder }) => [name, perOrder])),
    },
    gates: gatesOf(events, ofOrders / orders),
    invalid: differs ? "the server's counter and the billing rules do not agree" : undefined,
  };
}

const gatesOf = (events: readonly number[], actions: number): readonly Gate[] => [
  {
    name: 'history events of an order',
    value: Math.max(...events),
    unit: '',
    limit: 60,
    aim: 50,
    better: 'lower',
  },
  {
    name: 'billable actions of an order',
    value: actions,
    unit: '',
    limit: 20,
    aim: 16,
    better: 'lower',
  },
];

function withNotes(rows: readonly (readonly [string, number, string])[]): readonly string[] {
  const aligned = table(rows.map(([name, count]) => [name, String(count)]));
  return aligned.map((line, i) => `${line}  ${rows[i]?.[2] ?? ''}`);
}

const kinds = (counts: Readonly<Record<string, number>>): string =>
  Object.entries(counts)
    .map(([kind, count]) => `${kind} ${count}`)
    .join(', ');

/** The idle stack's use over the same time does not belong to the orders. */
function rowsOf({
  busy,
  idle,
  orders,
}: {
  readonly busy: Use;
  readonly idle: Use;
  readonly orders: number;
}): readonly Row[] {
  const share = busy.durationMs / idle.durationMs;
  const perMinute = 60_000 / idle.durationMs;
  const row = (name: string, unit: string, [used, idly]: readonly [number, number]): Row => ({
    name,
    unit,
    perOrder: (used - idly * share) / orders,
    idle: idly * perMinute,
  });
  const cpu = Object.keys(busy.cpu).map((name) =>
    row(name === 'client' ? 'bench itself' : name, 'CPU-ms', [
      (busy.cpu[name] ?? 0) * 1_000,
      (idle.cpu[name] ?? 0) * 1_000,
    ]),
  );
  const own = ['api', 'worker', 'temporal', 'postgres', 'redis'];
  const total = (use: Use): number =>
    own.reduce((all, name) => all + (use.cpu[name] ?? 0), 0) * 1_000;
  return [
    ...cpu,
    row('sum without stripe and bench', 'CPU-ms', [total(busy), total(idle)]),
    row('database transactions', '', [busy.transactions, idle.transactions]),
    row('WAL of PostgreSQL', 'KiB', [busy.walBytes / 1_024, idle.walBytes / 1_024]),
  ];
}
