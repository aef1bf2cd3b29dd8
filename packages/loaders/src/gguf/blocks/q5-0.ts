import { type BlockFormat, half } from './block-format.ts';

/** Q5_0: x = d (q - 16). A half d, the fifth bits of q 0 to 31 as a 32-bit number, then the lower four as in Q4_0. */
export const q50: BlockFormat = {
  values: 32,
  bytes: 22,
  decode(bytes, from, target, to) {
    const d = half(bytes, from);
    for (let i = 0; i < 16; i++) {
      const pair = bytes[from + 6 + i]!;
      target[to + i] = d * (((pair & 15) | fifthBit(bytes, from + 2, i)) - 16);
      target[to + 16 + i] = d * (((pair >> 4) | fifthBit(bytes, from + 2, 16 + i)) - 16);
    }
  },
};

/** Bit i of the 32 that begin at `from`, as 16 or 0. */
export function fifthBit(bytes: Uint8Array, from: number, i: number): number {
  return ((bytes[from + (i >> 3)]! >> (i & 7)) & 1) << 4;
}
