import { expect, test } from 'vitest';
import { inputHashOf, murmur3 } from '../../dispatch/hash.ts';

/** What SMHasher checks of an implementation: a hash of its hashes of 0, 1, … 255 bytes. */
function verification(): number {
  const hashes = Array.from({ length: 256 }, (_, bytes) => {
    const data = new Uint8Array(256).map((__, at) => (at < bytes ? at : 0));
    return [...murmur3(new Int32Array(data.buffer), { bytes, seed: 256 - bytes })];
  });
  return murmur3(Int32Array.from(hashes.flat()), { bytes: 256 * 16, seed: 0 })[0] ?? 0;
}

test('murmur3 › gives the published verification value', () => {
  expect(verification()).toBe(0xb3ece62a);
});

test('inputHashOf › has 128 bits', () => {
  expect(inputHashOf({})).toMatch(/^[0-9a-f]{32}$/);
});

test('inputHashOf › does not depend on the order of keys, but on that of lists', () => {
  expect(inputHashOf({ b: [{ d: 1, c: 2 }], a: null })).toBe(
    inputHashOf({ a: null, b: [{ c: 2, d: 1 }] }),
  );
  expect(inputHashOf([1, 2])).not.toBe(inputHashOf([2, 1]));
});

test('inputHashOf › tells kinds apart and counts undefined as absent, as JSON does', () => {
  const different = [1, '1', [1], { a: 1 }, true, false, null, 1.5, -1, '', [], {}, 'a', 'a\0'];
  expect(new Set(different.map(inputHashOf)).size).toBe(different.length);
  expect(inputHashOf({ a: 1, b: undefined })).toBe(inputHashOf({ a: 1 }));
});

test('inputHashOf › tells places apart that lie on opposite sides of the earth', () => {
  const places = [1, -1].flatMap((lat) => [1, -1].map((lng) => ({ lat: lat * 3, lng: lng * 7 })));
  expect(new Set(places.map(inputHashOf)).size).toBe(4);
});
