import { strategy } from '../factory.ts';
import { toNumber } from '../numbers.ts';
import { Params } from '../params.ts';
import { checkFields } from '../suite.ts';
import { beamArguments, beamFields, compareScores } from './beam.ts';
import { argumentsOf, compareSequences, decode, decodingFields } from './decode.ts';
import { conditioned } from './sources.ts';
import type { RunKind } from './suite.ts';

/** `constrained_beam`: sequences that contain given phrases. */
export const runConstrainedBeam: RunKind = async (golden, models) => {
  checkFields(golden, [...decodingFields, ...beamFields, 'transition_scores_error']);
  using place = await conditioned(golden, models);
  const params = new Params(argumentsOf(golden, place));
  const sequences = params.number('num_return_sequences') ?? 1;
  const search = strategy('constrainedBeamSearch', {
    ...beamArguments(params),
    constraints: constraintsOf(params.read('force_words_ids') as Words),
  });
  const decoded = await decode(golden, place, params, { strategy: search, greedy: false, options: { sequences } });
  // `transition_scores` are not compared: they mix the scores of this and of earlier steps, and for 11 cases Hugging Face
  // cannot compute them at all.
  return [...compareSequences(decoded, golden.sequences!), ...compareScores(golden, decoded, golden.sequences_scores)];
};

/** A phrase, or a list of phrases of which one must occur. */
type Words = readonly (readonly number[] | readonly (readonly number[])[])[];

function constraintsOf(words: Words): object[] {
  return words.map((word) => (typeof word[0] === 'number' ? { phrase: word } : { anyOf: word }));
}
