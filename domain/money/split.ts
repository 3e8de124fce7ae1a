// Dividing money so that the parts are whole and add up exactly: largest remainder, ties by party, in exact integers.

/** `weight` is a whole number ≥ 0. */
export type Share = { readonly party: string; readonly weight: number };

const byParty = (a: { readonly party: string }, b: { readonly party: string }): number =>
  a.party < b.party ? -1 : a.party > b.party ? 1 : 0;

const compare = (a: bigint, b: bigint): number => (a < b ? -1 : a > b ? 1 : 0);

/**
 * `amountMinor` divided by weight, in the order of `shares`. Each part differs from the exact one by less than 1; what
 * is left over goes to the largest remainders, equal ones by party name (Hamilton's method). A negative amount is
 * divided like its opposite. Throws when a weight is not a whole number ≥ 0, or money has nobody to go to.
 */
export function splitByWeight(amountMinor: number, shares: readonly Share[]): readonly number[] {
  if (amountMinor < 0) return splitByWeight(-amountMinor, shares).map((part) => -part || 0);
  const weights = shares.map(({ weight }) => weightOf(weight));
  const total = weights.reduce((sum, weight) => sum + weight, 0n);
  if (amountMinor === 0) return shares.map(() => 0);
  if (total === 0n) throw new Error('there is money to split and nobody to take it');
  const amount = BigInt(amountMinor);
  const parts = shares.map(({ party }, index) => {
    const product = amount * (weights[index] ?? 0n);
    return { index, party, whole: product / total, rest: product % total };
  });
  const over = amount - parts.reduce((sum, { whole }) => sum + whole, 0n);
  const favoured = parts.toSorted((a, b) => compare(b.rest, a.rest) || byParty(a, b));
  const lucky = new Set(favoured.slice(0, Number(over)).map(({ index }) => index));
  return parts.map(({ index, whole }) => Number(whole) + (lucky.has(index) ? 1 : 0));
}

function weightOf(weight: number): bigint {
  if (!Number.isSafeInteger(weight) || weight < 0)
    throw new Error('a weight is not a whole number ≥ 0');
  return BigInt(weight);
}

/** What one party bore of a payment, and how much of that earlier refunds have given back. */
export type Borne = {
  readonly party: string;
  readonly amountMinor: number;
  readonly refundedMinor: number;
};

/**
 * One more partial refund, shared among those who bore the payment, in the order of `borne`. Cumulative: the parts aim
 * at each party's share of *all* refunds so far, so that rounding never adds up. For every history of refunds: parts
 * are ≥ 0 and sum to the refund, nobody is ever ahead of their exact share by a whole unit, nobody gives back more than
 * they bore, and after the last refund each has given back exactly what they bore. A party that gave back more before
 * (it was at fault) gives nothing until the others have caught up.
 * Throws when the refund is more than what is left.
 */
export function allocateRefund(amountMinor: number, borne: readonly Borne[]): readonly number[] {
  const sumOf = (of: (each: Borne) => number): bigint =>
    borne.reduce((total, each) => total + BigInt(of(each)), 0n);
  const total = sumOf((each) => each.amountMinor);
  const refunded = sumOf((each) => each.refundedMinor) + BigInt(amountMinor);
  if (amountMinor < 0 || refunded > total) throw new Error('a refund of more than what is left');
  // How far each lags behind its exact share, times `total` to stay whole; those who lag most come first.
  const lagging = borne
    .map(({ party, amountMinor: bore, refundedMinor }, index) => ({
      index,
      party,
      given: 0n,
      lag: refunded * BigInt(bore) - BigInt(refundedMinor) * total,
    }))
    .toSorted((a, b) => compare(b.lag, a.lag) || byParty(a, b));
  const { count, sum: above } = levelOf(lagging, BigInt(amountMinor) * total);
  let left = BigInt(amountMinor);
  for (const each of lagging.slice(0, Number(count))) {
    each.given = (count * each.lag - above) / (count * total);
    each.lag -= each.given * total;
    left -= each.given;
  }
  for (; left > 0n; left -= 1n) {
    const [first] = lagging.toSorted((a, b) => compare(b.lag, a.lag) || byParty(a, b));
    if (first === undefined) break;
    first.given += 1n;
    first.lag -= total;
  }
  return lagging.toSorted((a, b) => a.index - b.index).map(({ given }) => Number(given));
}

/** The level `sum / count` down to which `amount` fills the lags, highest first: Σ max(0, lag − level) = amount. */
function levelOf(lagging: readonly { readonly lag: bigint }[], amount: bigint) {
  let sum = -amount;
  for (const [index, { lag }] of lagging.entries()) {
    sum += lag;
    const count = BigInt(index + 1);
    const next = lagging[index + 1];
    if (next === undefined || sum >= count * next.lag) return { count, sum };
  }
  return { count: 1n, sum };
}
