// Names an input: a hash of its plain data, 128 bits. Equal inputs have equal names whatever the order of their keys;
// it is a label for comparing decision records, not a protection against forgery.

/** Of data that JSON can hold; what is undefined counts as absent, as it does there. 32 hex digits. */
export function inputHashOf(input: unknown): string {
  count = 0;
  put(input);
  const hash = murmur3(words.subarray(0, count), { bytes: count * 4, seed: 0 });
  return Array.from(hash, (word) => word.toString(16).padStart(8, '0')).join('');
}

const rotated = (word: number, by: number): number => (word << by) | (word >>> (32 - by));

const scrambled = (word: number, factor: number, by: number, other: number): number =>
  Math.imul(rotated(Math.imul(word, factor), by), other);

const first = (word = 0): number => scrambled(word, 0x239b961b, 15, 0xab0e9789);
const second = (word = 0): number => scrambled(word, 0xab0e9789, 16, 0x38b34ae5);
const third = (word = 0): number => scrambled(word, 0x38b34ae5, 17, 0xa1e38b93);
const fourth = (word = 0): number => scrambled(word, 0xa1e38b93, 18, 0x239b961b);

/**
 * MurmurHash3, x86, 128 bits, of little-endian words of which `bytes` count; what follows them is zero.
 * Source: https://github.com/aappleby/smhasher (public domain).
 */
export function murmur3(
  data: Int32Array,
  { bytes, seed }: { readonly bytes: number; readonly seed: number },
): Uint32Array {
  let [a, b, c, d] = [seed, seed, seed, seed];
  const whole = (bytes >>> 4) * 4;
  for (let at = 0; at < whole; at += 4) {
    a = (rotated(a ^ first(data[at]), 19) + b) | 0;
    a = (Math.imul(a, 5) + 0x561ccd1b) | 0;
    b = (rotated(b ^ second(data[at + 1]), 17) + c) | 0;
    b = (Math.imul(b, 5) + 0x0bcaa747) | 0;
    c = (rotated(c ^ third(data[at + 2]), 15) + d) | 0;
    c = (Math.imul(c, 5) + 0x96cd1c35) | 0;
    d = (rotated(d ^ fourth(data[at + 3]), 13) + a) | 0;
    d = (Math.imul(d, 5) + 0x32ac3b17) | 0;
  }
  const hash = Uint32Array.of(
    a ^ first(data[whole]) ^ bytes,
    b ^ second(data[whole + 1]) ^ bytes,
    c ^ third(data[whole + 2]) ^ bytes,
    d ^ fourth(data[whole + 3]) ^ bytes,
  );
  return shared(shared(hash).map(avalanche));
}

/** Every word with all the others in it. */
function shared([a = 0, b = 0, c = 0, d = 0]: Uint32Array): Uint32Array {
  const sum = a + b + c + d;
  return Uint32Array.of(sum, b + sum, c + sum, d + sum);
}

function avalanche(word: number): number {
  const half = Math.imul(word ^ (word >>> 16), 0x85ebca6b);
  const most = Math.imul(half ^ (half >>> 13), 0xc2b2ae35);
  return most ^ (most >>> 16);
}

/** What is to be hashed. One for all inputs, so that it need not grow each time. */
let words = new Int32Array(1 << 16);
let count = 0;

function makeRoom(more: number): void {
  if (count + more <= words.length) return;
  const larger = new Int32Array((count + more) * 2);
  larger.set(words);
  words = larger;
}

const kinds = { other: 0, integer: 1, number: 2, text: 3, list: 4, object: 5, end: 6 } as const;

/** Every value begins with its kind and a size, so that 1, "1" and [1] differ. */
function putHead(kind: keyof typeof kinds, size = 0): void {
  makeRoom(size + 3);
  words[count] = (size << 3) | kinds[kind];
  count += 1;
}

function put(value: unknown): void {
  if (typeof value === 'number') putNumber(value);
  else if (typeof value === 'string') putText(value);
  else if (typeof value === 'boolean') putHead('other', value ? 2 : 1);
  else if (Array.isArray(value)) {
    putHead('list', value.length);
    for (const item of value) put(item);
  } else if (typeof value === 'object' && value !== null) putObject(value);
  else putHead('other');
}

const float = new Float64Array(1);
const halves = new Int32Array(float.buffer);

function putNumber(value: number): void {
  // That also turns -0 into 0, which JSON cannot tell apart.
  const whole = value | 0;
  if (whole === value) {
    putHead('integer');
    words[count] = whole;
    count += 1;
    return;
  }
  putHead('number');
  float[0] = value;
  words[count] = halves[0] ?? 0;
  words[count + 1] = halves[1] ?? 0;
  count += 2;
}

/** Two UTF-16 units a word. */
function putText(text: string): void {
  const { length } = text;
  putHead('text', length);
  let end = count;
  for (let at = 0; at < length; at += 2) {
    const next = at + 1 < length ? text.charCodeAt(at + 1) : 0;
    words[end] = text.charCodeAt(at) | (next << 16);
    end += 1;
  }
  count = end;
}

function putObject(value: object): void {
  putHead('object');
  const fields = value as Readonly<Record<string, unknown>>;
  for (const key of sortedKeysOf(value)) {
    const field = fields[key];
    if (field === undefined) continue;
    putText(key);
    put(field);
  }
  putHead('end');
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
