import { type HostSampler, ParameterError } from '@tokenwright/core';
import { checkInteger, checkNumber, checkOptionNames } from '@tokenwright/core/options';
import { largestIds } from '../shared/largest-ids.ts';
import { keepAtLeast } from '../shared/row.ts';

export type TopKOptions = {
  /**
   * What happens to tokens equal to the k-th: `'exactly-k'` keeps the lower ids (llama.cpp, x-transformers, transformers.js),
   * `'keep-all'` keeps them all (Hugging Face, vLLM). Default `'exactly-k'`.
   */
  readonly ties?: 'exactly-k' | 'keep-all';
} & (
  | { /** How many tokens to keep, at least 1. */ readonly k: number; readonly share?: undefined }
  | {
      /** The same as a share of the vocabulary, in (0, 1]: k = ceil(share * V). */ readonly share: number;
      readonly k?: undefined;
    }
);

/**
 * Keep the k largest logits (Fan et al. 2018, "Hierarchical Neural Story Generation", arXiv:1805.04833).
 *
 * Off when k is V or more. x-transformers counts a share of the vocabulary (0.1 by default there); the others count tokens.
 * A row with NaN, with +Infinity or with nothing left stays as it is.
 *
 * Example: probabilities [0.1, 0.3, 0.3, 0.3], k = 2: 'exactly-k' keeps 1 and 2, 'keep-all' keeps 1, 2 and 3.
 */
export function topK(options: TopKOptions): HostSampler {
  checkOptionNames('topK', options, ['k', 'share', 'ties']);
  const { ties = 'exactly-k' } = options;
  if (ties !== 'exactly-k' && ties !== 'keep-all')
    throw new ParameterError('topK', 'ties', "'exactly-k' or 'keep-all'", ties);
  const count = checkCount(options);
  const { k } = options;
  return {
    name: 'top-k',
    parameters: k === undefined ? { share: options.share!, ties } : { k, ties },
    kind: 'filter',
    traits: {
      keepsArgMax: true,
      narrows: true,
    },
    ...(k !== undefined && ties === 'exactly-k' ? { kernel: { reads: k, keep: { top: k } } } : {}),
    onHost: (logits, step) => {
      const { candidates } = step;
      const wanted = count(logits.length);
      if (wanted >= (candidates?.length ?? logits.length)) return;
      const ids = largestIds(logits, wanted, candidates);
      if (ids === undefined || ids.length === 0) return;
      if (ties === 'exactly-k') step.keep(logits, ids);
      else
        keepAtLeast(
          logits,
          step,
          ids.reduce((least, id) => Math.min(least, logits[id]!), Infinity),
        );
    },
  };
}

/** The rule that gives k for a vocabulary. */
function checkCount({ k, share }: TopKOptions): (vocabSize: number) => number {
  if (k !== undefined && share !== undefined)
    throw new ParameterError('topK', 'share', 'absent when k is given', share);
  if (share === undefined) {
    const fixed = checkInteger('topK', 'k', k, 1);
    return () => fixed;
  }
  checkNumber('topK', 'share', share, 'a number in (0, 1]', (value) => value > 0 && value <= 1);
  return (vocabSize) => Math.ceil(share * vocabSize);
}
