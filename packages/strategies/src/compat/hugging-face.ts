import { booleanOption, choiceOption, integerOption, type OptionsOf, optional } from '@tokenwright/core/options';
import { defineStrategy } from '@tokenwright/core/strategy';
import { beamSearchOptions, searchBeams } from '../beams/beam-search.ts';
import { constrainedBeamSearchOptions, searchConstrained } from '../beams/constrained-beam-search.ts';
import { groupBeamSearchOptions, searchGroups } from '../beams/group-beam-search.ts';

const domain = choiceOption(['log-probabilities', 'logits'], {
  default: 'log-probabilities',
  help: 'What the sampler chain receives',
});

const releases = ['4.47', '5'] as const;
const releaseHelp = 'Release of Hugging Face Transformers to agree with';

const huggingFaceBeamSearchOptions = {
  ...beamSearchOptions,
  /**
   * The release of Transformers to agree with. In 4.47, with `earlyStopping: false`, the best of all continuations, one that just
   * finished included, is compared with the worst finished hypothesis; every finished sequence ends with the first end token,
   * whichever it found; and hypotheses that reach the maximum length count only if the prompt was not done before. Default `'5'`.
   */
  release: choiceOption(releases, { default: '5', help: releaseHelp }),
  /**
   * What the sampler chain receives. `'log-probabilities'`: the log-softmax, whose shaped values are added to the score without
   * normalization, as Transformers does. `'logits'`: as in `beamSearch`. Default `'log-probabilities'`.
   */
  domain,
};

export type HuggingFaceBeamSearchOptions = OptionsOf<typeof huggingFaceBeamSearchOptions>;

/**
 * Beam search that reproduces Hugging Face Transformers, sampler chain included.
 *
 * @example
 * ```ts
 * generate(model, prompt, { strategy: huggingFaceBeamSearch({ numBeams: 4, release: '4.47' }) });
 * ```
 */
export const huggingFaceBeamSearch = defineStrategy({
  name: 'hugging-face-beam-search',
  summary: 'Beam search that reproduces Hugging Face Transformers',
  source: 'Hugging Face Transformers 4.47 and 5',
  options: huggingFaceBeamSearchOptions,
  create: (values) => ({
    comparesTokens: values.doSample ? 'by-chance' : 'by-rank',
    decode: searchBeams('hugging-face-beam-search', values),
  }),
});

const huggingFaceGroupBeamSearchOptions = {
  ...groupBeamSearchOptions,
  /** As in `huggingFaceBeamSearch`. Transformers has group beam search as of 4.47. Default `'4.47'`. */
  release: choiceOption(releases, { default: '4.47', help: releaseHelp }),
  /** As in `huggingFaceBeamSearch`. Default `'log-probabilities'`. */
  domain,
  /**
   * Transformers counts its padding token for each hypothesis of a finished group. Give that token to get the same result. Default: a
   * finished group counts for nothing.
   */
  padTokenId: optional(integerOption({ min: 0, help: 'Padding token that finished groups count for in later steps' })),
};

export type HuggingFaceGroupBeamSearchOptions = OptionsOf<typeof huggingFaceGroupBeamSearchOptions>;

/**
 * Group beam search that reproduces Hugging Face Transformers, sampler chain included.
 *
 * @example
 * ```ts
 * const strategy = huggingFaceGroupBeamSearch({ numBeams: 4, numBeamGroups: 2, diversityPenalty: 1, padTokenId: 0 });
 * ```
 */
export const huggingFaceGroupBeamSearch = defineStrategy({
  name: 'hugging-face-group-beam-search',
  summary: 'Group beam search that reproduces Hugging Face Transformers',
  source: 'Hugging Face Transformers 4.47',
  options: huggingFaceGroupBeamSearchOptions,
  create: (values) => ({
    comparesTokens: 'by-rank',
    decode: searchGroups('hugging-face-group-beam-search', values),
  }),
});

const huggingFaceConstrainedBeamSearchOptions = {
  ...constrainedBeamSearchOptions,
  /** As in `huggingFaceBeamSearch`. Transformers has constrained beam search as of 4.47. Default `'4.47'`. */
  release: choiceOption(releases, { default: '4.47', help: releaseHelp }),
  /** As in `huggingFaceBeamSearch`. Default `'log-probabilities'`. */
  domain,
  /**
   * Whether to always consider the best continuation of a hypothesis that has met all constraints, and to rank sequences that have met
   * them before others. Transformers does neither. Default `false`.
   */
  keepComplete: booleanOption({ default: false, help: 'Keep hypotheses that have met all constraints' }),
};

export type HuggingFaceConstrainedBeamSearchOptions = OptionsOf<typeof huggingFaceConstrainedBeamSearchOptions>;

/**
 * Constrained beam search that reproduces Hugging Face Transformers, sampler chain included.
 *
 * @example
 * ```ts
 * const strategy = huggingFaceConstrainedBeamSearch({ numBeams: 4, constraints: [{ phrase: [5, 4] }] });
 * ```
 */
export const huggingFaceConstrainedBeamSearch = defineStrategy({
  name: 'hugging-face-constrained-beam-search',
  summary: 'Constrained beam search that reproduces Hugging Face Transformers',
  source: 'Hugging Face Transformers 4.47',
  options: huggingFaceConstrainedBeamSearchOptions,
  create: (values) => ({
    comparesTokens: 'by-rank',
    decode: searchConstrained('hugging-face-constrained-beam-search', values),
  }),
});
