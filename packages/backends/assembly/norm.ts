import {
  entryColumns,
  entryInput,
  entryInputStride,
  entryOutput,
  entryOutputStride,
  normBias,
  normEpsilon,
  normGroups,
  normKind,
  normKindLayer,
  normWeight,
} from '../src/wasm/module/layout';
import { laneSum } from './vectors';

/** (x - mean) / deviation * weight + bias, or x / root mean square * weight: float32 [columns] -> [columns]. */
export function normRow(
  x: usize,
  columns: i32,
  kind: i32,
  weight: usize,
  bias: usize,
  epsilon: f32,
  output: usize,
): void {
  const whole = columns & ~3;
  let mean: f32 = 0;
  if (kind === normKindLayer) {
    let sum = f32x4.splat(0);
    for (let i = 0; i < whole; i += 4) sum = f32x4.add(sum, v128.load(x + ((<usize>i) << 2)));
    let total = laneSum(sum);
    for (let i = whole; i < columns; i++) total += load<f32>(x + ((<usize>i) << 2));
    mean = total / <f32>columns;
  }
  const means = f32x4.splat(mean);
  let squares = f32x4.splat(0);
  for (let i = 0; i < whole; i += 4) {
    const centerd = f32x4.sub(v128.load(x + ((<usize>i) << 2)), means);
    squares = f32x4.add(squares, f32x4.mul(centerd, centerd));
  }
  let total = laneSum(squares);
  for (let i = whole; i < columns; i++) {
    const centerd = load<f32>(x + ((<usize>i) << 2)) - mean;
    total += centerd * centerd;
  }
  const factor: f32 = <f32>1.0 / sqrt<f32>(total / <f32>columns + epsilon);
  const factors = f32x4.splat(factor);
  for (let i = 0; i < whole; i += 4) {
    const at = (<usize>i) << 2;
    let y = f32x4.mul(f32x4.mul(f32x4.sub(v128.load(x + at), means), factors), v128.load(weight + at));
    if (bias !== 0) y = f32x4.add(y, v128.load(bias + at));
    v128.store(output + at, y);
  }
  for (let i = whole; i < columns; i++) {
    const at = (<usize>i) << 2;
    let y = (load<f32>(x + at) - mean) * factor * load<f32>(weight + at);
    if (bias !== 0) y += load<f32>(bias + at);
    store<f32>(output + at, y);
  }
}

/** A norm that is not folded into the operation that reads it. Tokens are divided among the threads. */
export function norm(entry: usize, from: i32, to: i32): void {
  const groups = load<i32>(entry + normGroups);
  const columns = load<i32>(entry + entryColumns) / groups;
  for (let token = from; token < to; token++) {
    const x = <usize>load<u32>(entry + entryInput) + <usize>token * load<u32>(entry + entryInputStride);
    const y = <usize>load<u32>(entry + entryOutput) + <usize>token * load<u32>(entry + entryOutputStride);
    for (let group = 0; group < groups; group++) {
      const at = (<usize>(group * columns)) << 2;
      normRow(
        x + at,
        columns,
        load<i32>(entry + normKind),
        load<u32>(entry + normWeight),
        load<u32>(entry + normBias),
        load<f32>(entry + normEpsilon),
        y + at,
      );
    }
  }
}
