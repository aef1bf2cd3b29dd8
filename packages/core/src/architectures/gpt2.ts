import type { Architecture, Operations, Weight } from '../engine/operations.ts';
import { readConfig } from './shared/config.ts';

/** Settings of a GPT-2 model. */
export interface GPT2Config {
  readonly vocabSize: number;
  readonly contextLength: number;
  readonly width: number;
  readonly layers: number;
  readonly heads: number;
  readonly intermediateSize: number;
  readonly epsilon: number;
  readonly activation: 'gelu-tanh' | 'gelu' | 'relu' | 'silu';
  readonly tied: boolean;
}

interface Layer {
  readonly norm1: Norm;
  readonly queryKeyValue: Linear;
  readonly output: Linear;
  readonly norm2: Norm;
  readonly upProjection: Linear;
  readonly downProjection: Linear;
}

interface Norm {
  readonly weight: Weight;
  readonly bias: Weight;
}

interface Linear {
  readonly weight: Weight;
  readonly bias: Weight;
}

interface GPT2Weights {
  readonly tokens: Weight;
  readonly positions: Weight;
  readonly layers: readonly Layer[];
  readonly norm: Norm;
  readonly head: Weight;
}

/** GPT-2 (Radford et al. 2019): learned positions, pre-norm blocks, head tied to the token table. */
export const gpt2: Architecture<GPT2Config, GPT2Weights> = {
  name: 'gpt2',

  configure(json) {
    const config = readConfig('gpt2', json);
    config.mustBe('scale_attn_weights', true);
    config.mustBe('scale_attn_by_inverse_layer_idx', false);
    config.mustBe('reorder_and_upcast_attn', false, true);
    config.mustBe('add_cross_attention', false);
    const width = config.integer('n_embd', 768);
    return {
      vocabSize: config.integer('vocab_size', 50257),
      contextLength: config.integer('n_positions', 1024),
      width,
      layers: config.layers('n_layer', 12),
      heads: config.divisor('n_head', width, 12),
      intermediateSize: config.integer('n_inner', 4 * width),
      epsilon: config.number('layer_norm_epsilon', 1e-5),
      activation: config.activation('activation_function', 'gelu_new'),
      tied: config.flag('tie_word_embeddings', true),
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
    const linear = (name: string, inputs: number, outputs: readonly number[]): Linear => ({
      weight: p.matrix([`${prefix}${name}.weight`], { inputs, outputs, layout: 'input-output' }),
      bias: p.vector([`${prefix}${name}.bias`], outputs),
    });
    const tokens = p.matrix([`${prefix}wte.weight`], { inputs: width, outputs: [vocabSize], use: 'embedding' });
    return {
      tokens,
      positions: p.matrix([`${prefix}wpe.weight`], { inputs: width, outputs: [contextLength], use: 'embedding' }),
      layers: Array.from({ length: layers }, (_, i) => ({
        norm1: norm(`h.${i}.ln_1`),
        queryKeyValue: linear(`h.${i}.attn.c_attn`, width, [width, width, width]),
        output: linear(`h.${i}.attn.c_proj`, width, [width]),
        norm2: norm(`h.${i}.ln_2`),
        upProjection: linear(`h.${i}.mlp.c_fc`, width, [intermediateSize]),
        downProjection: linear(`h.${i}.mlp.c_proj`, intermediateSize, [width]),
      })),
      norm: norm('ln_f'),
      head: tied ? tokens : p.matrix(['lm_head.weight'], { inputs: width, outputs: [vocabSize] }),
    };
  },

  forward<X>(op: Operations<X, Weight>, weights: GPT2Weights, config: GPT2Config): X {
    const { width, heads, epsilon, activation } = config;
    const norm = (x: X, { weight, bias }: Norm): X => op.norm(x, { kind: 'layer', weight, bias, epsilon });

    let x = op.embed(weights.tokens, { positions: weights.positions });
    for (const [i, layer] of weights.layers.entries()) {
      op.tap(x, i);
      const [q, k, v] = op.split(
        op.linear(norm(x, layer.norm1), layer.queryKeyValue.weight, { bias: layer.queryKeyValue.bias }),
        [width, width, width],
      ) as [X, X, X];
      const attended = op.attend(q, k, v, { layer: i, heads, kvHeads: heads });
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
