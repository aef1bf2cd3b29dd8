import { strategy } from '../shared/factory.ts';
import { Params } from '../shared/params.ts';
import { checkFields } from '../shared/suite.ts';
import { beamArguments, beamFields, compareScores } from './beam.ts';
import { argumentsOf, compareSequences, decode, decodingFields } from './decoding/decode.ts';
import { conditioned } from './decoding/sources.ts';
import type { RunKind } from './suite.ts';

/** `group_beam`: diverse beam search. */
export const runGroupBeam: RunKind = async (golden, models) => {
  checkFields(golden, [...decodingFields, ...beamFields, 'transition_scores_error']);
  using place = await conditioned(golden, models);
  const params = new Params(argumentsOf(golden, place));
  const sequences = params.number('num_return_sequences') ?? 1;
  const search = strategy('huggingFaceGroupBeamSearch', {
    ...beamArguments(params),
    numBeamGroups: params.required('num_beam_groups'),
    // In Hugging Face, finished groups continue with padding, for which later groups are penalized.
    padTokenId: params.number('pad_token_id'),
    diversityPenalty: params.required('diversity_penalty'),
  });
  const decoded = await decode(golden, place, params, {
    strategy: search,
    greedy: false,
    options: { numReturnSequences: sequences },
  });
  // `transition_scores` are not compared: Hugging Face looks them up by beam numbers that count from the first beam of a group
  // instead of the first of all, so they belong to other beams, and for 5 cases it cannot compute them at all.
  return [...compareSequences(decoded, golden.sequences!), ...compareScores(golden, decoded, golden.sequences_scores)];
};
