// Keeps the few smallest of many: the largest kept stands on top of a heap, so most newcomers cost one comparison.
// One of it serves many searches one after the other, without memory of its own for each.

type Kept = { readonly keys: readonly number[]; readonly items: readonly number[] };

/** The `most` smallest keys, ties by item. */
export function createBest(most: number) {
  const keys = new Float64Array(most);
  const items = new Int32Array(most);
  /** The largest kept key; a larger one need not be offered. */
  const worst = new Float64Array([Number.POSITIVE_INFINITY]);
  let size = 0;
  const isWorse = (a: number, b: number): boolean => {
    const difference = (keys[a] ?? 0) - (keys[b] ?? 0);
    return difference > 0 || (difference === 0 && (items[a] ?? 0) > (items[b] ?? 0));
  };
  function swap(a: number, b: number): void {
    const key = keys[a] ?? 0;
    const item = items[a] ?? 0;
    keys[a] = keys[b] ?? 0;
    items[a] = items[b] ?? 0;
    keys[b] = key;
    items[b] = item;
  }
  function rise(start: number): void {
    for (let at = start; at > 0;) {
      const parent = (at - 1) >> 1;
      if (!isWorse(at, parent)) return;
      swap(at, parent);
      at = parent;
    }
  }
  function sink(end: number): void {
    for (let at = 0; ;) {
      const left = 2 * at + 1;
      if (left >= end) return;
      const child = left + 1 < end && isWorse(left + 1, left) ? left + 1 : left;
      if (!isWorse(child, at)) return;
      swap(at, child);
      at = child;
    }
  }
  return {
    worst,
    offer(key: number, item: number): void {
      if (size < most) {
        keys[size] = key;
        items[size] = item;
        size += 1;
        rise(size - 1);
      } else {
        const top = keys[0] ?? 0;
        if (key > top || (key === top && item >= (items[0] ?? 0))) return;
        keys[0] = key;
        items[0] = item;
        sink(size);
      }
      if (size === most) worst[0] = keys[0] ?? 0;
    },
    /** Smallest first. It is empty afterwards. */
    drain(): Kept {
      for (let end = size - 1; end > 0; end -= 1) {
        swap(0, end);
        sink(end);
      }
      const kept: { readonly keys: number[]; readonly items: number[] } = { keys: [], items: [] };
      for (let at = 0; at < size; at += 1) {
        kept.keys.push(keys[at] ?? 0);
        kept.items.push(items[at] ?? 0);
      }
      size = 0;
      worst[0] = Number.POSITIVE_INFINITY;
      return kept;
    },
  };
}
