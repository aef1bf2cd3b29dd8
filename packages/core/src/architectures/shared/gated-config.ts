import type { Architecture } from '../../engine/operations.ts';
import { type ConfigReader, readConfig, readHeadDim, readKvHeads } from './config.ts';
import {
  forwardGated,
  type GatedConfig,
  type GatedWeights,
  gatedDimensions,
  headOfGated,
  requestGated,
} from './gated-layers.ts';
import { type RotaryReading, readRotary } from './rotary.ts';

/** What a family uses where its config.json is silent. */
export interface GatedDefaults {
  readonly vocabSize: number;
  /** Default 4096. */
  readonly width?: number;
  readonly intermediateSize: number;
  readonly contextLength: number;
  /** Heads of keys and values. Default: as many as heads of queries. */
  readonly kvHeads?: number;
  /** Size of a head. Default: `width / heads`. */
  readonly headDim?: number;
  /** Default 1e-6. */
  readonly epsilon?: number;
  /** Rotary settings that differ from the defaults of `readRotary`. */
  readonly rotary?: Omit<RotaryReading, 'headDim' | 'contextLength'>;
}

/** The settings that every gated family reads from its config.json in the same way. */
export function readGatedConfig(
  config: ConfigReader,
  { vocabSize, width = 4096, intermediateSize, contextLength, kvHeads, headDim, epsilon = 1e-6, rotary }: GatedDefaults,
): Omit<GatedConfig, 'attentionBias'> {
  const columns = config.integer('hidden_size', width);
  const heads = config.integer('num_attention_heads', 32);
  const headSize = headDim === undefined ? readHeadDim(config, columns, heads) : config.integer('head_dim', headDim);
  return {
    vocabSize: config.integer('vocab_size', vocabSize),
    width: columns,
    layers: config.layers('num_hidden_layers', 32),
    heads,
    kvHeads: readKvHeads(config, heads, kvHeads),
    headDim: headSize,
    intermediateSize: config.integer('intermediate_size', intermediateSize),
    epsilon: config.number('rms_norm_eps', epsilon),
    activation: config.activation('hidden_act', 'silu'),
    ...readRotary(config, {
      headDim: headSize,
      contextLength: config.integer('max_position_embeddings', contextLength),
      ...rotary,
    }),
    tied: config.flag('tie_word_embeddings', false),
  };
}

/** The same sliding window on every layer; nothing for undefined. */
export function sameWindow(layers: number, window: number | undefined): Pick<GatedConfig, 'windows'> {
  return window === undefined ? {} : { windows: Array.from({ length: layers }, () => window) };
}

/** An architecture of gated layers that differs from the others in its configuration alone. */
export function gatedArchitecture(
  name: string,
  configure: (config: ConfigReader) => GatedConfig,
): Architecture<GatedConfig, GatedWeights> {
  return {
    name,
    configure: (json) => configure(readConfig(name, json)),
    dimensions: gatedDimensions,
    parameters: requestGated,
    forward: forwardGated,
    head: (op, weights, _config, hidden) => headOfGated(op, weights, hidden),
  };
}
