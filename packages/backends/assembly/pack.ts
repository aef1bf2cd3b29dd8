import {
  blockBytes4Bit,
  blockBytes8Bit,
  format4BitBlocks,
  format8Bit,
  format8BitBlocks,
  format8BitPlanes,
  formatFloat16,
  formatFloat32,
  inputsPerBlock,
  inputsPerChunk,
  rowsPerGroup,
} from '../src/wasm/module/layout';
import { fromHalf, laneMax, toHalf } from './vectors';

/**
 * Convert weights from rows to the layout of a format: float32 [groups * 8, K] at `source`, K a multiple of 32, to
 * `target`. The format with 8 bits per row also fills `scales`, float32 [groups * 8], and `sums`, int32 [groups * 8].
 * The layouts are described in the `dot-*.ts` files.
 */
export function pack(
  format: i32,
  source: usize,
  inputs: i32,
  groups: i32,
  target: usize,
  scales: usize,
  sums: usize,
): void {
  const size = <usize>inputs;
  const blocks = size / inputsPerBlock;
  for (let row: usize = 0; row < <usize>(groups * rowsPerGroup); row++) {
    const from = source + row * (size << 2);
    const group = row / rowsPerGroup;
    const lane = row % rowsPerGroup;
    switch (format) {
      case formatFloat32:
        packFloat32(from, size, target + group * (size << 5) + (lane << 2));
        break;
      case formatFloat16:
        packFloat16(from, size, target + group * (size << 4) + (lane << 1));
        break;
      case format8Bit:
        pack8Bit(from, inputs, target + group * (size << 3) + (lane << 1), 1, scales + (row << 2), sums + (row << 2));
        break;
      case format8BitPlanes:
        pack8Bit(from, inputs, target + group * (size << 3) + (lane << 2), 3, scales + (row << 2), sums + (row << 2));
        break;
      case format8BitBlocks:
        pack8BitBlocks(from, inputs, target + group * blocks * blockBytes8Bit, lane);
        break;
      case format4BitBlocks:
        pack4BitBlocks(from, inputs, target + group * blocks * blockBytes4Bit, lane);
        break;
      default:
        unreachable();
    }
  }
}

/**
 * Address of an input of float weights. The two halves of each 512 inputs alternate, because they are summed separately
 * and memory is then read in order. Reading two streams, half of K apart, took twice as long.
 */
function placeOfFloat(input: usize, inputs: usize): usize {
  const chunk = input & ~(inputsPerChunk - 1);
  const half = min<usize>(inputsPerChunk, inputs - chunk) >> 1;
  const within = input - chunk;
  return chunk + (within < half ? within << 1 : ((within - half) << 1) + 1);
}

function packFloat32(from: usize, inputs: usize, target: usize): void {
  for (let i: usize = 0; i < inputs; i++)
    store<f32>(target + (placeOfFloat(i, inputs) << 5), load<f32>(from + (i << 2)));
}

function packFloat16(from: usize, inputs: usize, target: usize): void {
  for (let i: usize = 0; i < inputs; i++)
    store<u16>(target + (placeOfFloat(i, inputs) << 4), <u16>toHalf(load<f32>(from + (i << 2))));
}

function largestOf(from: usize, count: i32): f32 {
  let largest = f32x4.splat(0);
  for (let i: usize = 0; i < (<usize>count) << 2; i += 16) largest = f32x4.max(largest, f32x4.abs(v128.load(from + i)));
  return laneMax(largest);
}

/** `within` is the number of adjacent inputs of a row, minus one. */
function pack8Bit(from: usize, inputs: i32, target: usize, within: usize, scale: usize, sum: usize): void {
  const largest = largestOf(from, inputs);
  const factor: f32 = largest > 0 ? <f32>127.0 / largest : 0;
  let total = 0;
  for (let i: usize = 0; i < <usize>inputs; i++) {
    const integer = <i32>nearest<f32>(load<f32>(from + (i << 2)) * factor);
    total += integer;
    store<i8>(target + ((i & ~within) << 3) + (i & within), <i8>integer);
  }
  store<f32>(scale, largest / 127.0);
  store<i32>(sum, total);
}

function pack8BitBlocks(from: usize, inputs: i32, group: usize, lane: usize): void {
  for (let block = 0; block < inputs / inputsPerBlock; block++) {
    const at = from + ((<usize>(block * inputsPerBlock)) << 2);
    const target = group + <usize>block * blockBytes8Bit;
    const half = toHalf(largestOf(at, inputsPerBlock) / 127.0);
    const scale = fromHalf(half);
    const factor: f32 = scale > 0 ? <f32>1.0 / scale : 0;
    store<u16>(target + (lane << 1), <u16>half);
    for (let i: usize = 0; i < <usize>inputsPerBlock; i++) {
      const integer = nearest<f32>(load<f32>(at + (i << 2)) * factor);
      const place = target + 16 + ((i & ~1) << 3) + (lane << 1) + (i & 1);
      store<i8>(place, <i8>min<f32>(max<f32>(integer, -127.0), 127.0));
    }
  }
}

