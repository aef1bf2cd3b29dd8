import type { Activation, Dimensions, Operations, Parameters, Weight } from '../../engine/operations.ts';
import type { ConfigReader } from './config.ts';

/** The sizes of an encoder-decoder of post-norm layers: BART's and Marian's. */
export interface PostNormConfig {
  /** Tokens of the output. */
  readonly vocabSize: number;
  /** Tokens of the source, for a model whose two sides have vocabularies of their own. Absent when they share one. */
  readonly sourceVocabSize?: number;
  /** Positions of a source, and of an output. */
  readonly contextLength: number;
  readonly width: number;
  readonly encoder: StackConfig;
  readonly decoder: StackConfig;
  readonly activation: Activation;
  /** Factor on the token embeddings: sqrt(width) or 1. */
  readonly embeddingScale: number;
  /** The head is the token table. */
  readonly tied: boolean;
}

/** Sizes of an encoder or a decoder. */
export interface StackConfig {
  readonly layers: number;
  readonly heads: number;
  readonly intermediateSize: number;
}

/** A layer norm: weight and bias, each [width]. */
export interface Norm {
  readonly weight: Weight;
  readonly bias: Weight;
}

interface Linear {
  readonly weight: Weight;
  readonly bias: Weight;
}

interface EncoderLayer {
  readonly queryKeyValue: Linear;
  readonly output: Linear;
  readonly norm1: Norm;
  readonly expand: Linear;
  readonly contract: Linear;
  readonly norm2: Norm;
}

interface DecoderLayer extends EncoderLayer {
  readonly crossQuery: Linear;
  /** Keys and values of the source, from the encoder's output. */
  readonly crossKeyValue: Linear;
  readonly crossOutput: Linear;
  readonly crossNorm: Norm;
}

/** Weights of an encoder-decoder model with norms after each block. */
export interface PostNormWeights {
  /** Rows for the tokens of a source. The same table as `tokens` when the two sides share a vocabulary. */
  readonly sourceTokens: Weight;
  /** Rows for the tokens of an output. */
  readonly tokens: Weight;
  readonly encoder: readonly EncoderLayer[];
  readonly decoder: readonly DecoderLayer[];
  readonly head: Weight;
  /** Added to the logits. */
  readonly headBias: Weight | undefined;
}

/** torch's LayerNorm default, which no configuration changes. */
const epsilon = 1e-5;

/** What BART and Marian read alike. Their conversions also write keys that the original code reads for other families. */
export function readPostNormConfig(config: ConfigReader, vocabSize: number): PostNormConfig {
  config.mustBe('is_encoder_decoder', true);
  config.mustBe('normalize_before', false);
  config.mustBe('add_final_layer_norm', false);
  config.mustBe('add_bias_logits', false);
  config.mustBe('do_blenderbot_90_layernorm', false);
  const width = config.integer('d_model', 1024);
  const stack = (side: 'encoder' | 'decoder'): StackConfig => ({
    layers: config.layers(`${side}_layers`, 12),
    heads: config.divisor(`${side}_attention_heads`, width, 16),
    intermediateSize: config.integer(`${side}_ffn_dim`, 4096),
  });
  return {
    vocabSize: config.integer('vocab_size', vocabSize),
    contextLength: config.integer('max_position_embeddings', 1024),
    width,
    encoder: stack('encoder'),
    decoder: stack('decoder'),
    activation: config.activation('activation_function', 'gelu'),
    embeddingScale: config.flag('scale_embedding', false) ? Math.sqrt(width) : 1,
    tied: config.flag('tie_word_embeddings', true),
  };
}

/** `Architecture.dimensions` of the post-norm families. */
export function postNormDimensions({ vocabSize, contextLength, width, decoder }: PostNormConfig): Dimensions {
  const { layers, heads } = decoder;
  return { vocabSize, contextLength, width, layers, kvHeads: heads, headDim: width / heads };
}

/** A bare model stores its tensors without the `model.` of one with a head. */
export function prefixOf(has: (name: string) => boolean): string {
  return has('model.encoder.layers.0.fc1.weight') ? 'model.' : '';
}

/** Request the weight and bias of a layer norm by the name of the norm. */
export function requestNorm(p: Parameters<Weight>, name: string, width: number): Norm {
  return { weight: p.vector([`${name}.weight`], [width]), bias: p.vector([`${name}.bias`], [width]) };
}

/** `Architecture.parameters` of the post-norm families. */
export function requestPostNorm(
  p: Parameters<Weight>,
  config: PostNormConfig,
  has: (name: string) => boolean,
): PostNormWeights {
  const { vocabSize, width, encoder, decoder, tied } = config;
  const prefix = prefixOf(has);
  const linear = (names: readonly string[], inputs: number, outputs: readonly number[]): Linear => ({
    weight: p.matrix(
      names.map((name) => `${name}.weight`),
      { inputs, outputs },
    ),
    bias: p.vector(
      names.map((name) => `${name}.bias`),
      outputs,
    ),
  });
  const encoderLayer = (name: string, hidden: number): EncoderLayer => ({
    queryKeyValue: linear([`${name}.self_attn.q_proj`, `${name}.self_attn.k_proj`, `${name}.self_attn.v_proj`], width, [
      width,
      width,
      width,
    ]),
    output: linear([`${name}.self_attn.out_proj`], width, [width]),
    norm1: requestNorm(p, `${name}.self_attn_layer_norm`, width),
    expand: linear([`${name}.fc1`], width, [hidden]),
    contract: linear([`${name}.fc2`], hidden, [width]),
    norm2: requestNorm(p, `${name}.final_layer_norm`, width),
  });
  const decoderLayer = (name: string, hidden: number): DecoderLayer => ({
    ...encoderLayer(name, hidden),
    crossQuery: linear([`${name}.encoder_attn.q_proj`], width, [width]),
    crossKeyValue: linear([`${name}.encoder_attn.k_proj`, `${name}.encoder_attn.v_proj`], width, [width, width]),
    crossOutput: linear([`${name}.encoder_attn.out_proj`], width, [width]),
    crossNorm: requestNorm(p, `${name}.encoder_attn_layer_norm`, width),
  });
  const tables = requestTokens(p, config, has, prefix);
  return {
    ...tables,
    encoder: Array.from({ length: encoder.layers }, (_, i) =>
      encoderLayer(`${prefix}encoder.layers.${i}`, encoder.intermediateSize),
    ),
    decoder: Array.from({ length: decoder.layers }, (_, i) =>
      decoderLayer(`${prefix}decoder.layers.${i}`, decoder.intermediateSize),
    ),
    head: tied ? tables.tokens : p.matrix(['lm_head.weight'], { inputs: width, outputs: [vocabSize] }),
    headBias: has('final_logits_bias') ? p.vector(['final_logits_bias'], [vocabSize]) : undefined,
  };
}

