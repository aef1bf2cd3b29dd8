import { element8Bit, elementFloat16, elementFloat32, slotsPerBlock } from '../src/wasm/module/layout';
import { bitsOfHalfNaN, copyFloats, isBroken, loadHalves, toHalf } from './vectors';

/*
 * A block of the cache holds 64 slots of a row in all layers, as tiles [layer][key head][keys, values]. A tile is
 * [64][size], where size is the head size rounded up to 4 and padded with zeros. Numbers are float32, half precision,
 * or 8 bits after a float32 scale per slot. The table of a row holds the addresses of its blocks.
 *
 * A head with a NaN or an infinity stays NaN in every type, so that each token that sees the slot has invalid logits.
 * The kernels read halves without testing for NaN. Such a head therefore has NaN as its first half, and the kernels
 * test the first half of each slot only. In 8 bits its scale is NaN.
 */

/** True when a slot of a half-precision tile holds a head that is not finite. */
export function isBrokenSlot(halves: usize): bool {
  return (load<u16>(halves) & bitsOfHalfNaN) === bitsOfHalfNaN;
}

/** True when float32 [count] has a NaN or an infinity. */
function hasBroken(values: usize, count: usize): bool {
  for (let i: usize = 0; i < count; i++) if (isBroken(load<f32>(values + (i << 2)))) return true;
  return false;
}

/** Bytes of a tile. */
export function tileBytes(element: i32, size: i32): usize {
  const numbers = <usize>(slotsPerBlock * size);
  if (element === elementFloat32) return numbers << 2;
  if (element === elementFloat16) return numbers << 1;
  return numbers + (slotsPerBlock << 2);
}

/** Write one head of a slot: float32 [size] -> the number type of the tile. */
export function storeSlot(element: i32, tile: usize, slot: usize, head: usize, size: i32): void {
  const count = <usize>size;
  if (element === elementFloat32) {
    copyFloats(tile + ((slot * count) << 2), head, count << 2);
    return;
  }
  if (element === elementFloat16) {
    const target = tile + ((slot * count) << 1);
    for (let i: usize = 0; i < count; i++) store<u16>(target + (i << 1), <u16>toHalf(load<f32>(head + (i << 2))));
    if (hasBroken(head, count)) store<u16>(target, <u16>bitsOfHalfNaN);
    return;
  }
  let largest: f32 = 0;
  for (let i: usize = 0; i < count; i++) largest = max<f32>(largest, abs<f32>(load<f32>(head + (i << 2))));
  const target = tile + (slotsPerBlock << 2) + slot * count;
  if (isBroken(largest)) {
    store<f32>(tile + (slot << 2), NaN);
    memory.fill(target, 0, count);
    return;
  }
  store<f32>(tile + (slot << 2), largest / 127.0);
  const factor: f32 = largest > 0 ? <f32>127.0 / largest : 0;
  for (let i: usize = 0; i < count; i++) store<i8>(target + i, <i8>nearest<f32>(load<f32>(head + (i << 2)) * factor));
}

/** The slots from..to of a tile as float32, [64][size] at `target`. Other slots of `target` are not written. */
export function loadSlots(element: i32, tile: usize, from: i32, to: i32, size: i32, target: usize): void {
  const count = <usize>size;
  for (let slot = <usize>from; slot < <usize>to; slot++) {
    const output = target + ((slot * count) << 2);
    if (element === elementFloat32) copyFloats(output, tile + ((slot * count) << 2), count << 2);
    else if (element === elementFloat16) {
      const input = tile + ((slot * count) << 1);
      for (let i: usize = 0; i < count; i += 4) v128.store(output + (i << 2), loadHalves(input + (i << 1)));
      if (isBrokenSlot(input)) store<f32>(output, NaN);
    } else {
      const scale = v128.load32_splat(tile + (slot << 2));
      const input = tile + (slotsPerBlock << 2) + slot * count;
      for (let i: usize = 0; i < count; i += 4) {
        const integers = i32x4.extend_low_i16x8_s(i16x8.extend_low_i8x16_s(v128.load32_zero(input + i)));
        v128.store(output + (i << 2), f32x4.mul(f32x4.convert_i32x4_s(integers), scale));
      }
    }
  }
}

/** Copy the first `slots` of every tile of a block: layers * 2 * key heads tiles. */
export function copySlots(element: i32, from: usize, to: usize, tiles: i32, size: i32, slots: i32): void {
  const bytes = tileBytes(element, size);
  const numbers = <usize>(slots * size);
  for (let tile = 0; tile < tiles; tile++, from += bytes, to += bytes) {
    if (element === element8Bit) {
      memory.copy(to, from, (<usize>slots) << 2);
      memory.copy(to + (slotsPerBlock << 2), from + (slotsPerBlock << 2), numbers);
    } else memory.copy(to, from, element === elementFloat32 ? numbers << 2 : numbers << 1);
  }
}
