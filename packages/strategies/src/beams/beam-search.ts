import { ParameterError, type Strategy } from '@tokenwright/core';
import { checkOptionNames } from '@tokenwright/core/options';
import {
  advanceUnlessInterrupted,
  arrange,
  Beam,
  type BeamOptions,
  beamSettings,
  checkSequences,
  liveOf,
  originsOf,
  settled,
  stepEvents,
} from './beams.ts';
import { candidateCount, expand, gumbel, shape } from './continuations.ts';

export interface BeamSearchOptions extends BeamOptions {
  /** Draw the continuations, without replacement, in proportion to their probabilities: beam sampling. Default false. */
  readonly sample?: boolean;
  /**
   * `'transformers-4.47'` does what Hugging Face did up to then: with `earlyStopping: false` the best of all continuations, a just
   * finished one included, is held against the worst finished hypothesis; every finished sequence ends with the first end token
   * whichever it found; and hypotheses that reach the greatest length only count when the prompt was not done by then.
   * Default `'transformers-5'`.
   */
  readonly compatibility?: BeamCompatibility;
}

/** Which release of Hugging Face's library a search agrees with where the two differ. */
export type BeamCompatibility = 'transformers-5' | 'transformers-4.47';

/**
 * Beam search: follow the `beams` most probable continuations at once, and return the best `sequences` of those that finished,
 * each with its score. All prompts of a batch are searched together; each as if alone.
 *
 * A step looks at the max(2, 1 + end tokens) * beams best continuations of all hypotheses. A continuation that a stop condition
 * ends is finished if it is among the first `beams`, and else dropped; the best `beams` of the others go on. Tokens are emitted when
 * the search is over. With the option `steps`, each step tells which hypotheses lived, finished and died: `{ live: [{ ids, score,
 * parent }], finished: [{ ids, score, finishReason }], died: [{ ids, score }] }`, `parent` counting the hypotheses before the step.
 *
 * Example: with two beams and continuations a -1.0, end -1.2, b -1.3, c -2.0: 'end' is finished, a and b go on.
 */
export function beamSearch(options: BeamSearchOptions): Strategy {
  const name = 'beam-search';
  const { sample = false } = options;
  checkOptionNames('beamSearch', options, [...beamOptionNames, 'sample', 'compatibility']);
  if (typeof sample !== 'boolean') throw new ParameterError('beamSearch', 'sample', 'true or false', sample);
  const settings = beamSettings('beamSearch', options);
  const { numBeams: width, domain } = settings;
  return {
    name,
    parameters: { ...settings, sample },
    async *decode(run) {
      checkSequences(name, run, width);
      const beams = (await run.start(1)).map((row, origin) => new Beam(run, settings, row, origin));
      const count = candidateCount(run, width);
      while (beams.some(({ done }) => !done) && run.interrupted === undefined) {
        const scores = await advanceUnlessInterrupted(run, liveOf(beams));
        if (scores === undefined) break;
        shape(run, scores, domain);
        const origins = originsOf(liveOf(beams));
        const active = beams.filter(({ done }) => !done);
        for (const beam of active)
          beam.take(
            await expand(run, scores, beam, origins, domain, sample ? { count, noise: gumbel(run) } : { count }),
          );
        yield* stepEvents(run, name, active);
        arrange(run.cache, beams);
      }
      yield* run.settle(settled(run, beams));
    },
  };
}

export const beamOptionNames: readonly string[] = ['numBeams', 'lengthPenalty', 'earlyStopping', 'domain'];
