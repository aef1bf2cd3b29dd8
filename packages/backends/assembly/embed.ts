import {
  embedOffset,
  embedPositions,
  embedScale,
  entryColumns,
  entryOutput,
  entryOutputStride,
  frameIds,
  framePositions,
  linearFormat,
  linearScales,
  linearWeights,
} from '../src/wasm/module/layout';
import { paddedInputs } from './encode';
import { unpackRow } from './pack';
import { clearFloats } from './vectors';

/**
 * table[id] * scale + positions[position + offset], for the tokens from..to. Either table may be absent. Position
 * tables are unpacked float32 rows.
 */
export function embed(entry: usize, frame: usize, scratch: usize, from: i32, to: i32): void {
  const columns = load<i32>(entry + entryColumns);
  const ids = <usize>load<u32>(frame + frameIds);
  const positionIds = <usize>load<u32>(frame + framePositions);
  const positions = <usize>load<u32>(entry + embedPositions);
  const weights = <usize>load<u32>(entry + linearWeights);
  const offset = load<i32>(entry + embedOffset);
  const scale = load<f32>(entry + embedScale);
  for (let token = from; token < to; token++) {
    if (weights === 0) clearFloats(scratch, (<usize>columns) << 2);
    else
      unpackRow(
        load<i32>(entry + linearFormat),
        weights,
        paddedInputs(columns),
        load<u32>(entry + linearScales),
        load<u32>(ids + ((<usize>token) << 2)),
        scratch,
      );
    const output = <usize>load<u32>(entry + entryOutput) + <usize>token * load<u32>(entry + entryOutputStride);
    const position =
      positions + ((<usize>(load<i32>(positionIds + ((<usize>token) << 2)) + offset) * <usize>columns) << 2);
    for (let i: usize = 0; i < (<usize>columns) << 2; i += 4) {
      let x = load<f32>(scratch + i) * scale;
      if (positions !== 0) x += load<f32>(position + i);
      store<f32>(output + i, x);
    }
  }
}
