import { halfToFloat } from '../weights/number-formats.ts';

/** A block as one long number, from which bits are taken. */
interface Bits {
  /** `count` bits, at most 16, from bit `from` on, lowest first. */
  take(from: number, count: number): number;
}

/** What number i of a block means, in float64. */
type Form = (bits: Bits, i: number) => number;

/**
 * The published formulas of GGML's blocks, number by number: where the bits of number i are, and what they mean. Kept apart from the
 * readers, which go through blocks in loops, and from the writers.
 */
export const blockForms: Readonly<Record<string, Form>> = {
  Q4_0: (b, i) => half(b, 0) * (b.take(16 + 8 * (i % 16) + (i < 16 ? 0 : 4), 4) - 8),
  Q4_1: (b, i) => half(b, 0) * b.take(32 + 8 * (i % 16) + (i < 16 ? 0 : 4), 4) + half(b, 16),
  Q5_0: (b, i) => half(b, 0) * (b.take(48 + 8 * (i % 16) + (i < 16 ? 0 : 4), 4) + 16 * b.take(16 + i, 1) - 16),
  Q5_1: (b, i) => half(b, 0) * (b.take(64 + 8 * (i % 16) + (i < 16 ? 0 : 4), 4) + 16 * b.take(32 + i, 1)) + half(b, 16),
  Q8_0: (b, i) => half(b, 0) * signed(b.take(16 + 8 * i, 8), 8),
  Q2_K(b, i) {
    const group = Math.floor(i / 16);
    const q = b.take(8 * (16 + 32 * Math.floor(i / 128) + (i % 32)) + 2 * (Math.floor(i / 32) % 4), 2);
    return half(b, 640) * b.take(8 * group, 4) * q - half(b, 656) * b.take(8 * group + 4, 4);
  },
  Q3_K(b, i) {
    const group = Math.floor(i / 16);
    const low = b.take(8 * (32 + 32 * Math.floor(i / 128) + (i % 32)) + 2 * (Math.floor(i / 32) % 4), 2);
    const high = b.take(8 * (i % 32) + Math.floor(i / 32), 1);
    const scale = b.take(768 + 8 * (group % 8) + 4 * Math.floor(group / 8), 4);
    const scaleHigh = b.take(832 + 8 * (group % 4) + 2 * Math.floor(group / 4), 2);
    return half(b, 864) * (scale + 16 * scaleHigh - 32) * (low + 4 * high - 4);
  },
  Q4_K(b, i) {
    const [scale, offset] = scaleAndOffset(b, Math.floor(i / 32));
    return half(b, 0) * scale * nibbleOfPair(b, 16, i) - half(b, 16) * offset;
  },
  Q5_K(b, i) {
    const group = Math.floor(i / 32);
    const [scale, offset] = scaleAndOffset(b, group);
    const q = nibbleOfPair(b, 48, i) + 16 * b.take(8 * (16 + (i % 32)) + group, 1);
    return half(b, 0) * scale * q - half(b, 16) * offset;
  },
  Q6_K(b, i) {
    const low = b.take(8 * (64 * Math.floor(i / 128) + (i % 64)) + 4 * (Math.floor(i / 64) % 2), 4);
    const high = b.take(8 * (128 + 32 * Math.floor(i / 128) + (i % 32)) + 2 * (Math.floor(i / 32) % 4), 2);
    return half(b, 1664) * signed(b.take(8 * (192 + Math.floor(i / 16)), 8), 8) * (low + 16 * high - 32);
  },
};

export function bitsOf(block: Uint8Array): Bits {
  return {
    take(from, count) {
      const at = Math.floor(from / 8);
      const three = block[at]! + 256 * (block[at + 1] ?? 0) + 65536 * (block[at + 2] ?? 0);
      return Math.floor(three / 2 ** (from % 8)) % 2 ** count;
    },
  };
}

function half(b: Bits, from: number): number {
  return halfToFloat(b.take(from, 16));
}

function signed(value: number, bits: number): number {
  return value < 2 ** (bits - 1) ? value : value - 2 ** bits;
}

/** Each 32 bytes hold 64 numbers, the first 32 in the lower halves. */
function nibbleOfPair(b: Bits, bytes: number, i: number): number {
  return b.take(8 * (bytes + 32 * Math.floor(i / 64) + (i % 32)) + 4 * (Math.floor(i / 32) % 2), 4);
}

/** The pair of group g: 6 bits each for the first four; for the others four bits and, elsewhere, two. */
function scaleAndOffset(b: Bits, g: number): [number, number] {
  if (g < 4) return [b.take(8 * (4 + g), 6), b.take(8 * (8 + g), 6)];
  return [
    b.take(8 * (8 + g), 4) + 16 * b.take(8 * g + 6, 2),
    b.take(8 * (8 + g) + 4, 4) + 16 * b.take(8 * (4 + g) + 6, 2),
  ];
}
