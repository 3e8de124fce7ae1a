// A binary heap of (key, item) over flat arrays, smallest key first, ties by item: the frontier of assignment.ts.
// An item may be in it twice; the reader skips what is stale.

export type Heap = ReturnType<typeof createHeap>;

export function createHeap() {
  let keys = new Float64Array(256);
  let items = new Int32Array(256);
  let size = 0;
  let lastKey = 0;

  const isBefore = (key: number, item: number, at: number): boolean => {
    const other = keys[at] ?? 0;
    return key < other || (key === other && item < (items[at] ?? 0));
  };

  function put(at: number, key: number, item: number): void {
    keys[at] = key;
    items[at] = item;
  }

  function grow(): void {
    const [moreKeys, moreItems] = [new Float64Array(2 * size), new Int32Array(2 * size)];
    moreKeys.set(keys);
    moreItems.set(items);
    keys = moreKeys;
    items = moreItems;
  }

  function siftDown(key: number, item: number): void {
    let at = 0;
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
      if (size === keys.length) grow();
      let at = size;
      size += 1;
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
      if (size === 0) return -1;
      const item = items[0] ?? 0;
      lastKey = keys[0] ?? 0;
      size -= 1;
      if (size > 0) siftDown(keys[size] ?? 0, items[size] ?? 0);
      return item;
    },
    /** The key of what was popped last. */
    key: (): number => lastKey,
    clear(): void {
      size = 0;
    },
  };
}
