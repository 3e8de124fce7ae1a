// Taxes, inside prices (Europe) or on top of them (North America): counted once per rate over all lines, as an invoice
// does, then shared out to the lines.

import { shareOf, sumMinor } from '../money.ts';
import { splitByWeight } from './split.ts';

export const taxModes = ['inclusive', 'exclusive'] as const;
export type TaxMode = (typeof taxModes)[number];

/** gross = net + tax, minor units. */
export type Taxed = {
  readonly netMinor: number;
  readonly taxMinor: number;
  readonly grossMinor: number;
};

/** `amountMinor` is gross when taxes are inside, net when they come on top. `rateBps`: 1,900 is 19 %. Half up. */
export function taxOf(
  mode: TaxMode,
  { amountMinor, rateBps }: { readonly amountMinor: number; readonly rateBps: number },
): Taxed {
  if (mode === 'exclusive') {
    const taxMinor = shareOf(amountMinor, rateBps);
    return { netMinor: amountMinor, taxMinor, grossMinor: sumMinor([amountMinor, taxMinor]) };
  }
  const whole = 10_000 + rateBps;
  const taxMinor = Math.floor((amountMinor * rateBps * 2 + whole) / (whole * 2));
  return { netMinor: amountMinor - taxMinor, taxMinor, grossMinor: amountMinor };
}

export type TaxLine = {
  readonly id: string;
  readonly amountMinor: number;
  readonly rateBps: number;
};
export type TaxedLine = TaxLine & Taxed;

/** Every line with its tax, in the order given; the taxes of one rate sum to the tax of their sum. */
export function taxLines(mode: TaxMode, lines: readonly TaxLine[]): readonly TaxedLine[] {
  const taxed = new Map<string, number>();
  for (const rateBps of new Set(lines.map((line) => line.rateBps))) {
    const ofRate = lines.filter((line) => line.rateBps === rateBps);
    const amountMinor = sumMinor(ofRate.map((line) => line.amountMinor));
    const { taxMinor } = taxOf(mode, { amountMinor, rateBps });
    const shares = ofRate.map(({ id, amountMinor: weight }) => ({ party: id, weight }));
    for (const [index, part] of splitByWeight(taxMinor, shares).entries())
      taxed.set(ofRate[index]?.id ?? '', part);
  }
  return lines.map((line) => {
    const taxMinor = taxed.get(line.id) ?? 0;
    const grossMinor = mode === 'inclusive' ? line.amountMinor : line.amountMinor + taxMinor;
    return { ...line, taxMinor, grossMinor, netMinor: grossMinor - taxMinor };
  });
}
