import type {
  Activation,
  EncoderDecoderArchitecture,
  Operations,
  Parameters,
  RelativeBias,
  Weight,
} from '../engine/operations.ts';
import { type ConfigReader, readConfig } from './shared/config.ts';

/** Settings of a T5 model. */
export interface T5Config {
  readonly vocabSize: number;
  readonly contextLength: number;
  readonly width: number;
  readonly encoderLayers: number;
  readonly decoderLayers: number;
  readonly heads: number;
  readonly headDim: number;
  readonly intermediateSize: number;
  /** Two inner projections, one gating the other (version 1.1), or one. */
  readonly gated: boolean;
  readonly activation: Activation;
  readonly epsilon: number;
  readonly buckets: number;
  readonly maxDistance: number;
  readonly tied: boolean;
  /** Hidden states are multiplied by width^-0.5 before the head. */
  readonly scaledHead: boolean;
}

interface EncoderLayer {
  readonly norm1: Weight;
  readonly queryKeyValue: Weight;
  readonly output: Weight;
  readonly norm2: Weight;
  /** Gate and up as pairs when gated. */
  readonly expand: Weight;
  readonly contract: Weight;
}

interface DecoderLayer extends EncoderLayer {
  readonly crossNorm: Weight;
  readonly crossQuery: Weight;
  /** Keys and values of the source, from the encoder's output. */
  readonly crossKeyValue: Weight;
  readonly crossOutput: Weight;
}

interface Stack<Layer> {
  readonly layers: readonly Layer[];
  /** Relative position table, [buckets, heads], of all layers. */
  readonly distances: Weight;
  readonly norm: Weight;
}

interface T5Weights {
  /** Rows for the tokens of both sides. */
  readonly tokens: Weight;
  readonly encoder: Stack<EncoderLayer>;
  readonly decoder: Stack<DecoderLayer>;
  readonly head: Weight;
}

/**
 * T5 (Raffel et al. 2020) and T5 1.1: relative positions by learned buckets, RMS norms before each block, no biases, no
 * factor on the dot products.
 */
