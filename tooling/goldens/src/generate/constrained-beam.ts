import { strategy } from '../shared/factory.ts';
import { toNumber } from '../shared/numbers.ts';
import { Params } from '../shared/params.ts';
import { checkFields } from '../shared/suite.ts';
import { beamArguments, beamFields, compareScores } from './beam.ts';
import { argumentsOf, compareSequences, decode, decodingFields } from './decoding/decode.ts';
import { conditioned } from './decoding/sources.ts';
import type { RunKind } from './suite.ts';

/** `constrained_beam`: sequences that contain given phrases. */
export const runConstrainedBeam: RunKind = async (golden, models) => {
  checkFields(golden, [...decodingFields, ...beamFields, 'transition_scores_error']);
  using place = await conditioned(golden, models);
  const params = new Params(argumentsOf(golden, place));
  const sequences = params.number('num_return_sequences') ?? 1;
  const search = strategy('huggingFaceConstrainedBeamSearch', {
    ...beamArguments(params),
    constraints: constraintsOf(params.read('force_words_ids') as Words),
  });
  const decoded = await decode(golden, place, params, {
    strategy: search,
    greedy: false,
    options: { numReturnSequences: sequences },
  });
  // `transition_scores` are not compared: they mix the scores of this and of earlier steps, and for 11 cases Hugging Face
  // cannot compute them at all.
  // Hugging Face also returns sequences that the chain makes impossible, with score -Infinity; ours does not.
  const possible = (_: unknown, i: number): boolean => toNumber((golden.sequences_scores as unknown[])[i]) > -Infinity;
  const impossible = decoded.ids.filter((ids, i) => !possible(ids, i) && ids.length > 0);
  const both = { ...decoded, ids: decoded.ids.filter(possible), scores: decoded.scores.filter(possible) };
  return [
    ...impossible.map((ids) => `a sequence that cannot be: ${ids.join(', ')}`),
    ...compareSequences(both, golden.sequences!.filter(possible)),
    ...compareScores(golden, both, (golden.sequences_scores as unknown[]).filter(possible)),
  ];
};

/** A phrase, or a list of phrases of which one must occur. */
type Words = readonly (readonly number[] | readonly (readonly number[])[])[];

function constraintsOf(words: Words): object[] {
  return words.map((word) => (typeof word[0] === 'number' ? { phrase: word } : { anyOf: word }));
}
