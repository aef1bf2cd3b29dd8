import type { Activation, Dimensions, Operations, Parameters, Weight } from '../../engine/operations.ts';
import { type RotaryConfig, requestRotary } from './rotary.ts';

/**
 * The sizes and switches of a decoder of Llama's kind: RMS norms before each block, rotary positions, grouped-query
 * attention, a gated feed-forward block. Llama, Mistral, Qwen and Phi-3 differ in the switches only.
 */
export interface GatedConfig extends RotaryConfig {
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
  /** Queries, keys and values have biases. */
  readonly attentionBias: boolean;
  /** The projection after attention has one. Default as `attentionBias`. */
  readonly outputBias?: boolean;
  /** The three projections of the feed-forward block have biases. Default false. */
  readonly feedForwardBias?: boolean;
  /** Each head's queries and keys pass an RMS norm before they are turned. Default false. */
  readonly headNorms?: boolean;
  /** The checkpoint holds queries, keys and values in one tensor, and gate and up in another. Default false. */
  readonly fused?: boolean;
  /** By layer: how many tokens it sees, itself included; undefined for all. Default all. */
  readonly windows?: readonly (number | undefined)[];
}

interface Linear {
  readonly weight: Weight;
  readonly bias?: Weight;
}

interface Layer {
  readonly norm1: Weight;
  readonly queryKeyValue: Linear;
  readonly queryNorm?: Weight;
  readonly keyNorm?: Weight;
  readonly output: Linear;
  readonly norm2: Weight;
  /** Gate and up as pairs, or apart where they have biases. */
  readonly gateUp: Weight | readonly [gate: Linear, up: Linear];
  readonly down: Linear;
}

/** Weights of a gated decoder. */
export interface GatedWeights {
  readonly tokens: Weight;
  readonly rotary: Weight;
  readonly layers: readonly Layer[];
  readonly norm: Weight;
  readonly head: Weight;
}

/** `Architecture.dimensions` of the gated families. */
export function gatedDimensions(config: GatedConfig): Dimensions {
  const { vocabSize, contextLength, width, layers, kvHeads, headDim } = config;
  return { vocabSize, contextLength, width, layers, kvHeads, headDim };
}

/** `Architecture.parameters` of the gated families. */
export function requestGated(p: Parameters<Weight>, config: GatedConfig, has: (name: string) => boolean): GatedWeights {
  const { vocabSize, contextLength, width, layers, headDim, tied } = config;
  // A bare model stores its tensors without the `model.` of one with a head.
  const prefix = has('model.embed_tokens.weight') ? 'model.' : '';
  const tokens = p.matrix([`${prefix}embed_tokens.weight`], { inputs: width, outputs: [vocabSize], use: 'embedding' });
  return {
    tokens,
    rotary: requestRotary(p, headDim, contextLength, config),
    layers: Array.from({ length: layers }, (_, i) => requestLayer(p, `${prefix}layers.${i}`, config)),
    norm: p.vector([`${prefix}norm.weight`], [width]),
    head: tied ? tokens : p.matrix(['lm_head.weight'], { inputs: width, outputs: [vocabSize] }),
  };
}

