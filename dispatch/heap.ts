// A binary heap of (key, item) over flat arrays, smallest key first, ties by item: the frontier of assignment.ts.
// An item may be in it twice; the reader skips what is stale.

export type Heap = ReturnType<typeof createHeap>;

export function createHeap() {
  const keys: number[] = [];
  const items: number[] = [];
  let lastKey = 0;

  const isBefore = (key: number, item: number, at: number): boolean => {
    const other = keys[at] ?? 0;
    return key < other || (key === other && item < (items[at] ?? 0));
  };

  function put(at: number, key: number, item: number): void {
    keys[at] = key;
    items[at] = item;
  }

  function siftDown(key: number, item: number): void {
    let at = 0;
    const size = keys.length;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= size) break;
      if (child + 1 < size && isBefore(keys[child + 1] ?? 0, items[child + 1] ?? 0, child))
        child += 1;
      if (isBefore(key, item, child)) break;
      put(at, keys[child] ?? 0, items[child] ?? 0);
      at = child;
    }
    put(at, key, item);
  }

  return {
    push(key: number, item: number): void {
      let at = keys.length;
      keys.push(key);
      items.push(item);
      while (at > 0) {
        const parent = (at - 1) >> 1;
        if (!isBefore(key, item, parent)) break;
        put(at, keys[parent] ?? 0, items[parent] ?? 0);
        at = parent;
      }
      put(at, key, item);
    },
    /** The item with the smallest key; -1 when empty. */
    pop(): number {
      const item = items[0];
      if (item === undefined) return -1;
      lastKey = keys[0] ?? 0;
      const key = keys.pop() ?? 0;
      const last = items.pop() ?? 0;
      if (keys.length > 0) siftDown(key, last);
      return item;
    },
    /** The key of what was popped last. */
    key: (): number => lastKey,
    clear(): void {
      keys.length = 0;
      items.length = 0;
    },
  };
}
