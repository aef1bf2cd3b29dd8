import { gpt2 } from '@tokenwright/core/architectures';
import { requestWeights } from '@tokenwright/core/engine';
import { seededWeights } from '@tokenwright/core/testing';
import { describe, expect, it } from 'vitest';
import { sharesOfLimit } from '../harness/limit-rows.ts';
import { bytesPerToken, cacheBytes, gpt2Small, llama1B, promptOf, type Shape, tiny, weightBytes } from './shapes.ts';

/** Bytes of all weights of a checkpoint in float32. */
function checkpointBytes(shape: Shape): number {
  const source = seededWeights(gpt2, gpt2.configure(shape.config));
  return source.names().reduce((sum, name) => sum + source.bytes(name), 0);
}

describe.each([gpt2Small, tiny])('$name', (shape) => {
  it('has the size that its checkpoint has', () => {
    expect(weightBytes(shape, 'f32')).toBe(checkpointBytes(shape));
    const config = gpt2.configure(shape.config);
    expect(() => requestWeights(gpt2, config, seededWeights(gpt2, config))).not.toThrow();
  });

  it('reads all matrices but the positions for a token', () => {
    const { width, layers, contextLength } = shape;
    const vectors = layers * 13 * width + 2 * width;
    expect(bytesPerToken(shape, 'f32')).toBe(weightBytes(shape, 'f32') - (contextLength * width + vectors) * 4);
    expect(bytesPerToken(shape, 'f32')).toBe(4 * bytesPerToken(shape, '8-bit'));
    expect(bytesPerToken(shape, '8-bit-blocks')).toBe((bytesPerToken(shape, '8-bit') * 8.5) / 8);
    expect(() => bytesPerToken(shape, '3-bit')).toThrow(/3-bit/);
  });

  it('has prompts of ids that it knows, another for each row', () => {
    expect(promptOf(shape, 1000).every((id) => id >= 0 && id < shape.vocabSize)).toBe(true);
    expect(promptOf(shape, 8, 1)).not.toEqual(promptOf(shape, 8));
    expect(promptOf(shape, 8)).toEqual(promptOf(shape, 16).slice(0, 8));
  });
});

it('counts the matrices of a Llama, each of which a token reads once, and its table not at all', () => {
  const source = seededWeights(llama1B.architecture, llama1B.architecture.configure(llama1B.config));
  const matrices = source.names().filter((name) => source.shape(name)!.length === 2 && !name.includes('embed_tokens'));
  const weights = matrices.reduce((sum, name) => sum + source.bytes(name) / 4, 0);
  expect(llama1B.matrixWeights).toBe(weights);
  expect(bytesPerToken(llama1B, '8-bit')).toBe(weights);
  expect(weights).toBeGreaterThan(1e9);
});

it('knows what a cache takes', () => {
  expect(cacheBytes(gpt2Small, 1000)).toBe(1000 * 12 * 2 * 768 * 4);
});

it('takes a share of the limit round by round', () => {
  const bytes = bytesPerToken(tiny, 'f32');
  // A step of 2 ms reads the weights 500 times per second.
  expect(sharesOfLimit(tiny, 'f32', [2, 4], [bytes * 1000, bytes * 500])).toEqual([0.5, 0.5]);
});