/** The token tables of both sides: one under three names, of which a checkpoint may keep any, or one each. */
function requestTokens(
  p: Parameters<Weight>,
  { vocabSize, sourceVocabSize, width }: PostNormConfig,
  has: (name: string) => boolean,
  prefix: string,
): Pick<PostNormWeights, 'sourceTokens' | 'tokens'> {
  const table = (name: string, outputs: number): Weight =>
    p.matrix([name], { inputs: width, outputs: [outputs], use: 'embedding' });
  const [shared, ofEncoder, ofDecoder] = ['shared', 'encoder.embed_tokens', 'decoder.embed_tokens'].map(
    (name) => `${prefix}${name}.weight`,
  ) as [string, string, string];
  if (sourceVocabSize !== undefined)
    // The table that the head may be tied to comes first.
    return { tokens: table(ofDecoder, vocabSize), sourceTokens: table(ofEncoder, sourceVocabSize) };
  const tokens = table([shared, ofEncoder, ofDecoder].find(has) ?? shared, vocabSize);
  return { sourceTokens: tokens, tokens };
}

/** x [N, width] through the encoder's layers. */
export function encodeLayers<X>(
  op: Operations<X, Weight>,
  x: X,
  { encoder }: PostNormWeights,
  config: PostNormConfig,
): X {
  const { heads } = config.encoder;
  for (const [i, layer] of encoder.entries()) {
    const [q, k, v] = queryKeyValue(op, x, layer, config);
    const attended = op.attend(q, k, v, { layer: i, heads, kvHeads: heads, direction: 'bidirectional' });
    x = feedForward(op, norm(op, addLinear(op, x, attended, layer.output), layer.norm1), layer, config);
  }
  return x;
}

/** x [N, width] through the decoder's layers: its own tokens, then the source, then the feed-forward. */
export function decodeLayers<X>(
  op: Operations<X, Weight>,
  x: X,
  { decoder }: PostNormWeights,
  config: PostNormConfig,
): X {
  const { heads } = config.decoder;
  for (const [i, layer] of decoder.entries()) {
    op.tap(x, i);
    const [q, k, v] = queryKeyValue(op, x, layer, config);
    const attended = op.attend(q, k, v, { layer: i, heads, kvHeads: heads });
    x = norm(op, addLinear(op, x, attended, layer.output), layer.norm1);
    const query = op.linear(x, layer.crossQuery.weight, { bias: layer.crossQuery.bias });
    const fromSource = op.crossAttend(query, { layer: i, heads, kvHeads: heads });
    x = norm(op, addLinear(op, x, fromSource, layer.crossOutput), layer.crossNorm);
    x = feedForward(op, x, layer, config);
  }
  op.tap(x, decoder.length);
  return x;
}

/** Encoder output [N, width] -> the keys and values that each decoder layer attends to. */
export function storeLayerKeyValues<X>(
  op: Operations<X, Weight>,
  encoded: X,
  { decoder }: PostNormWeights,
  { width, decoder: { heads } }: PostNormConfig,
): void {
  for (const [layer, { crossKeyValue }] of decoder.entries()) {
    const both = op.linear(encoded, crossKeyValue.weight, { bias: crossKeyValue.bias });
    const [k, v] = op.split(both, [width, width]) as [X, X];
    op.storeEncoderKeyValues(k, v, { layer, kvHeads: heads });
  }
}

/** Apply a layer norm. */
export function norm<X>(op: Operations<X, Weight>, x: X, { weight, bias }: Norm): X {
  return op.norm(x, { kind: 'layer', weight, bias, epsilon });
}

function queryKeyValue<X>(
  op: Operations<X, Weight>,
  x: X,
  { queryKeyValue: { weight, bias } }: EncoderLayer,
  { width }: PostNormConfig,
): [X, X, X] {
  return op.split(op.linear(x, weight, { bias }), [width, width, width]) as [X, X, X];
}

/** x + (y W + bias). */
function addLinear<X>(op: Operations<X, Weight>, x: X, y: X, { weight, bias }: Linear): X {
  return op.linear(y, weight, { bias, residual: x });
}

function feedForward<X>(
  op: Operations<X, Weight>,
  x: X,
  { expand, contract, norm2 }: EncoderLayer,
  { activation }: PostNormConfig,
): X {
  const inner = op.linear(x, expand.weight, { bias: expand.bias, activation });
  return norm(op, addLinear(op, x, inner, contract), norm2);
}
