import type { EncoderDecoderArchitecture, Operations, Weight } from '../engine/operations.ts';
import {
  decodeLayers,
  encodeLayers,
  type PostNormConfig,
  type PostNormWeights,
  postNormDimensions,
  readPostNormConfig,
  requestPostNorm,
  storeLayerKeyValues,
} from './shared/bart-layers.ts';
import { readConfig } from './shared/config.ts';

/** Settings of a Marian model. */
export type MarianConfig = PostNormConfig;

interface MarianWeights extends PostNormWeights {
  readonly positions: Weight;
}

/**
 * Marian (Junczys-Dowmunt et al. 2018), the family of the OPUS-MT translators: sinusoidal positions, post-norm layers. The two sides
 * share a vocabulary, or have one each with its own token table (`share_encoder_decoder_embeddings: false`).
 */
export const marian: EncoderDecoderArchitecture<MarianConfig, MarianWeights> = {
  name: 'marian',

  configure(json) {
    const config = readConfig('marian', json);
    config.mustBe('normalize_embedding', false);
    config.mustBe('static_position_embeddings', true);
    const result = readPostNormConfig(config, 58101);
    if (result.width % 2 !== 0) config.fail('d_model', `must be even, but is ${result.width}`);
    if (config.flag('share_encoder_decoder_embeddings', true)) {
      config.mustBe('decoder_vocab_size', result.vocabSize);
      return result;
    }
    const { vocabSize: sourceVocabSize } = result;
    return { ...result, sourceVocabSize, vocabSize: config.integer('decoder_vocab_size', sourceVocabSize) };
  },

  dimensions: postNormDimensions,
  sourceVocabSize: (config) => config.sourceVocabSize,
  sourceLength: ({ contextLength }) => contextLength,

  parameters(p, config, has) {
    const { contextLength, width } = config;
    return {
      ...requestPostNorm(p, config, has),
      positions: p.table((first, count) => sinusoidalPositions(first, count, width), contextLength, width),
    };
  },

  encode: (op, weights, config) => encodeLayers(op, embed(op, weights.sourceTokens, weights, config), weights, config),

  encoderKeyValues: (op, weights, config, encoded) => storeLayerKeyValues(op, encoded, weights, config),

  forward: (op, weights, config) => decodeLayers(op, embed(op, weights.tokens, weights, config), weights, config),

  head: (op, { head, headBias }, _config, hidden) =>
    op.linear(hidden, head, headBias === undefined ? {} : { bias: headBias }),
};

function embed<X>(
  op: Operations<X, Weight>,
  tokens: Weight,
  { positions }: MarianWeights,
  { embeddingScale: scale }: MarianConfig,
): X {
  return op.embed(tokens, { positions, scale });
}

/**
 * [positions, width]: sines of position / 10000^(2i / width) for i = 0 .. width / 2 - 1, then their cosines. (Vaswani et al.
 * 2017 interleave the two; Marian puts them side by side.)
 */
function sinusoidalPositions(first: number, count: number, width: number): Float32Array {
  const half = width / 2;
  const table = new Float32Array(count * width);
  for (let row = 0; row < count; row++)
    for (let i = 0; i < half; i++) {
      const angle = (first + row) / 10000 ** ((2 * i) / width);
      table[row * width + i] = Math.sin(angle);
      table[row * width + half + i] = Math.cos(angle);
    }
  return table;
}
