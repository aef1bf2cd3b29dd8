import type { Activation, Architecture, Operations, Weight } from '../operations.ts';
import { readConfig, rotaryTable } from './config.ts';

export interface LlamaConfig {
  readonly vocabSize: number;
  readonly contextLength: number;
  readonly width: number;
  readonly layers: number;
  readonly heads: number;
  readonly kvHeads: number;
  readonly headDim: number;
  readonly hidden: number;
  readonly epsilon: number;
  readonly activation: Activation;
  readonly rotaryBase: number;
  readonly tied: boolean;
  readonly attentionBias: boolean;
}

interface Layer {
  readonly norm1: Weight;
  readonly queryKeyValue: Weight;
  readonly queryKeyValueBias: Weight | undefined;
  readonly output: Weight;
  readonly outputBias: Weight | undefined;
  readonly norm2: Weight;
  readonly gateUp: Weight;
  readonly down: Weight;
}

interface LlamaWeights {
  readonly tokens: Weight;
  readonly rotary: Weight;
  readonly layers: readonly Layer[];
  readonly norm: Weight;
  readonly head: Weight;
}

/** Llama (Touvron et al. 2023): RMS norms, rotary positions, grouped-query attention, gated feed-forward. */
export const llama: Architecture<LlamaConfig, LlamaWeights> = {
  name: 'llama',

  configure(json) {
    const config = readConfig('llama', json);
    config.mustBe('pretraining_tp', 1);
    config.mustBe('rope_scaling', undefined);
    config.mustBe('mlp_bias', false);
    const width = config.integer('hidden_size', 4096);
    const heads = config.integer('num_attention_heads', 32);
    if (config.value('head_dim') === undefined) config.divisor('num_attention_heads', width, 32);
    const rope = config.value('rope_parameters') as { rope_type?: unknown; rope_theta?: unknown } | undefined;
    if (rope?.rope_type !== undefined && rope.rope_type !== 'default')
      config.fail(
        'rope_parameters',
        `rope_type ${JSON.stringify(rope.rope_type)} is not supported; supported: "default"`,
      );
    return {
      vocabSize: config.integer('vocab_size', 32000),
      contextLength: config.integer('max_position_embeddings', 2048),
      width,
      layers: config.integer('num_hidden_layers', 32),
      heads,
      kvHeads: config.divisor('num_key_value_heads', heads, heads),
      headDim: config.integer('head_dim', width / heads),
      hidden: config.integer('intermediate_size', 11008),
      epsilon: config.number('rms_norm_eps', 1e-6),
      activation: config.activation('hidden_act', 'silu'),
      rotaryBase: typeof rope?.rope_theta === 'number' ? rope.rope_theta : config.number('rope_theta', 10000),
      tied: config.flag('tie_word_embeddings', false),
      attentionBias: config.flag('attention_bias', false),
    };
  },

  dimensions: ({ vocabSize, contextLength, width, layers, kvHeads, headDim }) => ({
    vocabSize,
    contextLength,
    width,
    layers,
    kvHeads,
    headDim,
  }),

  parameters(p, config, has) {
    const { vocabSize, contextLength, width, layers, heads, kvHeads, headDim, hidden, attentionBias, tied } = config;
    const prefix = has('model.embed_tokens.weight') ? 'model.' : '';
    const projections = [heads * headDim, kvHeads * headDim, kvHeads * headDim];
    const tokens = p.matrix([`${prefix}embed_tokens.weight`], {
      inputs: width,
      outputs: [vocabSize],
      use: 'embedding',
    });
    return {
      tokens,
      rotary: p.table(
        () => rotaryTable(contextLength, rotaryFrequencies(headDim, config.rotaryBase)),
        contextLength,
        headDim,
      ),
      layers: Array.from({ length: layers }, (_, i) => {
        const name = (part: string): string => `${prefix}layers.${i}.${part}`;
        const queryKeyValue = ['q', 'k', 'v'].map((part) => name(`self_attn.${part}_proj`));
        return {
          norm1: p.vector([name('input_layernorm.weight')], [width]),
          queryKeyValue: p.matrix(
            queryKeyValue.map((part) => `${part}.weight`),
            { inputs: width, outputs: projections },
          ),
          queryKeyValueBias: attentionBias
            ? p.vector(
                queryKeyValue.map((part) => `${part}.bias`),
                projections,
              )
            : undefined,
          output: p.matrix([name('self_attn.o_proj.weight')], { inputs: heads * headDim, outputs: [width] }),
          outputBias: attentionBias ? p.vector([name('self_attn.o_proj.bias')], [width]) : undefined,
          norm2: p.vector([name('post_attention_layernorm.weight')], [width]),
          gateUp: p.matrix([name('mlp.gate_proj.weight'), name('mlp.up_proj.weight')], {
            inputs: width,
            outputs: [hidden, hidden],
            use: 'pairs',
          }),
          down: p.matrix([name('mlp.down_proj.weight')], { inputs: hidden, outputs: [width] }),
        };
      }),
      norm: p.vector([`${prefix}norm.weight`], [width]),
      head: tied ? tokens : p.matrix(['lm_head.weight'], { inputs: width, outputs: [vocabSize] }),
    };
  },

  forward<X>(op: Operations<X, Weight>, weights: LlamaWeights, config: LlamaConfig): X {
    const { heads, kvHeads, headDim, epsilon, activation } = config;
    const norm = (x: X, gain: Weight): X => op.norm(x, { kind: 'rms', gain, epsilon });
    const rotate = (x: X): X => op.rotary(x, { headDim, table: weights.rotary, style: 'halves' });

    let x = op.embed(weights.tokens);
    for (const [i, layer] of weights.layers.entries()) {
      op.tap(x, i);
      const [q, k, v] = op.split(
        op.linear(norm(x, layer.norm1), layer.queryKeyValue, biasOf(layer.queryKeyValueBias)),
        [heads * headDim, kvHeads * headDim, kvHeads * headDim],
      ) as [X, X, X];
      const attended = op.attend(rotate(q), rotate(k), v, { layer: i, heads, kvHeads });
      x = op.linear(attended, layer.output, { ...biasOf(layer.outputBias), residual: x });
      const inner = op.gated(norm(x, layer.norm2), layer.gateUp, activation);
      x = op.linear(inner, layer.down, { residual: x });
    }
    const final = norm(x, weights.norm);
    op.tap(final, weights.layers.length);
    return final;
  },

  head: (op, weights, _config, hidden) => op.linear(hidden, weights.head),
};

function biasOf(bias: Weight | undefined): { bias?: Weight } {
  return bias === undefined ? {} : { bias };
}

/** base^(-2i / headDim) for i = 0 .. headDim / 2 - 1. */
function rotaryFrequencies(headDim: number, base: number): Float32Array {
  return Float32Array.from({ length: headDim / 2 }, (_, i) => base ** ((-2 * i) / headDim));
}
