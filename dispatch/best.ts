// Keeps the few smallest of many: the largest kept stands on top of a heap, so most newcomers cost one comparison.

type Kept = { readonly keys: Float64Array; readonly items: Int32Array };

/** The `most` smallest keys, ties by item. */
export function createBest(most: number) {
  const keys: number[] = [];
  const items: number[] = [];
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
  function sink(): void {
    for (let at = 0; ;) {
      const left = 2 * at + 1;
      if (left >= keys.length) return;
      const child = left + 1 < keys.length && isWorse(left + 1, left) ? left + 1 : left;
      if (!isWorse(child, at)) return;
      swap(at, child);
      at = child;
    }
  }
  return {
    offer(key: number, item: number): void {
      const top = keys[0] ?? 0;
      if (keys.length < most) {
        keys.push(key);
        items.push(item);
        rise(keys.length - 1);
      } else if (key < top || (key === top && item < (items[0] ?? 0))) {
        keys[0] = key;
        items[0] = item;
        sink();
      }
    },
    /** Smallest first. It is empty afterwards. */
    drain(): Kept {
      const size = keys.length;
      const kept = { keys: new Float64Array(size), items: new Int32Array(size) };
      for (let at = size - 1; at >= 0; at -= 1) {
        kept.keys[at] = keys[0] ?? 0;
        kept.items[at] = items[0] ?? 0;
        swap(0, at);
        keys.pop();
        items.pop();
        sink();
      }
      return kept;
    },
  };
}
