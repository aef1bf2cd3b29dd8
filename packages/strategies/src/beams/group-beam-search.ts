import { ParameterError, type Strategy } from '@tokenwright/core';
import { integerOption, numberOption, type OptionsOf } from '@tokenwright/core/options';
import { camelCase } from '@tokenwright/core/sampling';
import { defineStrategy } from '@tokenwright/core/strategy';
import { Beam } from './beam.ts';
import { type BeamSettings, beamOptions, ownRules } from './beam-options.ts';
import { candidateCount, expand } from './continuations.ts';
import { checkSequences, search } from './search.ts';

export const groupBeamSearchOptions = {
  ...beamOptions,
  /** Number of groups that the beams are divided into; a divisor of `numBeams`. 1 is plain beam search. */
  numBeamGroups: integerOption({ min: 1, off: 1, suggested: 2, help: 'Number of groups; a divisor of numBeams' }),
  /**
   * Subtracted from the score of a token for each hypothesis of an earlier group that takes the token in the same step. 0 is off.
   */
  diversityPenalty: numberOption({
    off: 0,
    suggested: 1,
    help: 'Penalty per hypothesis of an earlier group that takes the same token in the same step',
  }),
};

export type GroupBeamSearchOptions = OptionsOf<typeof groupBeamSearchOptions>;

/**
 * Diverse beam search with the Hamming penalty. The beams are divided into groups, which are searched one after the other in each
 * step. A group is penalized for tokens that earlier groups take in the same step. The first group equals a plain beam search. The best
 * `numReturnSequences` hypotheses of all groups are returned. Penalties count in the scores, as in Hugging Face.
 *
 * @see Vijayakumar et al. 2016, "Diverse Beam Search", arXiv:1610.02424
 * @throws ParameterError when `numBeamGroups` does not divide `numBeams`, or `numReturnSequences` is larger than `numBeams`.
 * @example
 * ```ts
 * await generateText(model, tokenizer, 'Once upon a time', {
 *   strategy: groupBeamSearch({ numBeams: 6, numBeamGroups: 3, diversityPenalty: 1 }),
 *   numReturnSequences: 3,
 * });
 * ```
 */
export const groupBeamSearch = defineStrategy({
  name: 'group-beam-search',
  summary: 'Beam search in groups that are penalized for taking the same tokens',
  source: 'Vijayakumar et al. 2016, arXiv:1610.02424',
  options: groupBeamSearchOptions,
  create: (values) => ({
    comparesTokens: 'by-rank',
    decode: searchGroups('group-beam-search', { ...values, ...ownRules }),
  }),
});

/** Settings of a group beam search. */
export interface GroupSettings extends BeamSettings {
  readonly numBeamGroups: number;
  readonly diversityPenalty: number;
  /** The token that a finished group counts for, once per beam, in every later step. Default: a finished group counts for nothing. */
  readonly padTokenId?: number | undefined;
}

/** Group beam search under given rules. */
export function searchGroups(name: string, settings: GroupSettings): Strategy['decode'] {
  const { numBeams, numBeamGroups, diversityPenalty, padTokenId, domain } = settings;
  if (numBeams % numBeamGroups !== 0)
    throw new ParameterError(
      camelCase(name),
      'numBeamGroups',
      `a divisor of numBeams, which is ${numBeams}`,
      numBeamGroups,
    );
  const perGroup = numBeams / numBeamGroups;
  const ofGroup: BeamSettings = { ...settings, numBeams: perGroup };
  return async function* decode(run) {
    checkSequences(name, run, numBeams);
    const beams = (await run.start(numBeamGroups)).map(
      (row, origin) => new Beam(run, ofGroup, row, origin, {}, row.sequence * perGroup),
    );
    const count = candidateCount(run, perGroup);
    yield* search(run, name, beams, domain, async (step) => {
      const taken = new Map<number, Map<number, number>>();
      for (const beam of beams) {
        const penalty = taken.get(beam.prompt) ?? new Map<number, number>();
        taken.set(beam.prompt, penalty);
        const add = (id: number): void => void penalty.set(id, (penalty.get(id) ?? 0) + diversityPenalty);
        if (!beam.done) {
          const candidates = await expand(run, step, beam, domain, { count, penalty });
          for (const { row } of beam.take(candidates)) add(row.history.at(-1)!);
        } else if (padTokenId !== undefined) for (let i = 0; i < perGroup; i++) add(padTokenId);
      }
    });
  };
}
