import type { Activation, Architecture, Operations, Weight } from '../engine/operations.ts';
import { readConfig } from './shared/config.ts';

/** Settings of an OPT model. */
export interface OPTConfig {
  readonly vocabSize: number;
  readonly contextLength: number;
  readonly width: number;
  /** Width of the token table; projections lead from it to `width` and back where the two differ. */
  readonly tokenWidth: number;
  readonly layers: number;
  readonly heads: number;
  readonly intermediateSize: number;
  readonly activation: Activation;
  readonly tied: boolean;
  readonly biased: boolean;
  /** True for norms before each block, false for norms after it. */
  readonly normFirst: boolean;
  /** A norm follows the last layer. */
  readonly finalNorm: boolean;
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

interface OPTWeights {
  readonly tokens: Weight;
  readonly positions: Weight;
  /** From the token table's width to the model's, and back. */
  readonly projectIn: Weight | undefined;
  readonly projectOut: Weight | undefined;
  readonly layers: readonly Layer[];
  readonly norm: Norm | undefined;
  readonly head: Weight;
}

/** Unused rows in front of the position table. */
const positionOffset = 2;

/** torch's LayerNorm default, which no configuration changes. */
const epsilon = 1e-5;

/** OPT (Zhang et al. 2022): GPT-2's form with ReLU. The 350M model has norms after its blocks and a narrower token table. */
export const opt: Architecture<OPTConfig, OPTWeights> = {
  name: 'opt',

  configure(json) {
    const config = readConfig('opt', json);
    config.mustBe('layer_norm_elementwise_affine', true);
    const width = config.integer('hidden_size', 768);
    const normFirst = config.flag('do_layer_norm_before', true);
    return {
      vocabSize: config.integer('vocab_size', 50272),
      contextLength: config.integer('max_position_embeddings', 2048),
      width,
      tokenWidth: config.integer('word_embed_proj_dim', width),
      layers: config.layers('num_hidden_layers', 12),
      heads: config.divisor('num_attention_heads', width, 12),
      intermediateSize: config.integer('ffn_dim', 3072),
      activation: config.activation('activation_function', 'relu'),
      tied: config.flag('tie_word_embeddings', true),
      biased: config.flag('enable_bias', true),
      normFirst,
      finalNorm: normFirst && !config.flag('_remove_final_layer_norm', false),
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
    const { vocabSize, contextLength, width, tokenWidth, layers, intermediateSize, tied, biased, finalNorm } = config;
    const prefix = has('model.decoder.embed_tokens.weight') ? 'model.decoder.' : 'decoder.';
    const projects = tokenWidth !== width;
    const norm = (name: string): Norm => ({
      weight: p.vector([`${prefix}${name}.weight`], [width]),
      bias: p.vector([`${prefix}${name}.bias`], [width]),
    });
    const linear = (names: readonly string[], inputs: number, outputs: readonly number[]): Linear => ({
      weight: p.matrix(
        names.map((name) => `${prefix}${name}.weight`),
        { inputs, outputs },
      ),
      ...(biased && {
        bias: p.vector(
          names.map((name) => `${prefix}${name}.bias`),
          outputs,
        ),
      }),
    });
    const tokens = p.matrix([`${prefix}embed_tokens.weight`], {
      inputs: tokenWidth,
      outputs: [vocabSize],
      use: 'embedding',
    });
    return {
      tokens,
      positions: p.matrix([`${prefix}embed_positions.weight`], {
        inputs: width,
        outputs: [contextLength + positionOffset],
        use: 'embedding',
      }),
      projectIn: projects
        ? p.matrix([`${prefix}project_in.weight`], { inputs: tokenWidth, outputs: [width] })
        : undefined,
      projectOut: projects
        ? p.matrix([`${prefix}project_out.weight`], { inputs: width, outputs: [tokenWidth] })
        : undefined,
      layers: Array.from({ length: layers }, (_, i) => ({
        norm1: norm(`layers.${i}.self_attn_layer_norm`),
        queryKeyValue: linear(
          ['q', 'k', 'v'].map((part) => `layers.${i}.self_attn.${part}_proj`),
          width,
          [width, width, width],
        ),
        output: linear([`layers.${i}.self_attn.out_proj`], width, [width]),
        norm2: norm(`layers.${i}.final_layer_norm`),
        upProjection: linear([`layers.${i}.fc1`], width, [intermediateSize]),
        downProjection: linear([`layers.${i}.fc2`], intermediateSize, [width]),
      })),
      norm: finalNorm ? norm('final_layer_norm') : undefined,
      head: tied ? tokens : p.matrix(['lm_head.weight'], { inputs: tokenWidth, outputs: [vocabSize] }),
    };
  },

  forward<X>(op: Operations<X, Weight>, weights: OPTWeights, config: OPTConfig): X {
    const { width, heads, activation, normFirst } = config;
    const norm = (x: X, { weight, bias }: Norm): X => op.norm(x, { kind: 'layer', weight, bias, epsilon });
    const linear = (x: X, { weight, ...bias }: Linear, more: { residual?: X; activation?: Activation } = {}): X =>
      op.linear(x, weight, { ...bias, ...more });

    let x = embedded(op, weights);
    for (const [i, layer] of weights.layers.entries()) {
      op.tap(x, i);
      const input = normFirst ? norm(x, layer.norm1) : x;
      const [q, k, v] = op.split(linear(input, layer.queryKeyValue), [width, width, width]) as [X, X, X];
      const attended = op.attend(q, k, v, { layer: i, heads, kvHeads: heads });
      x = linear(attended, layer.output, { residual: x });
      if (!normFirst) x = norm(x, layer.norm1);
      const inner = linear(normFirst ? norm(x, layer.norm2) : x, layer.upProjection, { activation });
      x = linear(inner, layer.downProjection, { residual: x });
      if (!normFirst) x = norm(x, layer.norm2);
    }
    const final = weights.norm === undefined ? x : norm(x, weights.norm);
    op.tap(final, weights.layers.length);
    return final;
  },

  head: (op, weights, _config, hidden) =>
    op.linear(weights.projectOut === undefined ? hidden : op.linear(hidden, weights.projectOut), weights.head),
};

function embedded<X>(op: Operations<X, Weight>, { tokens, positions, projectIn }: OPTWeights): X {
  if (projectIn === undefined) return op.embed(tokens, { positions, positionOffset });
  return op.linear(op.embed(tokens), projectIn, { residual: op.positions(positions, positionOffset) });
}
