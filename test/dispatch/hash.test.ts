import { expect, test } from 'vitest';
import { fnv1a, inputHashOf } from '../../dispatch/hash.ts';

test('fnv1a › gives the published values', () => {
  expect(fnv1a('')).toBe('811c9dc5');
  expect(fnv1a('a')).toBe('e40c292c');
  expect(fnv1a('foobar')).toBe('bf9cf968');
});

test('inputHashOf › does not depend on the order of keys, but on that of lists', () => {
  expect(inputHashOf({ b: [{ d: 1, c: 2 }], a: null })).toBe(
    inputHashOf({ a: null, b: [{ c: 2, d: 1 }] }),
  );
  expect(inputHashOf([1, 2])).not.toBe(inputHashOf([2, 1]));
});

test('inputHashOf › tells kinds apart and counts undefined as absent, as JSON does', () => {
  const different = [1, '1', [1], { a: 1 }, true, null, 1.5, -1, '', []];
  expect(new Set(different.map(inputHashOf)).size).toBe(different.length);
  expect(inputHashOf({ a: 1, b: undefined })).toBe(inputHashOf({ a: 1 }));
});