/**
 * The scale of a block of 4-bit numbers as a half: one with which all numbers are exact, such as those of a file that was
 * quantized with other scales; otherwise the one that maps the number farthest from zero to -8, the largest magnitude
 * that 4 bits hold.
 */
function scaleOf4Bit(at: usize, farthest: f32): u32 {
  for (let code = -8; code < 8; code++) {
    if (code === 0) continue;
    const half = toHalf(farthest / <f32>code);
    const scale = fromHalf(half);
    if (scale !== 0 && scale * <f32>code === farthest && isExact(at, scale)) return half;
  }
  return toHalf(farthest / -8.0);
}

function isExact(at: usize, scale: f32): bool {
  for (let i: usize = 0; i < <usize>inputsPerBlock; i++) {
    const value = load<f32>(at + (i << 2));
    const code = nearest<f32>(value / scale);
    if (code < -8 || code > 7 || code * scale !== value) return false;
  }
  return true;
}

function pack4BitBlocks(from: usize, inputs: i32, group: usize, lane: usize): void {
  for (let block = 0; block < inputs / inputsPerBlock; block++) {
    const at = from + ((<usize>(block * inputsPerBlock)) << 2);
    const target = group + <usize>block * blockBytes4Bit;
    let farthest: f32 = 0;
    for (let i: usize = 0; i < <usize>inputsPerBlock; i++) {
      const value = load<f32>(at + (i << 2));
      if (abs<f32>(value) > abs<f32>(farthest)) farthest = value;
    }
    const half = scaleOf4Bit(at, farthest);
    const scale = fromHalf(half);
    const factor: f32 = scale !== 0 ? <f32>1.0 / scale : 0;
    store<u16>(target + (lane << 1), <u16>half);
    for (let number: usize = 0; number < 8; number++) {
      const first = ((number >> 1) << 3) + (number & 1);
      let bits: u32 = 0;
      for (let j: usize = 0; j < 4; j++) {
        const integer = nearest<f32>(load<f32>(at + ((first + j * 2) << 2)) * factor) + 8.0;
        bits |= (<u32>min<f32>(max<f32>(integer, 0.0), 15.0)) << ((<u32>j) << 2);
      }
      store<u16>(target + 16 + ((number >> 1) << 5) + (lane << 2) + ((number & 1) << 1), <u16>bits);
    }
  }
}

/** One row of a packed matrix as float32, [K] at `output`: the weights that the engine computes with. */
export function unpackRow(format: i32, weights: usize, inputs: i32, scales: usize, row: usize, output: usize): void {
  const group = row / rowsPerGroup;
  const lane = row % rowsPerGroup;
  const size = <usize>inputs;
  const blocks = size / inputsPerBlock;
  switch (format) {
    case formatFloat32: {
      const from = weights + group * (size << 5) + (lane << 2);
      for (let i: usize = 0; i < size; i++)
        store<f32>(output + (i << 2), load<f32>(from + (placeOfFloat(i, size) << 5)));
      break;
    }
    case formatFloat16: {
      const from = weights + group * (size << 4) + (lane << 1);
      for (let i: usize = 0; i < size; i++)
        store<f32>(output + (i << 2), fromHalf(load<u16>(from + (placeOfFloat(i, size) << 4))));
      break;
    }
    case format8Bit:
      unpack8Bit(weights + group * (size << 3) + (lane << 1), size, 1, load<f32>(scales + (row << 2)), output);
      break;
    case format8BitPlanes:
      unpack8Bit(weights + group * (size << 3) + (lane << 2), size, 3, load<f32>(scales + (row << 2)), output);
      break;
    case format8BitBlocks:
      for (let block: usize = 0; block < blocks; block++) {
        const from = weights + (group * blocks + block) * blockBytes8Bit;
        const scale = fromHalf(load<u16>(from + (lane << 1)));
        unpack8Bit(from + 16 + (lane << 1), inputsPerBlock, 1, scale, output + ((block * inputsPerBlock) << 2));
      }
      break;
    case format4BitBlocks:
      for (let block: usize = 0; block < blocks; block++) {
        const from = weights + (group * blocks + block) * blockBytes4Bit;
        const scale = fromHalf(load<u16>(from + (lane << 1)));
        for (let i: usize = 0; i < <usize>inputsPerBlock; i++) {
          const bits = load<u16>(from + 16 + ((i >> 3) << 5) + (lane << 2) + ((i & 1) << 1));
          const nibble = (<u32>bits >>> (((<u32>i >> 1) & 3) << 2)) & 15;
          store<f32>(output + ((block * inputsPerBlock + i) << 2), (<f32>nibble - 8.0) * scale);
        }
      }
      break;
    default:
      unreachable();
  }
}

function unpack8Bit(from: usize, count: usize, within: usize, scale: f32, output: usize): void {
  for (let i: usize = 0; i < count; i++)
    store<f32>(output + (i << 2), <f32>load<i8>(from + ((i & ~within) << 3) + (i & within)) * scale);
}
