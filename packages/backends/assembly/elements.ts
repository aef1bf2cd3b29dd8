import {
  elementsAdd,
  elementsFactor,
  elementsKind,
  elementsMultiply,
  elementsScale,
  elementsSecond,
  elementsSecondStride,
  entryColumns,
  entryInput,
  entryInputStride,
  entryOutput,
  entryOutputStride,
} from '../src/wasm/module/layout';
import { hyperbolicTangent } from './activations';

/** x + y, x * y, x * factor, or cap * tanh(x / cap), for the tokens from..to. Rows are padded to whole vectors. */
export function elements(entry: usize, from: i32, to: i32): void {
  const kind = load<i32>(entry + elementsKind);
  const factor = v128.load32_splat(entry + elementsFactor);
  const columns = load<i32>(entry + entryColumns);
  for (let token = from; token < to; token++) {
    const x = <usize>load<u32>(entry + entryInput) + <usize>token * load<u32>(entry + entryInputStride);
    const y = <usize>load<u32>(entry + elementsSecond) + <usize>token * load<u32>(entry + elementsSecondStride);
    const output = <usize>load<u32>(entry + entryOutput) + <usize>token * load<u32>(entry + entryOutputStride);
    for (let i: usize = 0; i < (<usize>columns) << 2; i += 16) {
      const value = v128.load(x + i);
      if (kind === elementsAdd) v128.store(output + i, f32x4.add(value, v128.load(y + i)));
      else if (kind === elementsMultiply) v128.store(output + i, f32x4.mul(value, v128.load(y + i)));
      else if (kind === elementsScale) v128.store(output + i, f32x4.mul(value, factor));
      else v128.store(output + i, f32x4.mul(hyperbolicTangent(f32x4.div(value, factor)), factor));
    }
  }
}
