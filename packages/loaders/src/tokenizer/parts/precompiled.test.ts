import { expect, it } from 'vitest';
import { PartError } from './fields.ts';
import { precompiled } from './precompiled.ts';

/** A double-array trie of single bytes: 'a' becomes 'X', and 'ab' becomes 'YZ'. */
function smallMap(): string {
  const units = new Uint32Array(1024);
  const label = (byte: number, offset: number, hasLeaf: boolean): number =>
    ((offset << 10) | (hasLeaf ? 0x100 : 0) | byte) >>> 0;
  // A child is at the offset of its parent XOR its byte; a value is at the offset of its node.
  units[0] = label(0, 1, false);
  const a = 1 ^ 0x61;
  units[a] = label(0x61, a ^ 300, true);
  units[300] = 0x80000000 | 0;
  const ab = 300 ^ 0x62;
  units[ab] = label(0x62, ab ^ 500, true);
  units[500] = 0x80000002 | 0;
  const pool = new TextEncoder().encode('X\0YZ\0');
  const bytes = new Uint8Array(4 + units.byteLength + pool.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, units.byteLength, true);
  for (const [i, unit] of units.entries()) view.setUint32(4 + i * 4, unit, true);
  bytes.set(pool, 4 + units.byteLength);
  return btoa(String.fromCharCode(...bytes));
}

it('replaces the longest match', () => {
  const normalize = precompiled(smallMap());
  expect(normalize('a ab abb ba é🦙a')).toBe('X YZ YZb bX é🦙X');
  expect(normalize('')).toBe('');
});

it.each([
  ['no Base64', '?', 'is not Base64'],
  ['too few bytes', btoa('ab'), 'is too short'],
  ['a trie beyond the end', btoa('\xff\xff\xff\x7f1234'), 'says that its trie has'],
])('refuses %s', (_, map, message) => {
  expect(() => precompiled(map)).toThrow(PartError);
  expect(() => precompiled(map)).toThrow(message);
});
