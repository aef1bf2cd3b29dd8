import type { Activation, Architecture, Operations, Weight } from '../engine/operations.ts';
import { type ConfigReader, readConfig, shown } from './shared/config.ts';

/** Settings of a GPT-Neo model. */
export interface GPTNeoConfig {
  readonly vocabSize: number;
  readonly contextLength: number;
  readonly width: number;
  readonly layers: number;
  readonly heads: number;
  readonly intermediateSize: number;
  readonly epsilon: number;
  readonly activation: Activation;
  readonly tied: boolean;
  /** By layer: how many tokens it sees, itself included; undefined for all. */
  readonly windows: readonly (number | undefined)[];
}

interface Norm {
  readonly weight: Weight;
  readonly bias: Weight;
}

interface Linear {
  readonly weight: Weight;
  readonly bias: Weight;
}

interface Layer {
  readonly norm1: Norm;
  readonly queryKeyValue: Weight;
  readonly output: Linear;
  readonly norm2: Norm;
  readonly upProjection: Linear;
  readonly downProjection: Linear;
}

interface GPTNeoWeights {
  readonly tokens: Weight;
  readonly positions: Weight;
  readonly layers: readonly Layer[];
  readonly norm: Norm;
  readonly head: Weight;
}

/**
 * GPT-Neo (Black et al. 2021): GPT-2's form, but layers alternate between the whole text and a window of it, queries, keys
 * and values have no biases, and the dot products no factor.
 */
export const gptNeo: Architecture<GPTNeoConfig, GPTNeoWeights> = {
  name: 'gpt_neo',

  configure(json) {
    const config = readConfig('gpt_neo', json);
    const width = config.integer('hidden_size', 2048);
    const layers = config.layers('num_layers', 24);
    const window = config.integer('window_size', 256);
    return {
      vocabSize: config.integer('vocab_size', 50257),
      contextLength: config.integer('max_position_embeddings', 2048),
      width,
      layers,
      heads: config.divisor('num_heads', width, 16),
      intermediateSize: config.integer('intermediate_size', 4 * width),
      epsilon: config.number('layer_norm_epsilon', 1e-5),
      activation: config.activation('activation_function', 'gelu_new'),
      tied: config.flag('tie_word_embeddings', true),
      windows: localLayers(config, layers).map((local) => (local ? window : undefined)),
    };
  },

  dimensions: ({ vocabSize, contextLength, width, layers, heads }) => ({
    vocabSize,
    contextLength,
    width,
    layers,
    kvHeads: heads,
    headDim: width / heads,
  }),

  parameters(p, { vocabSize, contextLength, width, layers, intermediateSize, tied }, has) {
    const prefix = has('transformer.wte.weight') ? 'transformer.' : '';
    const norm = (name: string): Norm => ({
      weight: p.vector([`${prefix}${name}.weight`], [width]),
      bias: p.vector([`${prefix}${name}.bias`], [width]),
    });
    const linear = (name: string, inputs: number, outputs: number): Linear => ({
      weight: p.matrix([`${prefix}${name}.weight`], { inputs, outputs: [outputs] }),
      bias: p.vector([`${prefix}${name}.bias`], [outputs]),
    });
    const tokens = p.matrix([`${prefix}wte.weight`], { inputs: width, outputs: [vocabSize], use: 'embedding' });
    return {
      tokens,
      positions: p.matrix([`${prefix}wpe.weight`], { inputs: width, outputs: [contextLength], use: 'embedding' }),
      layers: Array.from({ length: layers }, (_, i) => ({
        norm1: norm(`h.${i}.ln_1`),
        queryKeyValue: p.matrix(
          ['q', 'k', 'v'].map((part) => `${prefix}h.${i}.attn.attention.${part}_proj.weight`),
          { inputs: width, outputs: [width, width, width] },
        ),
        output: linear(`h.${i}.attn.attention.out_proj`, width, width),
        norm2: norm(`h.${i}.ln_2`),
        upProjection: linear(`h.${i}.mlp.c_fc`, width, intermediateSize),
        downProjection: linear(`h.${i}.mlp.c_proj`, intermediateSize, width),
      })),
      norm: norm('ln_f'),
      head: tied ? tokens : p.matrix(['lm_head.weight'], { inputs: width, outputs: [vocabSize] }),
    };
  },

  forward<X>(op: Operations<X, Weight>, weights: GPTNeoWeights, config: GPTNeoConfig): X {
    const { width, heads, epsilon, activation, windows } = config;
    const norm = (x: X, { weight, bias }: Norm): X => op.norm(x, { kind: 'layer', weight, bias, epsilon });

    let x = op.embed(weights.tokens, { positions: weights.positions });
    for (const [i, layer] of weights.layers.entries()) {
      op.tap(x, i);
      const [q, k, v] = op.split(op.linear(norm(x, layer.norm1), layer.queryKeyValue), [width, width, width]) as [
        X,
        X,
        X,
      ];
      const window = windows[i];
      const attended = op.attend(q, k, v, {
        layer: i,
        heads,
        kvHeads: heads,
        scale: 1,
        ...(window !== undefined && { window }),
      });
      x = op.linear(attended, layer.output.weight, { bias: layer.output.bias, residual: x });
      const inner = op.linear(norm(x, layer.norm2), layer.upProjection.weight, {
        bias: layer.upProjection.bias,
        activation,
      });
      x = op.linear(inner, layer.downProjection.weight, { bias: layer.downProjection.bias, residual: x });
    }
    const final = norm(x, weights.norm);
    op.tap(final, weights.layers.length);
    return final;
  },

  head: (op, weights, _config, hidden) => op.linear(hidden, weights.head),
};

/** Which layers see a window: `attention_types` lists patterns with their counts, [[["global", "local"], 12]]. */
function localLayers(config: ConfigReader, layers: number): readonly boolean[] {
  const types = config.value('attention_types');
  const wrong = (): never =>
    config.fail('attention_types', `must list "global" and "local" with counts, but is ${shown(types)}`);
  const patterns = types ?? [[['global', 'local'], 12]];
  if (!Array.isArray(patterns)) return wrong();
  const listed = patterns.flatMap((entry: unknown) => {
    const [pattern, count] = Array.isArray(entry) ? (entry as unknown[]) : wrong();
    if (!Array.isArray(pattern) || !Number.isInteger(count) || (count as number) < 0 || (count as number) > layers)
      return wrong();
    return Array.from({ length: count as number }, () => pattern as unknown[]).flat();
  });
  if (listed.some((type) => type !== 'global' && type !== 'local')) wrong();
  if (listed.length !== layers)
    config.fail('attention_types', `must list as many layers as num_layers, ${layers}, but lists ${listed.length}`);
  return listed.map((type) => type === 'local');
}
