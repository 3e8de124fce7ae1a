// What a mode reports and how it is printed: figures in lines, and gates that are held or missed.

export const modes = ['ratio', 'post', 'cost', 'soak', 'memory', 'ledger'] as const;
export type Mode = (typeof modes)[number];

/** A promise of the project as a number. */
export type Gate = {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly limit: number;
  readonly aim?: number;
  readonly better: 'lower' | 'higher';
};

export type Section = {
  readonly mode: Mode;
  readonly lines: readonly string[];
  readonly figures: Readonly<Record<string, unknown>>;
  readonly gates: readonly Gate[];
  /** Why the run proves nothing, if it does not. */
  readonly invalid?: string | undefined;
};

/** Says what is going on; never on standard output, which belongs to the result. */
export type Say = (line: string) => void;

export const holds = ({ value, limit, better }: Gate): boolean =>
  better === 'lower' ? value <= limit : value >= limit;

export const figure = (value: number, digits = 2): string =>
  value.toLocaleString('en', { maximumFractionDigits: digits });

/** Columns as wide as their widest cell; the first to the left, the others to the right. */
export function table(rows: readonly (readonly string[])[]): readonly string[] {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? '').length)),
  );
  return rows.map((row) =>
    row
      .map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0)))
      .join('  ')
      .trimEnd(),
  );
}

export function describeGates(gates: readonly Gate[]): readonly string[] {
  const sign = (gate: Gate): string => (gate.better === 'lower' ? '≤' : '≥');
  return table([
    ['gate', 'measured', 'limit', 'aim', ''],
    ...gates.map((gate) => [
      gate.name,
      `${figure(gate.value, 3)} ${gate.unit}`.trim(),
      `${sign(gate)} ${figure(gate.limit)}`,
      gate.aim === undefined ? '' : `${sign(gate)} ${figure(gate.aim)}`,
      holds(gate) ? 'ok' : 'missed',
    ]),
  ]);
}

export function describeSection({ mode, lines, invalid }: Section): readonly string[] {
  return ['', `== ${mode}`, ...lines, ...(invalid === undefined ? [] : [`INVALID: ${invalid}`])];
}

/** 0 all held, 1 a gate missed, 2 a run that proves nothing. */
export function exitCodeOf(sections: readonly Section[]): 0 | 1 | 2 {
  if (sections.some(({ invalid }) => invalid !== undefined)) return 2;
  return sections.every(({ gates }) => gates.every(holds)) ? 0 : 1;
}
