import '@tensorflow/tfjs-backend-cpu';
import type { Engine } from '@tokenwright/core';
import { t5 } from '@tokenwright/core/architectures';
import type { EncoderDecoderArchitecture } from '@tokenwright/core/engine';
import { createSequenceToSequence } from '@tokenwright/core/model';
import { referenceEngine } from '@tokenwright/core/reference';
import { seededWeights } from '@tokenwright/core/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { errorOf, feed, load, text } from '../../wasm/testing/logits.ts';
import { type TinyModel, tinyGPT2, tinyLlama } from '../../wasm/testing/tiny-models.ts';
import { hasWebgpu, startWebgpu } from '../testing/start.ts';

/** The architectures with the most special cases. More families, and every kind of frame: logits.full.test.ts. */
const here = await hasWebgpu();

describe.skipIf(!here)('the logits of the reference engine', () => {
  let engines: Engine[];
  beforeAll(async () => {
    engines = [await startWebgpu(), await referenceEngine({ backend: 'cpu' })];
  });
  afterAll(async () => {
    expect(engines[0]!.memory()).toEqual({ bytes: 0, buffers: 0 });
    for (const engine of engines) await engine.dispose();
  });

  it.each([
    [
      'GPT-2',
      'many tokens',
      [text(7), text(2, 60, 9)],
      tinyGPT2({ layers: 1, width: 24, heads: 3, intermediateSize: 24 }),
    ],
    [
      'Llama',
      'single tokens',
      [text(1), []],
      tinyLlama({ layers: 1, width: 40, heads: 6, kvHeads: 3, headDim: 10, intermediateSize: 53 }),
    ],
  ])('%s: %s in two ragged rows', async (_name, _many, tokens, tiny) => {
    const [received, expected] = await Promise.all(
      engines.map(async (engine) => {
        const model = await load(engine, tiny as TinyModel);
        const cache = model.createCache({ rows: 2 });
        const logits = [...(await feed(model, cache, tokens)), ...(await feed(model, cache, tokens))];
        cache.dispose();
        model.dispose();
        return logits;
      }),
    );
    expect(received).toHaveLength(2 * tokens.flat().length);
    expect(errorOf(received!, expected!)).toBeLessThan(1e-4);
  });

  it('T5: a source and a text longer than the reach of its distances', async () => {
    const config = t5.configure({
      is_encoder_decoder: true,
      vocab_size: 64,
      n_positions: 32,
      d_model: 24,
      d_kv: 8,
      d_ff: 24,
      num_layers: 1,
      num_heads: 3,
      relative_attention_num_buckets: 8,
      relative_attention_max_distance: 10,
    });
    const architecture = t5 as EncoderDecoderArchitecture<typeof config, unknown>;
    const [received, expected] = await Promise.all(
      engines.map(async (engine) => {
        const model = await createSequenceToSequence(engine, architecture, config, seededWeights(architecture, config));
        const bound = await model.encode({ ids: [text(40)] });
        const cache = bound.createCache();
        const logits = await feed(bound, cache, [text(24)]);
        cache.dispose();
        bound.dispose();
        model.dispose();
        return logits;
      }),
    );
    expect(received).toHaveLength(24);
    expect(errorOf(received!, expected!)).toBeLessThan(1e-4);
  });
});
