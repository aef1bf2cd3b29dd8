import { type BlockFormat, half } from './block-format.ts';

/** What the 4-bit codes of IQ4_NL and IQ4_XS stand for: steps that are finer near zero. */
export const iq4Values: Int8Array = Int8Array.of(
  ...[-127, -104, -83, -65, -49, -35, -22, -10],
  ...[1, 13, 25, 38, 53, 69, 89, 113],
);

/** IQ4_NL: x = d v(q) with a fixed table v. A half d, then 16 bytes as in Q4_0. */
export const iq4NL: BlockFormat = {
  values: 32,
  bytes: 18,
  decode(bytes, from, target, to) {
    const d = half(bytes, from);
    for (let i = 0; i < 16; i++) {
      const pair = bytes[from + 2 + i]!;
      target[to + i] = d * iq4Values[pair & 15]!;
      target[to + 16 + i] = d * iq4Values[pair >> 4]!;
    }
  },
};
