// Names an input: a hash of its plain data. Equal inputs have equal names whatever the order of their keys; it is a
// label for comparing decision records, not a protection against forgery.

/** FNV-1a, 32 bits, over UTF-16 code units; 8 hex digits. Source: http://www.isthe.com/chongo/tech/comp/fnv */
export const fnv1a = (text: string): string => hexOf(mixText(basis, text));

/** Of data that JSON can hold; what is undefined counts as absent, as it does there. */
export const inputHashOf = (input: unknown): string => hexOf(mix(basis, input));

const basis = 0x811c9dc5;
const hexOf = (hash: number): string => (hash >>> 0).toString(16).padStart(8, '0');
const mixUnit = (hash: number, unit: number): number => Math.imul(hash ^ unit, 0x01000193);

function mixText(start: number, text: string): number {
  let hash = start;
  for (let i = 0; i < text.length; i += 1) hash = mixUnit(hash, text.charCodeAt(i));
  return hash;
}

const bits = new Float64Array(1);
const words = new Uint32Array(bits.buffer);

function mixNumber(hash: number, value: number): number {
  // Adding zero turns -0 into 0, which JSON cannot tell apart.
  bits[0] = value + 0;
  return mixUnit(mixUnit(hash, words[0] ?? 0), words[1] ?? 0);
}

/** A letter for the kind goes first, so that 1, "1" and [1] differ. */
function mix(hash: number, value: unknown): number {
  if (typeof value === 'number') return mixNumber(mixUnit(hash, 110), value);
  if (typeof value === 'string') return mixText(mixUnit(mixUnit(hash, 115), value.length), value);
  if (typeof value === 'boolean') return mixUnit(mixUnit(hash, 98), value ? 1 : 0);
  if (Array.isArray(value)) {
    const items: readonly unknown[] = value;
    return items.reduce(mix, mixUnit(mixUnit(hash, 97), items.length));
  }
  return typeof value === 'object' && value !== null ? mixObject(hash, value) : mixUnit(hash, 122);
}

function mixObject(start: number, value: object): number {
  let hash = mixUnit(start, 111);
  const fields = value as Readonly<Record<string, unknown>>;
  for (const key of sortedKeysOf(value)) {
    const field = fields[key];
    if (field !== undefined) hash = mix(mixText(hash, key), field);
  }
  return mixUnit(hash, 101);
}

/** Thousands of objects have the same few lists of keys, so those are sorted once. */
const mostKnown = 64;
const known: { readonly keys: readonly string[]; readonly sorted: readonly string[] }[] = [];

function sortedKeysOf(value: object): readonly string[] {
  const keys = Object.keys(value);
  for (const each of known)
    if (each.keys.length === keys.length && each.keys.every((key, at) => key === keys[at]))
      return each.sorted;
  if (known.length >= mostKnown) known.length = 0;
  const sorted = keys.toSorted();
  known.push({ keys, sorted });
  return sorted;
}
