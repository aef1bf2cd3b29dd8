import {
  blockBytes4Bit,
  blockBytes8Bit,
  format4BitBlocks,
  format8Bit,
  format8BitBlocks,
  formatFloat16,
  inputsPerBlock,
  widenedScales,
} from '../src/wasm/module/layout';
import { bitsOfHalves, kept, loadSmallHalves } from './vectors';

/**
 * Convert a group's weights for at most 512 inputs to the numbers that a panel of tokens is multiplied with: int16 [K /
 * 2][8 rows][2], followed by float32 scales [K / 32][8] where blocks have their own, or float32 [K / 2][2][8 rows].
 * Half-precision numbers are read without their exponent bias. Done once for all panels. Returns the address of the
 * result; float32 weights are returned as they are.
 */
export function widen(format: i32, weights: usize, inputs: i32, target: usize): usize {
  switch (format) {
    case formatFloat16:
      widenFloat16(weights, inputs, target);
      return target;
    case format8Bit:
      widen8Bit(weights, weights + ((<usize>inputs) << 3), target);
      return target;
    case format8BitBlocks:
      widen8BitBlocks(weights, inputs, target);
      return target;
    case format4BitBlocks:
      widen4BitBlocks(weights, inputs, target);
      return target;
    default:
      return weights;
  }
}

function widenFloat16(weights: usize, inputs: i32, target: usize): void {
  const bits = kept(bitsOfHalves, inputs);
  const end = weights + ((<usize>inputs) << 4);
  for (; weights < end; weights += 16, target += 32) {
    v128.store(target, loadSmallHalves(weights, bits));
    v128.store(target, loadSmallHalves(weights + 8, bits), 16);
  }
}

function widen8Bit(from: usize, to: usize, target: usize): void {
  for (; from < to; from += 32, target += 64) {
    v128.store(target, v128.load_ext<i8>(from));
    v128.store(target, v128.load_ext<i8>(from, 8), 16);
    v128.store(target, v128.load_ext<i8>(from, 16), 32);
    v128.store(target, v128.load_ext<i8>(from, 24), 48);
  }
}

function widenScales(weights: usize, target: usize, bits: v128): void {
  v128.store(target, loadSmallHalves(weights, bits));
  v128.store(target, loadSmallHalves(weights + 8, bits), 16);
}

function widen8BitBlocks(weights: usize, inputs: i32, target: usize): void {
  const bits = kept(bitsOfHalves, inputs);
  let scales = target + widenedScales;
  const end = weights + <usize>(inputs / inputsPerBlock) * blockBytes8Bit;
  for (; weights < end; weights += blockBytes8Bit, scales += 32, target += 512) {
    widenScales(weights, scales, bits);
    widen8Bit(weights + 16, weights + blockBytes8Bit, target);
  }
}

function widen4BitBlocks(weights: usize, inputs: i32, target: usize): void {
  const bits = kept(bitsOfHalves, inputs);
  let scales = target + widenedScales;
  const mask = kept(0x000f000f, inputs);
  const eight = kept(0x00080008, inputs);
  const end = weights + <usize>(inputs / inputsPerBlock) * blockBytes4Bit;
  for (; weights < end; weights += blockBytes4Bit, scales += 32) {
    widenScales(weights, scales, bits);
    for (let at = weights + 16; at < weights + blockBytes4Bit; at += 32, target += 128) {
      const p = v128.load(at);
      const q = v128.load(at, 16);
      v128.store(target, i16x8.sub(v128.and(p, mask), eight));
      v128.store(target, i16x8.sub(v128.and(q, mask), eight), 16);
      v128.store(target, i16x8.sub(v128.and(i16x8.shr_u(p, 4), mask), eight), 32);
      v128.store(target, i16x8.sub(v128.and(i16x8.shr_u(q, 4), mask), eight), 48);
      v128.store(target, i16x8.sub(v128.and(i16x8.shr_u(p, 8), mask), eight), 64);
      v128.store(target, i16x8.sub(v128.and(i16x8.shr_u(q, 8), mask), eight), 80);
      v128.store(target, i16x8.sub(i16x8.shr_u(p, 12), eight), 96);
      v128.store(target, i16x8.sub(i16x8.shr_u(q, 12), eight), 112);
    }
  }
}
