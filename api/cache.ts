// A small memory of answers that may be some seconds old. Concurrent callers share one look-up; failures and
// undefined are not kept.

export type Cache<T> = (key: string, load: () => Promise<T | undefined>) => Promise<T | undefined>;

type Entry<T> = { readonly value: Promise<T | undefined>; readonly until: number };

/** `size` entries at most, the oldest go first. */
export function createCache<T>({
  ttlMs,
  size,
}: {
  readonly ttlMs: number;
  readonly size: number;
}): Cache<T> {
  const entries = new Map<string, Entry<T>>();

  return async function read(key, load) {
    const kept = entries.get(key);
    if (kept && kept.until > Date.now()) return kept.value;
    entries.delete(key);
    const value = load();
    entries.set(key, { value, until: Date.now() + ttlMs });
    const [oldest] = entries.keys();
    if (entries.size > size && oldest !== undefined) entries.delete(oldest);
    const forget = (): void => {
      if (entries.get(key)?.value === value) entries.delete(key);
    };
    value.then((found) => found ?? forget(), forget);
    return value;
  };
}