export const t5: EncoderDecoderArchitecture<T5Config, T5Weights> = {
  name: 't5',

  configure(json) {
    const config = readConfig('t5', json);
    config.mustBe('is_encoder_decoder', true);
    const layers = config.layers('num_layers', 6);
    const tied = config.flag('tie_word_embeddings', true);
    return {
      vocabSize: config.integer('vocab_size', 32128),
      // Relative positions have no end; this is what the model was trained on.
      contextLength: config.integer('n_positions', 512),
      width: config.integer('d_model', 512),
      encoderLayers: layers,
      decoderLayers: config.layers('num_decoder_layers', layers),
      heads: config.integer('num_heads', 8),
      headDim: config.integer('d_kv', 64),
      intermediateSize: config.integer('d_ff', 2048),
      ...feedForwardOf(config),
      epsilon: config.number('layer_norm_epsilon', 1e-6),
      ...bucketsOf(config),
      tied,
      // A key of its own since Hugging Face 5; before, only tied models had the factor.
      scaledHead: config.flag('scale_decoder_outputs', tied),
    };
  },

  dimensions: ({ vocabSize, contextLength, width, decoderLayers, heads, headDim }) => ({
    vocabSize,
    contextLength,
    width,
    layers: decoderLayers,
    kvHeads: heads,
    headDim,
  }),

  sourceLength: () => Infinity,

  parameters(p, config, has) {
    const { vocabSize, width, encoderLayers, decoderLayers, tied, scaledHead } = config;
    // One table under three names, of which a checkpoint may keep any.
    const shared = ['shared.weight', 'encoder.embed_tokens.weight', 'decoder.embed_tokens.weight'];
    const tokens = p.matrix([shared.find(has) ?? shared[0]!], {
      inputs: width,
      outputs: [vocabSize],
      use: 'embedding',
    });
    // Hugging Face 5 calls every model tied when it saves; a head of its own then shows in the checkpoint.
    const ownHead = !tied || (!scaledHead && has('lm_head.weight'));
    return {
      tokens,
      encoder: requestStack(p, 'encoder', encoderLayers, config, (name) => requestEncoderLayer(p, name, config, 1)),
      decoder: requestStack(p, 'decoder', decoderLayers, config, (name) => requestDecoderLayer(p, name, config)),
      head: ownHead ? p.matrix(['lm_head.weight'], { inputs: width, outputs: [vocabSize] }) : tokens,
    };
  },

  encode<X>(op: Operations<X, Weight>, { tokens, encoder }: T5Weights, config: T5Config): X {
    const { heads, epsilon } = config;
    const bias = relativeBias(encoder.distances, config, true);
    let x = op.embed(tokens);
    for (const [i, layer] of encoder.layers.entries()) {
      const [q, k, v] = queryKeyValue(op, x, layer, config);
      const attended = op.attend(q, k, v, {
        layer: i,
        heads,
        kvHeads: heads,
        scale: 1,
        bias,
        direction: 'bidirectional',
      });
      x = op.linear(attended, layer.output, { residual: x });
      x = feedForward(op, x, layer, config);
    }
    return op.norm(x, { kind: 'rms', weight: encoder.norm, epsilon });
  },

  encoderKeyValues<X>(
    op: Operations<X, Weight>,
    { decoder }: T5Weights,
    { heads, headDim }: T5Config,
    encoded: X,
  ): void {
    for (const [layer, { crossKeyValue }] of decoder.layers.entries()) {
      const both = op.linear(encoded, crossKeyValue);
      const [k, v] = op.split(both, [heads * headDim, heads * headDim]) as [X, X];
      op.storeEncoderKeyValues(k, v, { layer, kvHeads: heads });
    }
  },

  forward<X>(op: Operations<X, Weight>, { tokens, decoder }: T5Weights, config: T5Config): X {
    const { heads, epsilon } = config;
    const bias = relativeBias(decoder.distances, config, false);
    let x = op.embed(tokens);
    for (const [i, layer] of decoder.layers.entries()) {
      op.tap(x, i);
      const [q, k, v] = queryKeyValue(op, x, layer, config);
      const attended = op.attend(q, k, v, { layer: i, heads, kvHeads: heads, scale: 1, bias });
      x = op.linear(attended, layer.output, { residual: x });
      const query = op.linear(op.norm(x, { kind: 'rms', weight: layer.crossNorm, epsilon }), layer.crossQuery);
      const fromSource = op.crossAttend(query, { layer: i, heads, kvHeads: heads, scale: 1 });
      x = op.linear(fromSource, layer.crossOutput, { residual: x });
      x = feedForward(op, x, layer, config);
    }
    const final = op.norm(x, { kind: 'rms', weight: decoder.norm, epsilon });
    op.tap(final, decoder.layers.length);
    return final;
  },

  head: (op, weights, { width, scaledHead }, hidden) =>
    op.linear(scaledHead ? op.scale(hidden, width ** -0.5) : hidden, weights.head),
};

/** 'relu', 'gated-gelu' …; the two keys that later versions derived from it and saved go before. */
function feedForwardOf(config: ConfigReader): Pick<T5Config, 'gated' | 'activation'> {
  const name = config.value('feed_forward_proj') ?? 'relu';
  if (typeof name !== 'string') return config.fail('feed_forward_proj', 'must be a text such as "gated-gelu"');
  const gated = name.startsWith('gated-');
  // Gated T5 means the tanh form when it says gelu.
  const activation = name === 'gated-gelu' ? 'gelu_new' : name.slice(gated ? 'gated-'.length : 0);
  return { gated: config.flag('is_gated_act', gated), activation: config.activation('dense_act_fn', activation) };
}

/**
 * Half of the buckets hold one distance each and must not reach `maxDistance`; the encoder first halves all of them by
 * direction.
 */
function bucketsOf(config: ConfigReader): Pick<T5Config, 'buckets' | 'maxDistance'> {
  const buckets = config.integer('relative_attention_num_buckets', 32);
  const maxDistance = config.integer('relative_attention_max_distance', 128);
  if (buckets < 4 || buckets % 2 !== 0)
    config.fail('relative_attention_num_buckets', `must be even and at least 4, but is ${buckets}`);
  if (maxDistance <= buckets / 2)
    config.fail('relative_attention_max_distance', `must be above ${buckets / 2}, but is ${maxDistance}`);
  return { buckets, maxDistance };
}

