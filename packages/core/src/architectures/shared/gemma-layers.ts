import type { Activation, Dimensions, Operations, Parameters, Weight } from '../../engine/operations.ts';
import { type ConfigReader, readKvHeads } from './config.ts';
import { type RotaryConfig, requestRotary } from './rotary.ts';

/** The sizes and switches of a decoder of Gemma's second and third kind. */
export interface GemmaConfig {
  readonly vocabSize: number;
  readonly contextLength: number;
  readonly width: number;
  readonly layers: number;
  readonly heads: number;
  readonly kvHeads: number;
  readonly headDim: number;
  readonly intermediateSize: number;
  readonly epsilon: number;
  readonly activation: Activation;
  /** The head is the token table. */
  readonly tied: boolean;
  readonly attentionBias: boolean;
  /** Each head's queries and keys pass an RMS norm before they are turned. */
  readonly headNorms: boolean;
  /** Factor on the dot products. */
  readonly scale: number;
  /** The dot products, and the logits, are bent to stay within. Absent: they are not. */
  readonly attentionSoftcap?: number;
  readonly finalSoftcap?: number;
  /** How many tokens a sliding layer sees, itself included. */
  readonly window: number;
  /** Which layers slide. */
  readonly sliding: readonly boolean[];
  /** Rotary positions of the layers that see everything, and of those that slide. */
  readonly rotary: RotaryConfig;
  readonly slidingRotary: RotaryConfig;
}

interface Linear {
  readonly weight: Weight;
  readonly bias?: Weight;
}

interface Layer {
  readonly attentionNorm: Weight;
  readonly queryKeyValue: Linear;
  readonly queryNorm?: Weight;
  readonly keyNorm?: Weight;
  readonly output: Linear;
  readonly attendedNorm: Weight;
  readonly feedForwardNorm: Weight;
  readonly gateUp: Weight;
  readonly down: Weight;
  readonly fedNorm: Weight;
}

/** Weights of a Gemma decoder. */
export interface GemmaWeights {
  readonly tokens: Weight;
  readonly rotary: Weight;
  readonly slidingRotary: Weight;
  readonly layers: readonly Layer[];
  readonly norm: Weight;
  readonly head: Weight;
}

/** What Gemma 2 and 3 read alike. */
export function readGemma(
  config: ConfigReader,
): Omit<GemmaConfig, 'contextLength' | 'headNorms' | 'sliding' | 'rotary' | 'slidingRotary'> {
  config.mustBe('use_bidirectional_attention', false);
  config.mustBe('quantization_config');
  if (config.isNull('sliding_window')) config.fail('sliding_window', 'must be a positive integer, but is null');
  const heads = config.integer('num_attention_heads', 8);
  const queryScalar = config.number('query_pre_attn_scalar', 256);
  if (queryScalar <= 0) config.fail('query_pre_attn_scalar', `must be above 0, but is ${queryScalar}`);
  return {
    vocabSize: config.integer('vocab_size', 256000),
    width: config.integer('hidden_size', 2304),
    layers: config.layers('num_hidden_layers', 26),
    heads,
    kvHeads: readKvHeads(config, heads, 4),
    headDim: config.integer('head_dim', 256),
    intermediateSize: config.integer('intermediate_size', 9216),
    epsilon: config.number('rms_norm_eps', 1e-6),
    activation: config.activation('hidden_activation', 'gelu_pytorch_tanh'),
    tied: config.flag('tie_word_embeddings', true),
    attentionBias: config.flag('attention_bias', false),
    scale: queryScalar ** -0.5,
    window: config.integer('sliding_window', 4096),
  };
}

/** A cap: null is none, an absent key means `fallback`. */
export function readSoftcap(config: ConfigReader, key: string, fallback?: number): number | undefined {
  if (config.isNull(key) || (config.value(key) ?? fallback) === undefined) return undefined;
  const cap = config.number(key, fallback);
  if (cap <= 0) config.fail(key, `must be above 0, but is ${cap}`);
  return cap;
}

/** `Architecture.dimensions` of the Gemma families. */
export function gemmaDimensions(config: GemmaConfig): Dimensions {
  const { vocabSize, contextLength, width, layers, kvHeads, headDim } = config;
  return { vocabSize, contextLength, width, layers, kvHeads, headDim };
}

/** @param prefix of all tensors but an untied head; @param head the name of that. */
export function requestGemma(
  p: Parameters<Weight>,
  config: GemmaConfig,
  prefix: string,
  head = 'lm_head.weight',
): GemmaWeights {
  const { vocabSize, contextLength, width, layers, headDim, tied } = config;
  const tokens = p.matrix([`${prefix}embed_tokens.weight`], { inputs: width, outputs: [vocabSize], use: 'embedding' });
  const rotary = requestRotary(p, headDim, contextLength, config.rotary);
  return {
    tokens,
    rotary,
    slidingRotary:
      config.slidingRotary === config.rotary ? rotary : requestRotary(p, headDim, contextLength, config.slidingRotary),
    layers: Array.from({ length: layers }, (_, i) => requestLayer(p, `${prefix}layers.${i}`, config)),
    norm: requestGain(p, `${prefix}norm`, width),
    head: tied ? tokens : p.matrix([head], { inputs: width, outputs: [vocabSize] }),
  };
}

