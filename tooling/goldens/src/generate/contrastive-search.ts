import { strategy } from '../shared/factory.ts';
import { Params } from '../shared/params.ts';
import { checkFields } from '../shared/suite.ts';
import type { GenerateCase } from './decoding/case.ts';
import {
  argumentsOf,
  compareSequences,
  compareSteps,
  type Decoded,
  decode,
  decodingFields,
} from './decoding/decode.ts';
import { conditioned } from './decoding/sources.ts';
import type { RunKind } from './suite.ts';

/** `contrastive`: contrastive search. */
export const runContrastiveSearch: RunKind = async (golden, models) => {
  checkFields(golden, [...decodingFields, 'note']);
  using place = await conditioned(golden, models);
  const params = new Params(argumentsOf(golden, place)).without({ low_memory: 'one candidate at a time, same result' });
  const search = strategy('contrastiveSearch', {
    topK: params.required('top_k'),
    penaltyAlpha: params.required('penalty_alpha'),
  });
  const decoded = await decode(golden, place, params, { strategy: search, greedy: false });
  const [recorded, ours] = golden.note === undefined ? [golden, decoded] : withoutPadded(golden, decoded);
  return [...compareSequences(ours, recorded.sequences!), ...compareSteps(recorded, ours)];
};

/**
 * The rows that Hugging Face did not pad. It includes the hidden states of padding in the similarity, as the `note` of these cases says,
 * so the other rows are not comparable.
 */
function withoutPadded(golden: GenerateCase, decoded: Decoded): [GenerateCase, Decoded] {
  const whole = <Row>(_: Row, i: number): boolean => golden.attention_mask![i]!.every((mask) => mask === 1);
  const rows = (name: string): unknown[] => (golden[name] as unknown[]).filter(whole);
  return [
    {
      ...golden,
      sequences: golden.sequences!.filter(whole),
      transition_scores_raw: rows('transition_scores_raw'),
      transition_scores_normalized: rows('transition_scores_normalized'),
    },
    { ...decoded, prompts: decoded.prompts.filter(whole), ids: decoded.ids.filter(whole) },
  ];
}