function requestStack<Layer>(
  p: Parameters<Weight>,
  side: 'encoder' | 'decoder',
  layers: number,
  { width, buckets, heads }: T5Config,
  requestLayer: (name: string) => Layer,
): Stack<Layer> {
  return {
    layers: Array.from({ length: layers }, (_, i) => requestLayer(`${side}.block.${i}.layer`)),
    distances: p.matrix([`${side}.block.0.layer.0.SelfAttention.relative_attention_bias.weight`], {
      inputs: heads,
      outputs: [buckets],
      use: 'embedding',
    }),
    norm: p.vector([`${side}.final_layer_norm.weight`], [width]),
  };
}

/** @param last index of the feed-forward block within the layer. */
function requestEncoderLayer(p: Parameters<Weight>, name: string, config: T5Config, last: number): EncoderLayer {
  const { width, heads, headDim, intermediateSize, gated } = config;
  const inner = heads * headDim;
  const attention = `${name}.0.SelfAttention`;
  const dense = `${name}.${last}.DenseReluDense`;
  return {
    norm1: p.vector([`${name}.0.layer_norm.weight`], [width]),
    queryKeyValue: p.matrix([`${attention}.q.weight`, `${attention}.k.weight`, `${attention}.v.weight`], {
      inputs: width,
      outputs: [inner, inner, inner],
    }),
    output: p.matrix([`${attention}.o.weight`], { inputs: inner, outputs: [width] }),
    norm2: p.vector([`${name}.${last}.layer_norm.weight`], [width]),
    expand: gated
      ? p.matrix([`${dense}.wi_0.weight`, `${dense}.wi_1.weight`], {
          inputs: width,
          outputs: [intermediateSize, intermediateSize],
          use: 'gateUp',
        })
      : p.matrix([`${dense}.wi.weight`], { inputs: width, outputs: [intermediateSize] }),
    contract: p.matrix([`${dense}.wo.weight`], { inputs: intermediateSize, outputs: [width] }),
  };
}

function requestDecoderLayer(p: Parameters<Weight>, name: string, config: T5Config): DecoderLayer {
  const { width, heads, headDim } = config;
  const inner = heads * headDim;
  const attention = `${name}.1.EncDecAttention`;
  return {
    ...requestEncoderLayer(p, name, config, 2),
    crossNorm: p.vector([`${name}.1.layer_norm.weight`], [width]),
    crossQuery: p.matrix([`${attention}.q.weight`], { inputs: width, outputs: [inner] }),
    crossKeyValue: p.matrix([`${attention}.k.weight`, `${attention}.v.weight`], {
      inputs: width,
      outputs: [inner, inner],
    }),
    crossOutput: p.matrix([`${attention}.o.weight`], { inputs: inner, outputs: [width] }),
  };
}

function relativeBias(table: Weight, { buckets, maxDistance }: T5Config, bidirectional: boolean): RelativeBias<Weight> {
  return { table, buckets, maxDistance, bidirectional };
}

function queryKeyValue<X>(
  op: Operations<X, Weight>,
  x: X,
  layer: EncoderLayer,
  { heads, headDim, epsilon }: T5Config,
): [X, X, X] {
  const width = heads * headDim;
  const normed = op.norm(x, { kind: 'rms', weight: layer.norm1, epsilon });
  return op.split(op.linear(normed, layer.queryKeyValue), [width, width, width]) as [X, X, X];
}

function feedForward<X>(
  op: Operations<X, Weight>,
  x: X,
  { norm2, expand, contract }: EncoderLayer,
  { gated, activation, epsilon }: T5Config,
): X {
  const normed = op.norm(x, { kind: 'rms', weight: norm2, epsilon });
  const inner = gated ? op.gated(normed, expand, activation) : op.linear(normed, expand, { activation });
  return op.linear(inner, contract, { residual: x });
}
