import { defineSampler, ParameterError } from '@tokenwright/core';
import { numberOption, optional } from '@tokenwright/core/options';
import { topK as published, topKForm } from '../filters/top-k.ts';

const { definition } = published;

/**
 * Top-k with `share`: k as a share of the vocabulary, in (0, 1], k = ceil(share * V). x-transformers keeps a tenth.
 *
 * @example
 * ```ts
 * topK({ share: 0.1 });
 * ```
 */
export const topK = defineSampler({
  ...definition,
  options: {
    k: optional(definition.options.k),
    share: optional(numberOption({ above: 0, max: 1, help: 'The same as a share of the vocabulary' })),
    ties: definition.options.ties,
  },
  create({ k, share, ties }) {
    if (share === undefined) return definition.create({ k: definition.options.k.check('topK', 'k', k), ties });
    if (k !== undefined) throw new ParameterError('topK', 'share', 'absent when k is given', share);
    return topKForm((vocabSize) => Math.ceil(share * vocabSize), ties);
  },
});
