import { expect, it } from 'vitest';
import { fromHalfBits } from '../shaders/half-precision.ts';
import { matrixLayout } from '../shaders/matrix-layout.ts';
import { MatrixPacker } from './matrix-packer.ts';

it('finds the 4-bit codes of a file again, whatever scales its writer chose', () => {
  const scales = [0.25, -0.25, 0.0123, -7, 2 ** -20].map((scale) => Math.fround(scale));
  const halves = scales.map((scale) => fromHalfBits(bitsOf(scale)));
  const codes = Array.from({ length: 32 }, (_, i) => ((i * 5) % 11) - 5);
  const layout = matrixLayout('4-bit-blocks', halves.length, 32);
  const packer = new MatrixPacker(layout);
  for (const [row, scale] of halves.entries())
    packer.pack(
      row,
      Float32Array.from(codes, (code) => scale * code),
    );
  for (const [row, scale] of halves.entries())
    for (const [i, code] of codes.entries()) {
      const index = (row * layout.padded) / 32;
      const held = fromHalfBits((packer.words[layout.scales + (index >> 1)]! >> (16 * (index & 1))) & 0xffff);
      const nibble = (packer.words[row * layout.wordsPerRow + (i >> 3)]! >> (4 * (i & 7))) & 15;
      expect(held * (nibble - 8) + 0).toBe(scale * code + 0);
    }
});

/** The bits of a half near a number, by trying all. */
function bitsOf(value: number): number {
  let best = 0;
  for (let bits = 0; bits < 0x10000; bits++)
    if (Math.abs(fromHalfBits(bits) - value) < Math.abs(fromHalfBits(best) - value)) best = bits;
  return best;
}
