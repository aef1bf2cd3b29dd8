import { floatToHalf, halfToFloat } from '../weights/number-formats.ts';

/** Writes one block; `block` begins as zeros. */
type Write = (values: readonly number[], block: Uint8Array) => void;

interface Written {
  readonly type: number;
  readonly values: number;
  readonly bytes: number;
  readonly write: Write;
}

/**
 * Plain quantizers, one for each format: the nearest numbers for scales that the largest values give. Other writers search for better
 * scales; what is stored means the same.
 */
const formats: Readonly<Record<string, Written>> = {
  F32: {
    type: 0,
    values: 1,
    bytes: 4,
    write: ([x], block) => new DataView(block.buffer, block.byteOffset).setFloat32(0, x!, true),
  },
  F16: { type: 1, values: 1, bytes: 2, write: ([x], block) => void half(block, 0, x!) },
  BF16: { type: 30, values: 1, bytes: 2, write: writeBrainFloat },
  Q4_0: { type: 2, values: 32, bytes: 18, write: (x, block) => symmetric(x, block, 8, (q) => nibbles(block, 2, q)) },
  Q4_1: { type: 3, values: 32, bytes: 20, write: (x, block) => affine(x, block, 15, (q) => nibbles(block, 4, q)) },
  Q5_0: {
    type: 6,
    values: 32,
    bytes: 22,
    write: (x, block) => symmetric(x, block, 16, (q) => nibblesAndFifths(block, 6, 2, q)),
  },
  Q5_1: {
    type: 7,
    values: 32,
    bytes: 24,
    write: (x, block) => affine(x, block, 31, (q) => nibblesAndFifths(block, 8, 4, q)),
  },
  Q8_0: { type: 8, values: 32, bytes: 34, write: writeQ80 },
  Q2_K: { type: 10, values: 256, bytes: 84, write: writeQ2K },
  Q3_K: { type: 11, values: 256, bytes: 110, write: writeQ3K },
  Q4_K: { type: 12, values: 256, bytes: 144, write: (x, block) => writeQ45K(x, block, 15) },
  Q5_K: { type: 13, values: 256, bytes: 176, write: (x, block) => writeQ45K(x, block, 31) },
  Q6_K: { type: 14, values: 256, bytes: 210, write: writeQ6K },
};

export const blockFormatNames: readonly string[] = Object.keys(formats);

export function blockFormat(name: string): { readonly type: number; readonly values: number; readonly bytes: number } {
  return formats[name]!;
}

/** Values in whole blocks -> bytes. */
export function encodeBlocks(name: string, values: ArrayLike<number>): Uint8Array {
  const { values: size, bytes, write } = formats[name]!;
  const count = values.length / size;
  const result = new Uint8Array(count * bytes);
  for (let block = 0; block < count; block++)
    write(
      Array.from({ length: size }, (_, i) => values[block * size + i]!),
      result.subarray(block * bytes, (block + 1) * bytes),
    );
  return result;
}

/** Store a half and return what it means. */
function half(block: Uint8Array, at: number, value: number): number {
  const bits = floatToHalf(value);
  block[at] = bits & 255;
  block[at + 1] = bits >> 8;
  return halfToFloat(bits);
}

