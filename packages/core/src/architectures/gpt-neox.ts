import type { Activation, Architecture, Operations, Weight } from '../engine/operations.ts';
import { readConfig } from './shared/config.ts';
import { type RotaryConfig, readRotary, requestRotary } from './shared/rotary.ts';

/** Settings of a GPT-NeoX model. */
export interface GPTNeoXConfig extends RotaryConfig {
  readonly vocabSize: number;
  readonly contextLength: number;
  readonly width: number;
  readonly layers: number;
  readonly heads: number;
  readonly intermediateSize: number;
  readonly epsilon: number;
  readonly activation: Activation;
  readonly tied: boolean;
  readonly attentionBias: boolean;
  /** Attention and feed-forward block read the same input, and their outputs are added to it together. */
  readonly parallel: boolean;
}

interface Norm {
  readonly weight: Weight;
  readonly bias: Weight;
}

interface Linear {
  readonly weight: Weight;
  readonly bias?: Weight;
}

interface Layer {
  readonly norm1: Norm;
  readonly queryKeyValue: Linear;
  readonly output: Linear;
  readonly norm2: Norm;
  readonly upProjection: Linear;
  readonly downProjection: Linear;
}

interface GPTNeoXWeights {
  readonly tokens: Weight;
  readonly rotary: Weight;
  readonly layers: readonly Layer[];
  readonly norm: Norm;
  readonly head: Weight;
}

/**
 * GPT-NeoX (Black et al. 2022) and Pythia (Biderman et al. 2023): a quarter of each head turned by rotary positions,
 * attention and feed-forward in parallel, a head of its own. The checkpoint keeps each head's query, key and value together.
 */
export const gptNeoX: Architecture<GPTNeoXConfig, GPTNeoXWeights> = {
  name: 'gpt_neox',

  configure(json) {
    const config = readConfig('gpt_neox', json);
    const width = config.integer('hidden_size', 6144);
    const heads = config.divisor('num_attention_heads', width, 64);
    return {
      vocabSize: config.integer('vocab_size', 50432),
      width,
      layers: config.layers('num_hidden_layers', 44),
      heads,
      intermediateSize: config.integer('intermediate_size', 24576),
      epsilon: config.number('layer_norm_eps', 1e-5),
      activation: config.activation('hidden_act', 'gelu'),
      ...readRotary(config, {
        headDim: width / heads,
        contextLength: config.integer('max_position_embeddings', 2048),
        share: 0.25,
        baseKey: 'rotary_emb_base',
        shareKey: 'rotary_pct',
      }),
      tied: config.flag('tie_word_embeddings', false),
      attentionBias: config.flag('attention_bias', true),
      parallel: config.flag('use_parallel_residual', true),
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

  parameters(p, config, has) {
    const { vocabSize, contextLength, width, layers, heads, intermediateSize, tied, attentionBias } = config;
    const headDim = width / heads;
    const prefix = has('gpt_neox.embed_in.weight') ? 'gpt_neox.' : '';
    const norm = (name: string): Norm => ({
      weight: p.vector([`${prefix}${name}.weight`], [width]),
      bias: p.vector([`${prefix}${name}.bias`], [width]),
    });
    const linear = (
      name: string,
      inputs: number,
      outputs: number,
      biased = true,
      order?: readonly number[],
    ): Linear => ({
      weight: p.matrix([`${prefix}${name}.weight`], { inputs, outputs: [outputs], ...(order && { order }) }),
      ...(biased && { bias: p.vector([`${prefix}${name}.bias`], [outputs], order && { order }) }),
    });
    // First, so that a width that is not the checkpoint's is refused before lists of it are made.
    const tokens = p.matrix([`${prefix}embed_in.weight`], { inputs: width, outputs: [vocabSize], use: 'embedding' });
    const order = partsOfHeads(heads, headDim);
    return {
      tokens,
      rotary: requestRotary(p, headDim, contextLength, config),
      layers: Array.from({ length: layers }, (_, i) => ({
        norm1: norm(`layers.${i}.input_layernorm`),
        queryKeyValue: linear(`layers.${i}.attention.query_key_value`, width, 3 * width, attentionBias, order),
        output: linear(`layers.${i}.attention.dense`, width, width, attentionBias),
        norm2: norm(`layers.${i}.post_attention_layernorm`),
        upProjection: linear(`layers.${i}.mlp.dense_h_to_4h`, width, intermediateSize),
        downProjection: linear(`layers.${i}.mlp.dense_4h_to_h`, intermediateSize, width),
      })),
      norm: norm('final_layer_norm'),
      head: tied ? tokens : p.matrix(['embed_out.weight'], { inputs: width, outputs: [vocabSize] }),
    };
  },

  forward<X>(op: Operations<X, Weight>, weights: GPTNeoXWeights, config: GPTNeoXConfig): X {
    const { width, heads, epsilon, activation, parallel } = config;
    const headDim = width / heads;
    const { rotated = headDim } = config;
    const norm = (x: X, { weight, bias }: Norm): X => op.norm(x, { kind: 'layer', weight, bias, epsilon });
    const linear = (x: X, { weight, ...bias }: Linear, more: { residual?: X; activation?: Activation } = {}): X =>
      op.linear(x, weight, { ...bias, ...more });
    const rotate = (x: X): X => op.rotary(x, { headDim, rotated, table: weights.rotary, style: 'neox' });

    let x = op.embed(weights.tokens);
    for (const [i, layer] of weights.layers.entries()) {
      op.tap(x, i);
      const [q, k, v] = op.split(linear(norm(x, layer.norm1), layer.queryKeyValue), [width, width, width]) as [X, X, X];
      const attended = op.attend(rotate(q), rotate(k), v, { layer: i, heads, kvHeads: heads });
      const sum = linear(attended, layer.output, { residual: x });
      const inner = linear(norm(parallel ? x : sum, layer.norm2), layer.upProjection, { activation });
      x = linear(inner, layer.downProjection, { residual: sum });
    }
    const final = norm(x, weights.norm);
    op.tap(final, weights.layers.length);
    return final;
  },

  head: (op, weights, _config, hidden) => op.linear(hidden, weights.head),
};

/** The rows of queries, keys and values of all heads, in this order, within [heads, 3, headDim]. */
function partsOfHeads(heads: number, headDim: number): readonly number[] {
  const width = heads * headDim;
  return Array.from({ length: 3 * width }, (_, output) => {
    const part = Math.floor(output / width);
    const head = Math.floor((output % width) / headDim);
    return (head * 3 + part) * headDim + (output % headDim);
  });
}
