import { type BlockFormat, half, signed } from './block-format.ts';

/** Q8_0: x = d q. A half d, then 32 signed bytes q. */
export const q80: BlockFormat = {
  values: 32,
  bytes: 34,
  decode(bytes, from, target, to) {
    const d = half(bytes, from);
    for (let i = 0; i < 32; i++) target[to + i] = d * signed(bytes[from + 2 + i]!);
  },
};
