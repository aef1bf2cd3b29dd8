import { ContextLengthError, type Engine, type LanguageModel } from '@tokenwright/core';
import type { WeightSource } from '@tokenwright/core/engine';
import { referenceEngine } from '@tokenwright/core/reference';
import { largest } from '@tokenwright/core/sampling';
import { mappedWeights } from '@tokenwright/core/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fusedWasm, type WeightFormat } from '../index.ts';
import { errorOf, feed, greedyTokens, load, logitsOf, text } from './logits.ts';
import { roundTrip } from './plain-formats.ts';
import type { TinyModel } from './tiny-models.ts';

/**
 * Tolerance of a logit against the reference engine with the same rounded weights, as a share of the largest logit.
 * Activations are float32 with float weights, 14 or 16 bits with integer weights.
 */
export const tolerances: Readonly<Record<WeightFormat, number>> = {
  f32: 1e-4,
  f16: 1e-4,
  '8-bit': 0.002,
  '8-bit-blocks': 0.002,
  '4-bit-blocks': 0.002,
};

/** A checkpoint with the weights as the engine stores them in a format. */
export function rounded(
  { architecture, config, source }: Pick<TinyModel, 'architecture' | 'config' | 'source'>,
  format: WeightFormat,
): WeightSource {
  return mappedWeights(architecture, config, source, (rows, inputs) => roundTrip(format, rows, inputs));
}

/**
 * Logits are close to the expected ones, and the most likely token is the same wherever its lead is larger than the
 * tolerance allows to change.
 */
export function expectFaithful(
  received: readonly Float32Array[],
  expected: readonly Float32Array[],
  tolerance: number,
): void {
  expect(received).toHaveLength(expected.length);
  expect(errorOf(received, expected)).toBeLessThan(tolerance);
  const most = expected.reduce((top, row) => row.reduce((a, value) => Math.max(a, Math.abs(value)), top), 0);
  for (const [i, row] of expected.entries()) {
    const { id, logit } = largest(row);
    const next = row.reduce((best, value, other) => (other === id ? best : Math.max(best, value)), -Infinity);
    if (logit - next > 2 * tolerance * most) expect(largest(received[i]!).id, `row ${i}`).toBe(id);
  }
}

/**
 * The laws of the fused engine in every weight format: the reference engine's logits within the tolerance of the
 * format, and the same bits however the tokens are fed. For a model with a context of 256.
 */
