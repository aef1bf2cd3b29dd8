import type { Frame } from '@tokenwright/core/engine';
import { lengthsOf, partOf, reserve } from '../../graph/frames.ts';
import type { PagedStore } from '../cache/paged-store.ts';
import { WebgpuMatrix } from '../logits/matrix.ts';
import type { ModelOnDevice } from './on-device.ts';

/** Run the encoder over source tokens and write the result to `encoded`. Its attention uses the store. */
export function encodeSources(model: ModelOnDevice, frame: Frame, store: PagedStore, encoded: WebgpuMatrix): void {
  reserve(store, frame);
  const plan = model.frame.write(frame, { store });
  const { gpu } = model.device;
  const encoder = gpu.createCommandEncoder();
  const pass = encoder.beginComputePass();
  model.encode!.play({ pass, count: plan.tokens, shares: plan.shares, cache: store.pool });
  model.copyEncoded!.play(pass, encoded.buffer, plan.tokens);
  pass.end();
  gpu.queue.submit([encoder.finish()]);
}

/**
 * Write the keys and values of encoded sources, [tokens, columns], to the store. Tokens are independent, so they can be
 * split over several frames.
 */
export function encodeKeyValuesOfSources(
  model: ModelOnDevice,
  frame: Frame,
  store: PagedStore,
  encoded: WebgpuMatrix | Float32Array,
  maxTokens: number,
): void {
  const { gpu } = model.device;
  const { columns } = model.parts.encodeKeyValues!.input;
  reserve(store, frame);
  const [first, stride] = model.encodeKeyValues!.place(model.parts.encodeKeyValues!.input);
  const tokens = frame.ids.length;
  for (let from = 0; from < tokens; from += maxTokens) {
    const to = Math.min(tokens, from + maxTokens);
    const plan = model.frame.write(partOf(frame, from, to), { store });
    const encoder = gpu.createCommandEncoder();
    for (let token = from; token < to; token++) {
      const target = (first + (token - from) * stride) * 4;
      if (encoded instanceof WebgpuMatrix)
        encoder.copyBufferToBuffer(encoded.buffer, token * columns * 4, model.arena, target, columns * 4);
      else gpu.queue.writeBuffer(model.arena, target, encoded.slice(token * columns, (token + 1) * columns));
    }
    const pass = encoder.beginComputePass();
    model.encodeKeyValues!.play({ pass, count: plan.tokens, shares: 1, cache: store.pool });
    pass.end();
    gpu.queue.submit([encoder.finish()]);
  }
  for (const [row, length] of lengthsOf(frame)) store.grown(row, length);
}