function writeBrainFloat([x]: readonly number[], block: Uint8Array): void {
  const view = new DataView(new ArrayBuffer(4));
  view.setFloat32(0, x!);
  const bits = view.getUint32(0);
  new DataView(block.buffer, block.byteOffset).setUint16(0, (bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16, true);
}

/** The scale makes the number that is farthest from zero -zero. */
function symmetric(x: readonly number[], block: Uint8Array, zero: number, store: (q: number[]) => void): void {
  const d = half(block, 0, farthest(x) / -zero);
  store(x.map((value) => clamp(Math.round(divided(value, d)) + zero, 0, 2 * zero - 1)));
}

function affine(x: readonly number[], block: Uint8Array, levels: number, store: (q: number[]) => void): void {
  const [least, most] = [Math.min(...x), Math.max(...x)];
  const d = half(block, 0, (most - least) / levels);
  const m = half(block, 2, least);
  store(x.map((value) => clamp(Math.round(divided(value - m, d)), 0, levels)));
}

function nibbles(block: Uint8Array, at: number, q: readonly number[]): void {
  for (let i = 0; i < 32; i++) block[at + (i % 16)]! |= (q[i]! & 15) << (i < 16 ? 0 : 4);
}

function nibblesAndFifths(block: Uint8Array, low: number, high: number, q: readonly number[]): void {
  nibbles(block, low, q);
  fifths(block, high, q);
}

function fifths(block: Uint8Array, at: number, q: readonly number[]): void {
  for (let i = 0; i < 32; i++) block[at + Math.floor(i / 8)]! |= (q[i]! >> 4) << (i % 8);
}

function writeQ80(x: readonly number[], block: Uint8Array): void {
  const d = half(block, 0, Math.abs(farthest(x)) / 127);
  for (let i = 0; i < 32; i++) block[2 + i] = clamp(Math.round(divided(x[i]!, d)), -127, 127);
}

/** Steps and offsets of groups, themselves quantized: x is about d s q - dmin m. */
function stepsAndOffsets(x: readonly number[], size: number, levels: number): { steps: number[]; offsets: number[] } {
  const steps: number[] = [];
  const offsets: number[] = [];
  for (let first = 0; first < 256; first += size) {
    const group = Array.from({ length: size }, (_, i) => x[first + i]!);
    const least = Math.min(0, ...group);
    steps.push((Math.max(...group) - least) / levels);
    offsets.push(-least);
  }
  return { steps, offsets };
}

function writeQ2K(x: readonly number[], block: Uint8Array): void {
  const { steps, offsets } = stepsAndOffsets(x, 16, 3);
  const d = half(block, 80, Math.max(...steps) / 15);
  const least = half(block, 82, Math.max(...offsets) / 15);
  for (let i = 0; i < 256; i++) {
    const group = i >> 4;
    const s = clamp(Math.round(divided(steps[group]!, d)), 0, 15);
    const m = clamp(Math.round(divided(offsets[group]!, least)), 0, 15);
    block[group] = s | (m << 4);
    const q = clamp(Math.round(divided(x[i]! + least * m, d * s)), 0, 3);
    block[16 + 32 * (i >> 7) + (i & 31)]! |= q << (2 * ((i >> 5) & 3));
  }
}

function writeQ3K(x: readonly number[], block: Uint8Array): void {
  const steps = groupsOf16(x).map((group) => farthest(group) / -4);
  const d = half(block, 108, Math.abs(farthest(steps)) / 31);
  for (let i = 0; i < 256; i++) {
    const group = i >> 4;
    const s = clamp(Math.round(divided(steps[group]!, d)), -32, 31);
    if ((i & 15) === 0) {
      block[96 + (group & 7)]! |= ((s + 32) & 15) << (group < 8 ? 0 : 4);
      block[104 + (group & 3)]! |= ((s + 32) >> 4) << (2 * (group >> 2));
    }
    const q = clamp(Math.round(divided(x[i]!, d * s)), -4, 3) + 4;
    block[32 + 32 * (i >> 7) + (i & 31)]! |= (q & 3) << (2 * ((i >> 5) & 3));
    block[i & 31]! |= (q >> 2) << (i >> 5);
  }
}

function writeQ45K(x: readonly number[], block: Uint8Array, levels: 15 | 31): void {
  const { steps, offsets } = stepsAndOffsets(x, 32, levels);
  const d = half(block, 0, Math.max(...steps) / 63);
  const least = half(block, 2, Math.max(...offsets) / 63);
  for (let i = 0; i < 256; i++) {
    const group = i >> 5;
    const s = clamp(Math.round(divided(steps[group]!, d)), 0, 63);
    const m = clamp(Math.round(divided(offsets[group]!, least)), 0, 63);
    if ((i & 31) === 0) scaleAndOffset(block, group, s, m);
    const q = clamp(Math.round(divided(x[i]! + least * m, d * s)), 0, levels);
    if (levels === 31) block[16 + (i & 31)]! |= (q >> 4) << group;
    block[(levels === 31 ? 48 : 16) + 32 * (i >> 6) + (i & 31)]! |= (q & 15) << (4 * (group & 1));
  }
}

/** Twelve bytes from 4 on hold eight pairs of 6 bits. */
function scaleAndOffset(block: Uint8Array, group: number, s: number, m: number): void {
  if (group < 4) {
    block[4 + group]! |= s;
    block[8 + group]! |= m;
  } else {
    block[8 + group]! |= (s & 15) | ((m & 15) << 4);
    block[group]! |= (s >> 4) << 6;
    block[4 + group]! |= (m >> 4) << 6;
  }
}

function writeQ6K(x: readonly number[], block: Uint8Array): void {
  const steps = groupsOf16(x).map((group) => farthest(group) / -32);
  const d = half(block, 208, Math.abs(farthest(steps)) / 127);
  for (let i = 0; i < 256; i++) {
    const s = clamp(Math.round(divided(steps[i >> 4]!, d)), -128, 127);
    block[192 + (i >> 4)] = s;
    const q = clamp(Math.round(divided(x[i]!, d * s)), -32, 31) + 32;
    block[64 * (i >> 7) + (i & 63)]! |= (q & 15) << (4 * ((i >> 6) & 1));
    block[128 + 32 * (i >> 7) + (i & 31)]! |= (q >> 4) << (2 * ((i >> 5) & 3));
  }
}

function groupsOf16(x: readonly number[]): number[][] {
  return Array.from({ length: 16 }, (_, group) => Array.from({ length: 16 }, (_, i) => x[16 * group + i]!));
}

function farthest(values: readonly number[]): number {
  return values.reduce((most, value) => (Math.abs(value) > Math.abs(most) ? value : most), 0);
}

function divided(value: number, by: number): number {
  return by === 0 ? 0 : value / by;
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(most, Math.max(least, value));
}