/** Gemma's checkpoints hold what is added to a weight of 1. */
function requestGain(p: Parameters<Weight>, name: string, length: number): Weight {
  return p.vector([`${name}.weight`], [length], { plus: 1 });
}

function requestLayer(p: Parameters<Weight>, name: string, config: GemmaConfig): Layer {
  const { width, heads, kvHeads, headDim, intermediateSize, attentionBias, headNorms } = config;
  const attention = (parts: readonly string[], inputs: number, outputs: readonly number[]): Linear => ({
    weight: p.matrix(
      parts.map((part) => `${name}.self_attn.${part}_proj.weight`),
      { inputs, outputs },
    ),
    ...(attentionBias && {
      bias: p.vector(
        parts.map((part) => `${name}.self_attn.${part}_proj.bias`),
        outputs,
      ),
    }),
  });
  return {
    attentionNorm: requestGain(p, `${name}.input_layernorm`, width),
    queryKeyValue: attention(['q', 'k', 'v'], width, [heads * headDim, kvHeads * headDim, kvHeads * headDim]),
    ...(headNorms && {
      queryNorm: requestGain(p, `${name}.self_attn.q_norm`, headDim),
      keyNorm: requestGain(p, `${name}.self_attn.k_norm`, headDim),
    }),
    output: attention(['o'], heads * headDim, [width]),
    attendedNorm: requestGain(p, `${name}.post_attention_layernorm`, width),
    feedForwardNorm: requestGain(p, `${name}.pre_feedforward_layernorm`, width),
    gateUp: p.matrix([`${name}.mlp.gate_proj.weight`, `${name}.mlp.up_proj.weight`], {
      inputs: width,
      outputs: [intermediateSize, intermediateSize],
      use: 'gateUp',
    }),
    down: p.matrix([`${name}.mlp.down_proj.weight`], { inputs: intermediateSize, outputs: [width] }),
    fedNorm: requestGain(p, `${name}.post_feedforward_layernorm`, width),
  };
}

/** `Architecture.forward` of the Gemma families: the hidden state of every token, [N, width], after the final norm. */
export function forwardGemma<X>(op: Operations<X, Weight>, weights: GemmaWeights, config: GemmaConfig): X {
  const { width, heads, kvHeads, headDim, epsilon, activation, scale, attentionSoftcap, sliding, window } = config;
  const norm = (x: X, weight: Weight, groups = 1): X => op.norm(x, { kind: 'rms', weight, epsilon, groups });

  let x = op.embed(weights.tokens, { scale: Math.sqrt(width) });
  for (const [i, layer] of weights.layers.entries()) {
    op.tap(x, i);
    const { rotated = headDim } = sliding[i] ? config.slidingRotary : config.rotary;
    const table = sliding[i] ? weights.slidingRotary : weights.rotary;
    const rotate = (part: X): X => op.rotary(part, { headDim, rotated, table, style: 'neox' });
    const { weight, ...bias } = layer.queryKeyValue;
    let [q, k, v] = op.split(op.linear(norm(x, layer.attentionNorm), weight, bias), [
      heads * headDim,
      kvHeads * headDim,
      kvHeads * headDim,
    ]) as [X, X, X];
    if (layer.queryNorm !== undefined) q = norm(q, layer.queryNorm, heads);
    if (layer.keyNorm !== undefined) k = norm(k, layer.keyNorm, kvHeads);
    const attended = op.attend(rotate(q), rotate(k), v, {
      layer: i,
      heads,
      kvHeads,
      scale,
      ...(attentionSoftcap !== undefined && { softcap: attentionSoftcap }),
      ...(sliding[i] && { window }),
    });
    const { weight: output, ...outputBias } = layer.output;
    x = op.add(x, norm(op.linear(attended, output, outputBias), layer.attendedNorm));
    const inner = op.gated(norm(x, layer.feedForwardNorm), layer.gateUp, activation);
    x = op.add(x, norm(op.linear(inner, layer.down), layer.fedNorm));
  }
  const final = norm(x, weights.norm);
  op.tap(final, weights.layers.length);
  return final;
}

/** `Architecture.head` of the Gemma families: the logits of hidden states, [N, vocabSize]. */
export function headOfGemma<X>(op: Operations<X, Weight>, weights: GemmaWeights, config: GemmaConfig, hidden: X): X {
  const logits = op.linear(hidden, weights.head);
  return config.finalSoftcap === undefined ? logits : op.softcap(logits, config.finalSoftcap);
}
