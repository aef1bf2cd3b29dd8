import { Params } from '../params.ts';
import { checkFields } from '../suite.ts';
import { argumentsOf, compareSequences, compareSteps, decode, decodingFields } from './decode.ts';
import { conditioned } from './sources.ts';
import type { RunKind } from './suite.ts';

/** `greedy`: the largest token at each step, after the processors. */
export const runGreedy: RunKind = async (golden, models) => {
  checkFields(golden, decodingFields);
  using place = await conditioned(golden, models);
  const decoded = await decode(golden, place, new Params(argumentsOf(golden, place)));
  return [...compareSequences(decoded, golden.sequences!), ...compareSteps(golden, decoded)];
};
