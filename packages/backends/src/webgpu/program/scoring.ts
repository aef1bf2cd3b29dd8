import type { WebgpuMatrix } from '../logits/matrix.ts';
import type { ModelOnDevice } from './on-device.ts';

/** Scored tokens per run of the head: the logits of many tokens would need a large arena. */
export const headTokens = 16;

/**
 * Run the head over the scored tokens' last hidden states, `headTokens` at a time. The first run is in the pass that
 * computed the hidden states. Everything is submitted.
 */
export function scoreInto(
  model: ModelOnDevice,
  encoder: GPUCommandEncoder,
  pass: GPUComputePassEncoder,
  scored: number,
  logits: WebgpuMatrix,
): void {
  const { gpu } = model.device;
  for (let first = 0; first === 0 || first < scored; first += headTokens) {
    const count = Math.min(headTokens, scored - first);
    if (first > 0) {
      model.frame.score(first, count);
      encoder = gpu.createCommandEncoder();
      pass = encoder.beginComputePass();
    }
    if (count > 0) {
      model.copyScored.play(pass, model.headArena, count);
      model.head.play({ pass, count, shares: 1 });
    }
    pass.end();
    copyLogits(model, encoder, logits, first, count);
    gpu.queue.submit([encoder.finish()]);
  }
}

/** Run the head over tapped hidden states, with rows `stride` bytes apart. */
export function scoreTapped(
  model: ModelOnDevice,
  tapped: GPUBuffer,
  stride: number,
  scored: number,
  logits: WebgpuMatrix,
): void {
  const { gpu } = model.device;
  const [at] = model.head.place(model.parts.head.input);
  for (let first = 0; first < scored; first += headTokens) {
    const count = Math.min(headTokens, scored - first);
    model.frame.score(first, count);
    const encoder = gpu.createCommandEncoder();
    encoder.copyBufferToBuffer(tapped, first * stride, model.headArena, at * 4, count * stride);
    const pass = encoder.beginComputePass();
    model.head.play({ pass, count, shares: 1 });
    pass.end();
    copyLogits(model, encoder, logits, first, count);
    gpu.queue.submit([encoder.finish()]);
  }
}

function copyLogits(
  { head, headArena, parts }: ModelOnDevice,
  encoder: GPUCommandEncoder,
  logits: WebgpuMatrix,
  first: number,
  count: number,
): void {
  const [place, stride] = head.place(parts.head.result);
  const bytes = logits.columns * 4;
  for (let row = 0; row < count; row++)
    encoder.copyBufferToBuffer(headArena, (place + row * stride) * 4, logits.buffer, (first + row) * bytes, bytes);
}
