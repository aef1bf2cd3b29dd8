import '@tensorflow/tfjs-backend-cpu';
import type { Engine } from '@tokenwright/core';
import { bart, t5 } from '@tokenwright/core/architectures';
import type { WeightSource } from '@tokenwright/core/engine';
import { createModel, createSequenceToSequence } from '@tokenwright/core/model';
import { referenceEngine } from '@tokenwright/core/reference';
import { engineCases, seededWeights, tinyModels } from '@tokenwright/core/testing';
import { describe, expect, it } from 'vitest';
import { weightFormats } from '../graph/weight-format.ts';
import { fusedWasm } from './index.ts';

const bartSizes = {
  vocab_size: 31,
  max_position_embeddings: 32,
  d_model: 24,
  encoder_layers: 1,
  decoder_layers: 1,
  encoder_attention_heads: 3,
  decoder_attention_heads: 3,
  encoder_ffn_dim: 40,
  decoder_ffn_dim: 40,
};
const t5Sizes = {
  vocab_size: 31,
  d_model: 24,
  d_kv: 8,
  d_ff: 40,
  num_layers: 1,
  num_decoder_layers: 1,
  num_heads: 3,
  relative_attention_num_buckets: 8,
  relative_attention_max_distance: 16,
};

describe.each(['f16', '8-bit'] as const)('with an %s cache and float32 weights', (cache) => {
  const judge = () => referenceEngine({ backend: 'cpu' });
  const start = () => fusedWasm({ threads: 1, cache }).start();
  const cases = engineCases(start, { judge, models: [], breakEachTensor: true });
  for (const { name, run } of cases) it(name, run);
});

describe.each([
  ['bart', bart, { activation_function: 'gelu' }],
  ['bart with relu', bart, { activation_function: 'relu' }],
  ['t5', t5, { feed_forward_proj: 'relu', tie_word_embeddings: true }],
  ['gated t5', t5, { feed_forward_proj: 'gated-gelu', tie_word_embeddings: false }],
] as const)('NaN in a weight of %s', (_, architecture, own) => {
  const config = architecture.configure({ ...(architecture === t5 ? t5Sizes : bartSizes), ...own }) as never;
  const good = seededWeights(architecture as never, config);
  const isBroken = async (engine: Engine, source: WeightSource): Promise<boolean> => {
    const translator = await createSequenceToSequence(engine, architecture as never, config, source);
    const model = await translator.encode({ ids: [[2, 1, 3, 4]] });
    const cache = model.createCache();
    model.forward([[2, 1, 3]], cache).dispose();
    const result = model.forward([[4]], cache);
    const logits = await result.logits.read();
    result.dispose();
    cache.dispose();
    model.dispose();
    translator.dispose();
    return logits.some((logit) => Number.isNaN(logit) || logit === Infinity);
  };

  it.each(['f32', 'f16', '8-bit'] as const)('reaches the logits with an %s cache', async (cache) => {
    const judge = await referenceEngine({ backend: 'cpu' });
    const engine = await fusedWasm({ threads: 1, cache }).start();
    let reached = 0;
    for (const name of good.names()) {
      const source: WeightSource = {
        ...good,
        async read(tensor) {
          const values = await good.read(tensor);
          // In an embedding: the row of token 1, and in Bart the position that is counted from 2.
          if (tensor === name)
            values[name.includes('embed_positions') ? 24 * 3 : Math.min(25, values.length - 1)] = NaN;
          return values;
        },
      };
      if (!(await isBroken(judge, source))) continue;
      reached++;
      expect(await isBroken(engine, source), name).toBe(true);
    }
    expect(reached).toBeGreaterThan(good.names().length / 2);
    expect(engine.memory()).toEqual({ bytes: 0, buffers: 0 });
    await engine.dispose();
    await judge.dispose();
  });
});

describe('a weight that a format cannot hold', () => {
  const { architecture, config } = tinyModels[1]!;
  const good = seededWeights(architecture, config);
  const bad = 'layers.1.mlp.down_proj.weight';
  const prepare = async (weights: (typeof weightFormats)[number], value: number): Promise<void> => {
    const engine = await fusedWasm({ threads: 1, weights }).start();
    try {
      const model = await createModel(engine, architecture, config, {
        ...good,
        async read(name) {
          const values = await good.read(name);
          if (name === bad) values[56 * 13 + 5] = value;
          return values;
        },
      });
      model.dispose();
    } finally {
      expect(engine.memory()).toEqual({ bytes: 0, buffers: 0 });
      await engine.dispose();
    }
  };

  it.each(
    weightFormats
      .filter((format) => format !== 'f32')
      .flatMap((format) => [NaN, Infinity, -Infinity].map((value) => [format, value] as const)),
  )('is refused by %s: %d', async (format, value) => {
    await expect(prepare(format, value)).rejects.toThrow(
      `${bad}: the weight of output 13, input 5 is ${value}; weights in the format '${format}' must be finite numbers`,
    );
  });

  it.each([
    ['f16', 65_519, 65_520],
    ['8-bit-blocks', 65_519 * 127, 65_520 * 127],
    ['4-bit-blocks', -65_519 * 8, -65_520 * 8],
    ['8-bit', 3e38, Infinity],
  ] as const)(
    'is refused by %s when its magnitude is too large: %d is not, %d is',
    async (format, largest, tooLarge) => {
      await prepare(format, largest);
      await expect(prepare(format, tooLarge)).rejects.toThrow(/must be/);
    },
  );
});
