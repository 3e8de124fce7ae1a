// Names an input: a hash of its canonical JSON. Equal inputs have equal names whatever the order of their keys; it is
// a label for comparing decision records, not a protection against forgery.

/** FNV-1a, 32 bits, over UTF-16 code units; 8 hex digits. Source: http://www.isthe.com/chongo/tech/comp/fnv */
export function fnv1a(text: string): string {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  }
  return (hash >>> 0).toString(16).padStart(8, '0');
}

/** JSON with the keys of every object sorted. `value` is plain data. */
export const canonicalJson = (value: unknown): string =>
  JSON.stringify(value, (_key, part: unknown) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );

export const inputHashOf = (input: unknown): string => fnv1a(canonicalJson(input));
