// One page of a list: at most `limit` rows after the cursor, and the cursor of the next page.

export type Page = { readonly after: string | undefined; readonly limit: number };
export type PageOf<T> = { readonly rows: readonly T[]; readonly next: string | undefined };

/** `rows` were fetched with `limit + 1`: the one too many says that there is more. */
export function pageOf<T extends { readonly id: string }>(
  rows: readonly T[],
  limit: number,
): PageOf<T> {
  const kept = rows.slice(0, limit);
  return { rows: kept, next: rows.length > limit ? kept.at(-1)?.id : undefined };
}
