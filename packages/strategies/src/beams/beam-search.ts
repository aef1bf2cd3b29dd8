import type { Strategy } from '@tokenwright/core';
import { booleanOption, type OptionsOf } from '@tokenwright/core/options';
import { defineStrategy } from '@tokenwright/core/strategy';
import { Beam } from './beam.ts';
import { type BeamSettings, beamOptions, ownRules } from './beam-options.ts';
import { candidateCount, expand, gumbel } from './continuations.ts';
import { checkSequences, search } from './search.ts';

export const beamSearchOptions = {
  ...beamOptions,
  /**
   * Sample the continuations without replacement, in proportion to their probabilities, instead of taking the most probable
   * ones: beam sampling. Default `false`.
   */
  doSample: booleanOption({
    default: false,
    off: false,
    help: 'Sample the continuations instead of taking the most probable ones',
  }),
};

export type BeamSearchOptions = OptionsOf<typeof beamSearchOptions>;

/**
 * Beam search: follow the `numBeams` most probable continuations in parallel and return the best `numReturnSequences` of those that
 * finished, each with its score. The prompts of a batch are searched together, and each result equals that of the prompt alone.
 *
 * Each step considers the max(2, 1 + end tokens) * numBeams best continuations of all hypotheses. A continuation that a stop condition
 * ends is finished if it ranks among the first `numBeams`, and is dropped otherwise. The best `numBeams` of the others continue. Token
 * events are emitted when the search is over. With the option `steps`, each step reports `{ live: [{ ids, score, parent }], finished:
 * [{ ids, score, finishReason }], died: [{ ids, score }] }`, where `parent` is an index into the hypotheses before the step.
 *
 * Example: with two beams and the continuations a -1.0, end -1.2, b -1.3, c -2.0, 'end' is finished, and a and b continue.
 *
 * @throws ParameterError when `numReturnSequences` is larger than `numBeams`.
 * @example
 * ```ts
 * await generateText(model, tokenizer, 'Once upon a time', { strategy: beamSearch({ numBeams: 4 }), maxNewTokens: 40 });
 * ```
 */
export const beamSearch = defineStrategy({
  name: 'beam-search',
  summary: 'Follow the most probable continuations in parallel and return the best ones',
  source: 'Hugging Face Transformers 5',
  options: beamSearchOptions,
  create: (values) => ({ comparesTokens: 'by-rank', decode: searchBeams('beam-search', { ...values, ...ownRules }) }),
});

/** Plain beam search under given rules. */
export function searchBeams(name: string, settings: BeamSettings & { readonly doSample: boolean }): Strategy['decode'] {
  const { numBeams, domain, doSample } = settings;
  return async function* decode(run) {
    checkSequences(name, run, numBeams);
    const beams = (await run.start(1)).map((row, origin) => new Beam(run, settings, row, origin));
    const count = candidateCount(run, numBeams);
    yield* search(run, name, beams, domain, async (step) => {
      for (const beam of beams)
        if (!beam.done)
          beam.take(await expand(run, step, beam, domain, doSample ? { count, noise: gumbel(run) } : { count }));
    });
  };
}
