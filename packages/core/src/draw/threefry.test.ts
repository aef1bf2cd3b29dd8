import { describe, expect, it } from 'vitest';
import { threefry13, threefryBlock } from './threefry.ts';

const hex = (words: ArrayLike<number>): string[] =>
  Array.from(words, (word) => (word >>> 0).toString(16).padStart(8, '0'));

describe('threefryBlock', () => {
  // From the test vectors of Random123, tests/kat_vectors.
  it.each([
    [20, [0, 0], [0, 0], ['6b200159', '99ba4efe']],
    [20, [0xffffffff, 0xffffffff], [0xffffffff, 0xffffffff], ['1cb996fc', 'bb002be7']],
    [20, [0x13198a2e, 0x03707344], [0x243f6a88, 0x85a308d3], ['c4923a9c', '483df7a0']],
    [13, [0, 0], [0, 0], ['9d1c5ec6', '8bd50731']],
    [13, [0xffffffff, 0xffffffff], [0xffffffff, 0xffffffff], ['fd36d048', '2d17272c']],
    [13, [0x13198a2e, 0x03707344], [0x243f6a88, 0x85a308d3], ['ba3e4725', 'f27d669e']],
  ] as const)('gives the known answer with %i rounds, key %j, counter %j', (rounds, key, counter, expected) => {
    expect(hex(threefryBlock(key, counter, rounds))).toEqual(expected);
    if (rounds !== 13) return;
    const words = new Int32Array(2);
    threefry13(words, key[0], key[1], counter[0], counter[1]);
    expect(hex(words)).toEqual(expected);
  });

  it('has 20 rounds unless told otherwise', () => {
    expect(threefryBlock([1, 2], [3, 4])).toEqual(threefryBlock([1, 2], [3, 4], 20));
  });
});

describe('threefry13', () => {
  it('fills an array with the blocks of consecutive counters', () => {
    const words = new Int32Array(64);
    const key = [0x89abcdef, 0x12345678] as const;
    // The first counter wraps around.
    threefry13(words, key[0], key[1], 0xfffffff0, 5);
    for (let block = 0; block < 32; block++)
      expect(hex(words.subarray(2 * block, 2 * block + 2))).toEqual(
        hex(threefryBlock(key, [(0xfffffff0 + block) >>> 0, 5], 13)),
      );
  });
});
