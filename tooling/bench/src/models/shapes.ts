import { gpt2, llama } from '@tokenwright/core/architectures';
import type { Architecture } from '@tokenwright/core/engine';

/** A model of some size. Its weights are random: speed does not depend on them. */
export interface Shape {
  readonly name: string;
  readonly architecture: Architecture;
  /** Contents of config.json. */
  readonly config: Readonly<Record<string, unknown>>;
  readonly vocabSize: number;
  readonly contextLength: number;
  readonly layers: number;
  readonly width: number;
  /** Weights in all matrices of all layers and in the head. */
  readonly matrixWeights: number;
}

export const gpt2Small: Shape = shape('GPT-2-small', { vocab: 50257, layers: 12, width: 768, heads: 12 });

export const tiny: Shape = shape('tiny', { vocab: 512, layers: 4, width: 128, heads: 4 });

/** Like TinyLlama: 22 layers, width 2,048, 32 query heads, 4 key-value heads, 1.1 billion weights. */
export const llama1B: Shape = {
  name: 'Llama-1B',
  architecture: llama as unknown as Architecture,
  config: {
    model_type: llama.name,
    vocab_size: 32000,
    max_position_embeddings: 2048,
    hidden_size: 2048,
    intermediate_size: 5632,
    num_hidden_layers: 22,
    num_attention_heads: 32,
    num_key_value_heads: 4,
  },
  vocabSize: 32000,
  contextLength: 2048,
  layers: 22,
  width: 2048,
  // Queries and their output; keys and values of four heads of 64; gate, up and down; the head.
  matrixWeights: 22 * (2 * 2048 * 2048 + 2 * 2048 * 4 * 64 + 3 * 2048 * 5632) + 32000 * 2048,
};

function shape(name: string, size: { vocab: number; layers: number; width: number; heads: number }): Shape {
  const { vocab: vocabSize, layers, width, heads } = size;
  const contextLength = 1024;
  const config = {
    model_type: gpt2.name,
    vocab_size: vocabSize,
    n_positions: contextLength,
    n_embd: width,
    n_layer: layers,
    n_head: heads,
  };
  const matrixWeights = layers * 12 * width * width + vocabSize * width;
  return {
    name,
    architecture: gpt2 as unknown as Architecture,
    config,
    vocabSize,
    contextLength,
    layers,
    width,
    matrixWeights,
  };
}

/** Bits that a weight takes, the scales of its block included. */
const bitsPerWeight: Readonly<Record<string, number>> = {
  f32: 32,
  f16: 16,
  '8-bit': 8,
  '8-bit-blocks': 8.5,
  '4-bit-blocks': 4.5,
};

/**
 * Bytes of matrices that one token needs: every matrix of every layer, and the head. Reading them bounds the decoding rate of one
 * row.
 */
export function bytesPerToken({ matrixWeights }: Shape, format: string): number {
  return (matrixWeights * bits(format)) / 8;
}

/** Bytes of all weights of a GPT-2, each once: matrices in their format, and positions, norms and biases in float32. */
export function weightBytes(shape: Shape, format: string): number {
  const { layers, width, contextLength } = shape;
  const vectors = layers * 13 * width + 2 * width;
  return bytesPerToken(shape, format) + (contextLength * width + vectors) * 4;
}

/** Bytes of keys and values of a GPT-2 for some positions of one row, in float32. */
export function cacheBytes({ layers, width }: Shape, positions: number): number {
  return positions * layers * 2 * width * 4;
}

function bits(format: string): number {
  const size = bitsPerWeight[format];
  if (size === undefined) throw new Error(`How many bits a weight takes in the format '${format}' is not known`);
  return size;
}

/** Token ids in place of a prompt; the same for each call. */
export function promptOf({ vocabSize }: Shape, length: number, row = 0): number[] {
  return Array.from({ length }, (_, i) => (i * 7919 + row * 104729 + 13) % vocabSize);
}
