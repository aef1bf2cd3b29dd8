import { defineSampler, type HostSampler } from '@tokenwright/core';
import { choiceOption, integerOption, type OptionsOf } from '@tokenwright/core/options';
import { largestIds } from '../shared/largest-ids.ts';
import { keepAtLeast } from '../shared/row.ts';

const options = {
  /** How many tokens to keep, at least 1. */
  k: integerOption({ min: 1, suggested: 40, help: 'How many tokens to keep' }),
  /**
   * What happens to tokens that tie with the k-th: `'exactly-k'` keeps the lower ids (llama.cpp, x-transformers,
   * transformers.js), `'keep-all'` keeps them all (Hugging Face, vLLM). Default `'exactly-k'`.
   */
  ties: choiceOption(['exactly-k', 'keep-all'], {
    default: 'exactly-k',
    help: 'Whether tokens that tie with the k-th all stay',
  }),
};

export type TopKOptions = OptionsOf<typeof options>;

/**
 * Keep the k largest logits. Off when k is V or more. A row with NaN, with +Infinity or with nothing left stays as it is.
 *
 * Example: probabilities [0.1, 0.3, 0.3, 0.3], k = 2: 'exactly-k' keeps 1 and 2, 'keep-all' keeps 1, 2 and 3.
 *
 * @see Fan et al. 2018, "Hierarchical Neural Story Generation", arXiv:1805.04833
 * @example
 * ```ts
 * topK({ k: 40 });
 * ```
 */
export const topK = defineSampler({
  name: 'top-k',
  summary: 'Keep the K most probable tokens',
  source: 'Fan et al. 2018, arXiv:1805.04833',
  kind: 'filter',
  options,
  create: ({ k, ties }) => ({
    ...topKForm(() => k, ties),
    ...(ties === 'exactly-k' ? { kernel: { reads: k, keep: { top: k } } } : {}),
  }),
});

/** The form for a k that may depend on the size of the vocabulary. */
export function topKForm(
  count: (vocabSize: number) => number,
  ties: 'exactly-k' | 'keep-all',
): Omit<HostSampler, 'name'> {
  return {
    traits: { keepsArgMax: true, narrows: true },
    onHost(logits, step) {
      const { candidates } = step;
      const wanted = count(logits.length);
      if (wanted >= (candidates?.length ?? logits.length)) return;
      const ids = largestIds(logits, wanted, candidates);
      if (ids === undefined || ids.length === 0) return;
      if (ties === 'exactly-k') step.keep(logits, ids);
      else {
        const threshold = ids.reduce((least, id) => Math.min(least, logits[id]!), Infinity);
        keepAtLeast(logits, step, threshold);
      }
    },
  };
}
