// Pages of the fake's lists, as Stripe cuts them (docs.stripe.com/api/pagination).
import { fieldsUnder, type Form } from './form.ts';

type Listed = { readonly id: string; readonly createdAt: number };
type Page<T> = { readonly data: readonly T[]; readonly hasMore: boolean };

const COMPARISONS: Readonly<Record<string, (created: number, limit: number) => boolean>> = {
  gte: (created, limit) => created >= limit,
  gt: (created, limit) => created > limit,
  lte: (created, limit) => created <= limit,
  lt: (created, limit) => created < limit,
};

const isWithin = (createdAt: number, range: Readonly<Record<string, string>>): boolean =>
  Object.entries(range).every(([name, limit]) =>
    COMPARISONS[name]?.(Math.floor(createdAt / 1000), Number(limit)),
  );

/** Newest first; `newestFirst` is in that order already. */
export function paginate<T extends Listed>(newestFirst: readonly T[], form: Form): Page<T> {
  const limit = Math.min(100, Math.max(1, Number(form.get('limit') ?? 10)));
  const range = fieldsUnder(form, 'created');
  const after = form.get('starting_after');
  const start = after === undefined ? 0 : newestFirst.findIndex(({ id }) => id === after) + 1;
  const found: T[] = [];
  for (let index = start; index < newestFirst.length && found.length <= limit; index += 1) {
    const item = newestFirst[index];
    if (item !== undefined && isWithin(item.createdAt, range)) found.push(item);
  }
  return { data: found.slice(0, limit), hasMore: found.length > limit };
}
