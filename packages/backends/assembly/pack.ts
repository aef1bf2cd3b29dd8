import {
  format4BitBlocks,
  format8Bit,
  format8BitBlocks,
  formatFloat16,
  formatFloat32,
  inputsPerBlock,
  rowsPerGroup,
} from '../src/wasm/layout';
import { fromHalf, toHalf } from './vectors';

/**
 * Weights from rows to the layout of a format: float32 [groups * 4, K] at `source`, K a multiple of 32, to `target`. 8 bits
 * by row also fills `scales`, float32 [groups * 4], and `sums`, int32 [groups * 4].
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
  const rowBytes = (<usize>inputs) << 2;
  for (let row = 0; row < groups * rowsPerGroup; row++) {
    const from = source + <usize>row * rowBytes;
    const group = <usize>(row / rowsPerGroup);
    const lane = <usize>(row % rowsPerGroup);
    switch (format) {
      case formatFloat32:
        packFloat32(from, inputs, target + group * rowBytes * rowsPerGroup, lane);
        break;
      case formatFloat16:
        packFloat16(from, inputs, target + ((group * rowBytes * rowsPerGroup) >> 1), lane);
        break;
      case format8Bit:
        pack8Bit(
          from,
          inputs,
          target + group * <usize>inputs * rowsPerGroup,
          lane,
          scales + ((<usize>row) << 2),
          sums + ((<usize>row) << 2),
        );
        break;
      case format8BitBlocks:
        pack8BitBlocks(from, inputs, target + group * <usize>(inputs / inputsPerBlock) * 136, lane);
        break;
      case format4BitBlocks:
        pack4BitBlocks(from, inputs, target + group * <usize>(inputs / inputsPerBlock) * 72, lane);
        break;
      default:
        unreachable();
    }
  }
}

function packFloat32(from: usize, inputs: i32, group: usize, lane: usize): void {
  for (let i: usize = 0; i < (<usize>inputs) << 2; i += 16)
    v128.store(group + (i << 2) + (lane << 4), v128.load(from + i));
}

function packFloat16(from: usize, inputs: i32, group: usize, lane: usize): void {
  for (let i: usize = 0; i < <usize>inputs; i++)
    store<u16>(group + ((i >> 2) << 5) + (lane << 3) + ((i & 3) << 1), <u16>toHalf(load<f32>(from + (i << 2))));
}

function largestOf(from: usize, count: i32): f32 {
  let largest: f32 = 0;
  for (let i = 0; i < count; i++) largest = max<f32>(largest, abs<f32>(load<f32>(from + ((<usize>i) << 2))));
  return largest;
}

function pack8Bit(from: usize, inputs: i32, group: usize, lane: usize, scale: usize, sum: usize): void {
  const largest = largestOf(from, inputs);
  const factor: f32 = largest > 0 ? <f32>127.0 / largest : 0;
  let total = 0;
  for (let i: usize = 0; i < <usize>inputs; i++) {
    const integer = <i32>nearest<f32>(load<f32>(from + (i << 2)) * factor);
    total += integer;
    store<i8>(group + ((i >> 5) << 7) + (lane << 5) + (i & 31), <i8>integer);
  }
  store<f32>(scale, largest / 127.0);
  store<i32>(sum, total);
}

function pack8BitBlocks(from: usize, inputs: i32, group: usize, lane: usize): void {
  for (let block = 0; block < inputs / inputsPerBlock; block++) {
    const at = from + ((<usize>(block * inputsPerBlock)) << 2);
    const target = group + <usize>block * 136;
    const half = toHalf(largestOf(at, inputsPerBlock) / 127.0);
    const scale = fromHalf(half);
    const factor: f32 = scale > 0 ? <f32>1.0 / scale : 0;
    store<u16>(target + (lane << 1), <u16>half);
    for (let i: usize = 0; i < <usize>inputsPerBlock; i++) {
      const integer = nearest<f32>(load<f32>(at + (i << 2)) * factor);
      store<i8>(target + 8 + (lane << 5) + i, <i8>min<f32>(max<f32>(integer, -127.0), 127.0));
    }
  }
}

/** The scale makes the number that is farthest from zero -8, the largest that 4 bits hold. */
function pack4BitBlocks(from: usize, inputs: i32, group: usize, lane: usize): void {
  for (let block = 0; block < inputs / inputsPerBlock; block++) {
    const at = from + ((<usize>(block * inputsPerBlock)) << 2);
    const target = group + <usize>block * 72;
    let farthest: f32 = 0;
    for (let i: usize = 0; i < <usize>inputsPerBlock; i++) {
      const value = load<f32>(at + (i << 2));
      if (abs<f32>(value) > abs<f32>(farthest)) farthest = value;
    }
    const half = toHalf(farthest / -8.0);
    const scale = fromHalf(half);
    const factor: f32 = scale !== 0 ? <f32>1.0 / scale : 0;
    store<u16>(target + (lane << 1), <u16>half);
    const numbers = target + 8 + (lane << 4);
    for (let i: usize = 0; i < 8; i++) {
      let bits: u32 = 0;
      for (let j: usize = 0; j < 4; j++) {
        const integer = nearest<f32>(load<f32>(at + ((j * 8 + i) << 2)) * factor) + 8.0;
        bits |= (<u32>min<f32>(max<f32>(integer, 0.0), 15.0)) << ((<u32>j) << 2);
      }
      store<u16>(numbers + (i << 1), <u16>bits);
    }
  }
}