export function describeLaws(tiny: TinyModel, weights: WeightFormat, relaxed?: boolean): void {
  describe(`${tiny.name} with ${weights} weights${relaxed === undefined ? '' : `, relaxed SIMD ${relaxed}`}`, () => {
    const prompt = text(70);
    let reference: Engine;
    let expected: LanguageModel;
    let engine: Engine;
    let model: LanguageModel;
    let baseline: number;

    beforeAll(async () => {
      reference = await referenceEngine({ backend: 'cpu' });
      engine = await fusedWasm({ threads: 1, weights, ...(relaxed !== undefined && { relaxed }) }).start();
      expected = await load(reference, { ...tiny, source: rounded(tiny, weights) });
      model = await load(engine, tiny);
      baseline = engine.memory().bytes;
    });
    afterAll(async () => {
      expected.dispose();
      await reference.dispose();
      model.dispose();
      expect(engine.memory()).toEqual({ bytes: 0, buffers: 0 });
      await engine.dispose();
    });

    it('gives the logits of the reference engine', async () => {
      expectFaithful(await logitsOf(model, prompt), await logitsOf(expected, prompt), tolerances[weights]);
    });

    // With integer activations, a choice between near-ties may differ.
    if (tolerances[weights] === tolerances.f32)
      it('generates the tokens of the reference engine', async () => {
        const start = prompt.slice(0, 5);
        expect(await greedyTokens(model, start, 40)).toEqual(await greedyTokens(expected, start, 40));
      });

    it('gives the same bits for a whole text, in parts, and token by token', async () => {
      const whole = await logitsOf(model, prompt);
      expect(await logitsOf(model, prompt, 1)).toEqual(whole);
      expect(await logitsOf(model, prompt, 33)).toEqual(whole);
    });

    it('gives the same bits for a row alone and in a ragged batch', async () => {
      const rows = [text(66), text(3, 60, 9), text(20, 60, 1)];
      const cache = model.createCache({ rows: 3 });
      const together = await feed(model, cache, rows);
      const more = await feed(model, cache, [[4], [], [8, 9]]);
      cache.dispose();
      const alone: Float32Array[][] = [];
      for (const row of rows) alone.push(await logitsOf(model, row));
      expect(together).toEqual(alone.flat());
      expect(more[0]).toEqual((await logitsOf(model, [...rows[0]!, 4])).at(-1));
      expect(more.slice(1)).toEqual((await logitsOf(model, [...rows[2]!, 8, 9])).slice(-2));
    });

    it('gives the same bits after gather, truncate and fork', async () => {
      const cache = model.createCache({ rows: 2 });
      const [first, second] = [text(70), text(64, 60, 11)];
      await feed(model, cache, [first, second]);
      const fork = cache.fork();
      cache.gather([1, 0, 1]);
      const gathered = await feed(model, cache, [[7], [8], [9]]);
      const after = async (row: readonly number[]): Promise<Float32Array> => (await logitsOf(model, row)).at(-1)!;
      expect(gathered).toEqual([await after([...second, 7]), await after([...first, 8]), await after([...second, 9])]);
      cache.truncate([65, 10, 0]);
      const truncated = await feed(model, cache, [[1], [2], [3]]);
      expect(truncated).toEqual([
        await after([...second, 7, 1]),
        await after([...first.slice(0, 10), 2]),
        await after([3]),
      ]);
      const forked = await feed(model, fork, [[5], [6]]);
      expect(forked).toEqual([await after([...first, 5]), await after([...second, 6])]);
      cache.dispose();
      fork.dispose();
    });

    it('restores a cache from its bytes', async () => {
      const cache = model.createCache({ rows: 2 });
      await feed(model, cache, [prompt, text(5)]);
      const restored = model.restoreCache(await cache.serialize());
      expect(await feed(model, restored, [[1], [2]])).toEqual(await feed(model, cache, [[1], [2]]));
      cache.dispose();
      restored.dispose();
    });

    it('gives hidden states and the logits of layers', async () => {
      const all = async (on: LanguageModel): Promise<Float32Array[]> => {
        const cache = on.createCache({ rows: 2 });
        const options = { scored: 2, hidden: true, earlyExits: [0, 2, 3] };
        const result = on.forward([prompt, text(4)], cache, options);
        const matrices = [result.logits, result.hidden!, ...[0, 2, 3].map((layer) => result.earlyExits!.get(layer)!)];
        const values = await Promise.all(matrices.map((matrix) => matrix.read()));
        result.dispose();
        cache.dispose();
        return values;
      };
      const received = await all(model);
      for (const [i, values] of (await all(expected)).entries())
        expect(errorOf([received[i]!], [values]), `matrix ${i}`).toBeLessThan(tolerances[weights]);
    });

    it('fills the context with the same bits as step by step, and rejects one more token', async () => {
      const long = text(model.contextLength);
      const [chunks, steps] = [model.createCache(), model.createCache()];
      for (const part of [long.slice(0, 200), long.slice(200, -1)])
        model.forward([part], chunks, { scored: 0 }).dispose();
      for (const id of long.slice(0, -1)) model.forward([[id]], steps, { scored: 0 }).dispose();
      expect(await feed(model, chunks, [long.slice(-1)])).toEqual(await feed(model, steps, [long.slice(-1)]));
      expect(chunks.lengths).toEqual([256]);
      expect(() => model.forward([[1]], chunks)).toThrow(ContextLengthError);
      expect(chunks.lengths).toEqual([256]);
      chunks.truncate([255]);
      expect(await feed(model, chunks, [[9]])).toHaveLength(1);
      chunks.dispose();
      steps.dispose();
    });

    it('releases the memory of its caches and results', async () => {
      const cache = model.createCache({ rows: 3 });
      await feed(model, cache, [prompt, prompt, text(3)]);
      expect(engine.memory().bytes).toBeGreaterThan(baseline);
      cache.dispose();
      expect(engine.memory().bytes).toBe(baseline);
    });
  });
}
