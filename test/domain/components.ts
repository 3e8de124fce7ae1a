// Circles in a graph: what can be left and reached again is one component.

type Node = { readonly moves: readonly { readonly to: string }[] };

/** Strongly connected components (Kosaraju, without recursion): node → component. */
export function componentsOf(nodes: ReadonlyMap<string, Node>): ReadonlyMap<string, number> {
  const order: string[] = [];
  const seen = new Set<string>();
  const back = new Map<string, string[]>();
  for (const [key, { moves }] of nodes) {
    for (const { to } of moves) {
      const from = back.get(to);
      if (from) from.push(key);
      else back.set(to, [key]);
    }
    const stack: [string, number][] = seen.has(key) ? [] : [[key, 0]];
    seen.add(key);
    for (let top = stack.at(-1); top; top = stack.at(-1)) {
      const next = nodes.get(top[0])?.moves[top[1]++];
      if (!next) order.push(stack.pop()?.[0] ?? '');
      else if (!seen.has(next.to)) {
        seen.add(next.to);
        stack.push([next.to, 0]);
      }
    }
  }
  const component = new Map<string, number>();
  for (const root of order.toReversed()) {
    const stack = component.has(root) ? [] : [root];
    const name = component.size;
    for (let key = stack.pop(); key !== undefined; key = stack.pop()) {
      if (component.has(key)) continue;
      component.set(key, name);
      stack.push(...(back.get(key) ?? []));
    }
  }
  return component;
}