function requestLayer(p: Parameters<Weight>, name: string, config: GatedConfig): Layer {
  const { width, heads, kvHeads, headDim, intermediateSize, attentionBias, fused = false, headNorms = false } = config;
  const { outputBias = attentionBias, feedForwardBias = false } = config;
  const linear = (parts: readonly string[], inputs: number, outputs: readonly number[], biased: boolean): Linear => ({
    weight: p.matrix(
      parts.map((part) => `${name}.${part}.weight`),
      { inputs, outputs },
    ),
    ...(biased && {
      bias: p.vector(
        parts.map((part) => `${name}.${part}.bias`),
        outputs,
      ),
    }),
  });
  const projections = fused ? ['qkv_proj'] : ['q_proj', 'k_proj', 'v_proj'];
  const gateUp = fused ? ['mlp.gate_up_proj'] : ['mlp.gate_proj', 'mlp.up_proj'];
  return {
    norm1: p.vector([`${name}.input_layernorm.weight`], [width]),
    queryKeyValue: linear(
      projections.map((part) => `self_attn.${part}`),
      width,
      [heads * headDim, kvHeads * headDim, kvHeads * headDim],
      attentionBias,
    ),
    ...(headNorms && {
      queryNorm: p.vector([`${name}.self_attn.q_norm.weight`], [headDim]),
      keyNorm: p.vector([`${name}.self_attn.k_norm.weight`], [headDim]),
    }),
    output: linear(['self_attn.o_proj'], heads * headDim, [width], outputBias),
    norm2: p.vector([`${name}.post_attention_layernorm.weight`], [width]),
    gateUp: feedForwardBias
      ? [
          linear(['mlp.gate_proj'], width, [intermediateSize], true),
          linear(['mlp.up_proj'], width, [intermediateSize], true),
        ]
      : p.matrix(
          gateUp.map((part) => `${name}.${part}.weight`),
          { inputs: width, outputs: [intermediateSize, intermediateSize], use: 'gateUp' },
        ),
    down: linear(['mlp.down_proj'], intermediateSize, [width], feedForwardBias),
  };
}

/** `Architecture.forward` of the gated families: the hidden state of every token, [N, width], after the final norm. */
export function forwardGated<X>(op: Operations<X, Weight>, weights: GatedWeights, config: GatedConfig): X {
  const { heads, kvHeads, headDim, epsilon, windows, rotated = headDim } = config;
  const norm = (x: X, weight: Weight, groups = 1): X => op.norm(x, { kind: 'rms', weight, epsilon, groups });
  const rotate = (x: X): X => op.rotary(x, { headDim, rotated, table: weights.rotary, style: 'neox' });

  let x = op.embed(weights.tokens);
  for (const [i, layer] of weights.layers.entries()) {
    op.tap(x, i);
    const { weight, ...bias } = layer.queryKeyValue;
    let [q, k, v] = op.split(op.linear(norm(x, layer.norm1), weight, bias), [
      heads * headDim,
      kvHeads * headDim,
      kvHeads * headDim,
    ]) as [X, X, X];
    if (layer.queryNorm !== undefined) q = norm(q, layer.queryNorm, heads);
    if (layer.keyNorm !== undefined) k = norm(k, layer.keyNorm, kvHeads);
    const window = windows?.[i];
    const attended = op.attend(rotate(q), rotate(k), v, {
      layer: i,
      heads,
      kvHeads,
      ...(window !== undefined && { window }),
    });
    x = linear(op, attended, layer.output, x);
    x = linear(op, gated(op, norm(x, layer.norm2), layer.gateUp, config.activation), layer.down, x);
  }
  const final = norm(x, weights.norm);
  op.tap(final, weights.layers.length);
  return final;
}

function linear<X>(op: Operations<X, Weight>, x: X, { weight, ...bias }: Linear, residual: X): X {
  return op.linear(x, weight, { ...bias, residual });
}

function gated<X>(op: Operations<X, Weight>, x: X, gateUp: Layer['gateUp'], activation: Activation): X {
  if (!isPair(gateUp)) return op.gated(x, gateUp, activation);
  const [{ weight: gate, ...gateBias }, { weight: up, ...upBias }] = gateUp;
  return op.multiply(op.linear(x, gate, { ...gateBias, activation }), op.linear(x, up, upBias));
}

function isPair(gateUp: Layer['gateUp']): gateUp is readonly [Linear, Linear] {
  return Array.isArray(gateUp);
}

/** `Architecture.head` of the gated families: the logits of hidden states, [N, vocabSize]. */
export function headOfGated<X>(op: Operations<X, Weight>, weights: GatedWeights, hidden: X): X {
  return op.linear(hidden, weights.head);
}
