import { expect, test } from 'vitest';
import { canonicalJson, fnv1a } from '../../dispatch/hash.ts';

test('fnv1a › gives the published values', () => {
  expect(fnv1a('')).toBe('811c9dc5');
  expect(fnv1a('a')).toBe('e40c292c');
  expect(fnv1a('foobar')).toBe('bf9cf968');
});

test('canonicalJson › does not depend on the order of keys, but on that of lists', () => {
  expect(canonicalJson({ b: [{ d: 1, c: 2 }], a: null })).toBe('{"a":null,"b":[{"c":2,"d":1}]}');
  expect(canonicalJson([1, 2])).not.toBe(canonicalJson([2, 1]));
});
