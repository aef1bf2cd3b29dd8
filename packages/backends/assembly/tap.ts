import {
  entryColumns,
  entryInput,
  entryInputStride,
  frameScoredTokens,
  frameTaps,
  tapLayer,
} from '../src/wasm/module/layout';

/**
 * Copy the hidden states of the scored tokens to the address that the frame gives for this layer, if any: [S, columns],
 * rows padded to eight numbers.
 */
export function tap(entry: usize, frame: usize, scored: i32): void {
  const target = <usize>load<u32>(<usize>load<u32>(frame + frameTaps) + ((<usize>load<u32>(entry + tapLayer)) << 2));
  if (target === 0) return;
  const tokens = <usize>load<u32>(frame + frameScoredTokens);
  const columns = <usize>load<u32>(entry + entryColumns);
  const stride = ((columns + 7) & ~7) << 2;
  for (let i: usize = 0; i < <usize>scored; i++) {
    const token = <usize>load<u32>(tokens + (i << 2));
    memory.copy(
      target + i * stride,
      <usize>load<u32>(entry + entryInput) + token * load<u32>(entry + entryInputStride),
      columns << 2,
    );
  }
}
