import {
  entryColumns,
  entryInput,
  entryInputStride,
  entryOutput,
  entryOutputStride,
  framePositions,
  rotaryHeadSize,
  rotaryPairs,
  rotaryTable,
  rotaryWidth,
} from '../src/wasm/module/layout';
import { copyFloats } from './vectors';

/** Rotate the first `width` numbers of a head in place, by the angles of a row of the table: cosines, then sines. */
export function turnHead(head: usize, angles: usize, width: i32, pairs: i32): void {
  const half = width >> 1;
  for (let i = 0; i < half; i++) {
    const first = head + ((<usize>(pairs !== 0 ? i << 1 : i)) << 2);
    const second = head + ((<usize>(pairs !== 0 ? (i << 1) + 1 : i + half)) << 2);
    const cosine = load<f32>(angles + ((<usize>i) << 2));
    const sine = load<f32>(angles + ((<usize>(i + half)) << 2));
    const a = load<f32>(first);
    const b = load<f32>(second);
    store<f32>(first, a * cosine - b * sine);
    store<f32>(second, b * cosine + a * sine);
  }
}

/** Address of the angles of a token. */
export function anglesOf(entry: usize, frame: usize, token: i32): usize {
  const position = load<u32>(<usize>load<u32>(frame + framePositions) + ((<usize>token) << 2));
  return <usize>load<u32>(entry + rotaryTable) + ((<usize>position * load<u32>(entry + rotaryWidth)) << 2);
}

/** Rotary positions that are not folded into the operation that reads them, for the tokens from..to. */
export function rotary(entry: usize, frame: usize, from: i32, to: i32): void {
  const columns = load<i32>(entry + entryColumns);
  const size = load<i32>(entry + rotaryHeadSize);
  for (let token = from; token < to; token++) {
    const input = <usize>load<u32>(entry + entryInput) + <usize>token * load<u32>(entry + entryInputStride);
    const output = <usize>load<u32>(entry + entryOutput) + <usize>token * load<u32>(entry + entryOutputStride);
    copyFloats(output, input, (<usize>columns) << 2);
    for (let first = 0; first < columns; first += size)
      turnHead(
        output + ((<usize>first) << 2),
        anglesOf(entry, frame, token),
        load<i32>(entry + rotaryWidth),
        load<i32>(entry + rotaryPairs),
      );
  }
}
