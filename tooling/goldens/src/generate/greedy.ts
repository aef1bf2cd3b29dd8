import { Params } from '../shared/params.ts';
import { checkFields } from '../shared/suite.ts';
import { argumentsOf, compareSequences, compareSteps, decode, decodingFields } from './decoding/decode.ts';
import { conditioned } from './decoding/sources.ts';
import type { RunKind } from './suite.ts';

/** `greedy`: the largest token at each step, after the processors. */
export const runGreedy: RunKind = async (golden, models) => {
  checkFields(golden, decodingFields);
  using place = await conditioned(golden, models);
  const decoded = await decode(golden, place, new Params(argumentsOf(golden, place)));
  return [...compareSequences(decoded, golden.sequences!), ...compareSteps(golden, decoded)];
};