/** One row of a packed matrix as float32, [K] at `output`: what the engine computes with. */
export function unpackRow(format: i32, weights: usize, inputs: i32, scales: usize, row: usize, output: usize): void {
  const group = row / rowsPerGroup;
  const lane = row % rowsPerGroup;
  const size = <usize>inputs;
  switch (format) {
    case formatFloat32: {
      const from = weights + group * size * 16 + (lane << 4);
      for (let i: usize = 0; i < size << 2; i += 16) v128.store(output + i, v128.load(from + (i << 2)));
      break;
    }
    case formatFloat16: {
      const from = weights + group * size * 8 + (lane << 3);
      for (let i: usize = 0; i < size; i++)
        store<f32>(output + (i << 2), fromHalf(load<u16>(from + ((i >> 2) << 5) + ((i & 3) << 1))));
      break;
    }
    case format8Bit: {
      const from = weights + group * size * 4 + (lane << 5);
      const scale = load<f32>(scales + (row << 2));
      for (let i: usize = 0; i < size; i++)
        store<f32>(output + (i << 2), <f32>load<i8>(from + ((i >> 5) << 7) + (i & 31)) * scale);
      break;
    }
    case format8BitBlocks: {
      const blocks = size / inputsPerBlock;
      for (let block: usize = 0; block < blocks; block++) {
        const from = weights + (group * blocks + block) * 136;
        const scale = fromHalf(load<u16>(from + (lane << 1)));
        for (let i: usize = 0; i < <usize>inputsPerBlock; i++)
          store<f32>(output + ((block * inputsPerBlock + i) << 2), <f32>load<i8>(from + 8 + (lane << 5) + i) * scale);
      }
      break;
    }
    case format4BitBlocks: {
      const blocks = size / inputsPerBlock;
      for (let block: usize = 0; block < blocks; block++) {
        const from = weights + (group * blocks + block) * 72;
        const scale = fromHalf(load<u16>(from + (lane << 1)));
        for (let i: usize = 0; i < <usize>inputsPerBlock; i++) {
          const bits = load<u16>(from + 8 + (lane << 4) + ((i & 7) << 1)) >>> <u16>((i >> 3) << 2);
          store<f32>(output + ((block * inputsPerBlock + i) << 2), (<f32>(bits & 15) - 8.0) * scale);
        }
      }
      break;
    }
    default:
      unreachable();
  }
}
