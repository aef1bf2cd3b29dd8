import type { EncoderDecoderArchitecture, Operations, Weight } from '../engine/operations.ts';
import {
  decodeLayers,
  encodeLayers,
  type Norm,
  norm,
  type PostNormConfig,
  type PostNormWeights,
  postNormDimensions,
  prefixOf,
  readPostNormConfig,
  requestNorm,
  requestPostNorm,
  storeLayerKeyValues,
} from './shared/bart-layers.ts';
import { readConfig } from './shared/config.ts';

/** Settings of a BART model. */
export type BartConfig = PostNormConfig;

interface Embedding {
  readonly positions: Weight;
  readonly norm: Norm;
}

interface BartWeights extends PostNormWeights {
  readonly encoderEmbedding: Embedding;
  readonly decoderEmbedding: Embedding;
}

/** The position tables begin with two rows that no position uses. */
const positionOffset = 2;

/** BART (Lewis et al. 2020): learned positions, normed embeddings, post-norm layers. */
export const bart: EncoderDecoderArchitecture<BartConfig, BartWeights> = {
  name: 'bart',

  configure(json) {
    const config = readConfig('bart', json);
    config.mustBe('normalize_embedding', true);
    config.mustBe('static_position_embeddings', false);
    config.mustBe('extra_pos_embeddings', positionOffset);
    return readPostNormConfig(config, 50265);
  },

  dimensions: postNormDimensions,
  sourceLength: ({ contextLength }) => contextLength,

  parameters(p, config, has) {
    const { contextLength, width } = config;
    const prefix = prefixOf(has);
    const embedding = (side: string): Embedding => ({
      positions: p.matrix([`${prefix}${side}.embed_positions.weight`], {
        inputs: width,
        outputs: [contextLength + positionOffset],
        use: 'embedding',
      }),
      norm: requestNorm(p, `${prefix}${side}.layernorm_embedding`, width),
    });
    return {
      ...requestPostNorm(p, config, has),
      encoderEmbedding: embedding('encoder'),
      decoderEmbedding: embedding('decoder'),
    };
  },

  encode: (op, weights, config) =>
    encodeLayers(op, embed(op, weights, weights.encoderEmbedding, config), weights, config),

  encoderKeyValues: (op, weights, config, encoded) => storeLayerKeyValues(op, encoded, weights, config),

  forward: (op, weights, config) =>
    decodeLayers(op, embed(op, weights, weights.decoderEmbedding, config), weights, config),

  head: (op, { head, headBias }, _config, hidden) =>
    op.linear(hidden, head, headBias === undefined ? {} : { bias: headBias }),
};

function embed<X>(
  op: Operations<X, Weight>,
  { tokens }: BartWeights,
  { positions, norm: embeddingNorm }: Embedding,
  { embeddingScale: scale }: BartConfig,
): X {
  return norm(op, op.embed(tokens, { positions, positionOffset, scale }), embeddingNorm);
}
