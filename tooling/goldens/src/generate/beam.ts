import type { Strategy } from '@tokenwright/core';
import { compareWithin } from '../shared/compare.ts';
import { strategy } from '../shared/factory.ts';
import { toNumber, toRow } from '../shared/numbers.ts';
import { Params } from '../shared/params.ts';
import { checkFields } from '../shared/suite.ts';
import type { GenerateCase } from './decoding/case.ts';
import { argumentsOf, compareSequences, type Decoded, decode, decodingFields } from './decoding/decode.ts';
import { conditioned } from './decoding/sources.ts';
import { runGreedy } from './greedy.ts';
import type { RunKind } from './suite.ts';

/** Beam options from Hugging Face's arguments. */
export interface BeamArguments {
  readonly numBeams: number;
  readonly lengthPenalty: number;
  readonly earlyStopping: boolean | 'never';
}

export function beamArguments(params: Params): BeamArguments {
  return {
    numBeams: params.required('num_beams'),
    lengthPenalty: params.number('length_penalty') ?? 1,
    earlyStopping: (params.read('early_stopping') ?? false) as boolean | 'never',
  };
}

/**
 * `beam`, `beam_eos`, `beam_batch`: compared with version 4.47 in full, and with version 5, whose results are recorded where they
 * differ.
 */
export const runBeam: RunKind = async (golden, models) => {
  checkFields(golden, [...decodingFields, ...beamFields, 'v5_beam_same', 'v5_sequences', 'v5_sequences_scores']);
  using place = await conditioned(golden, models);
  const run = async (release: string): Promise<Decoded> => {
    const params = new Params(argumentsOf(golden, place));
    const sequences = params.number('num_return_sequences') ?? 1;
    const search: Strategy = strategy('huggingFaceBeamSearch', { ...beamArguments(params), release });
    return decode(golden, place, params, {
      strategy: search,
      greedy: false,
      options: { numReturnSequences: sequences },
    });
  };
  const older = await run('4.47');
  const newer = await run('5');
  const same = golden.v5_beam_same !== false;
  return [
    ...label('4.47', compareBeams(golden, older)),
    ...label('5', [
      ...compareSequences(newer, (same ? golden.sequences : golden.v5_sequences) as number[][]),
      ...compareScores(golden, newer, same ? golden.sequences_scores : golden.v5_sequences_scores),
    ]),
  ];
};

/** `prefix_constrained`: greedy or with beams, with a rule for the allowed tokens. */
export const runPrefixConstrained: RunKind = (golden, models) =>
  golden.params?.num_beams === undefined ? runGreedy(golden, models) : runBeam(golden, models);

/** Fields of searches with beams. */
export const beamFields: readonly string[] = ['sequences_scores', 'beam_indices', 'transition_scores'];

/** Compare sequences, their scores, the score of each token, and whole rows of scores where they are recorded. */
export function compareBeams(golden: GenerateCase, decoded: Decoded): string[] {
  return [
    ...compareSequences(decoded, golden.sequences!),
    ...compareScores(golden, decoded, golden.sequences_scores),
    ...decoded.ids.flatMap((ids, i) => compareTokens(golden, decoded, ids, i)),
  ];
}

/** Compare the score of each sequence. */
export function compareScores(golden: GenerateCase, decoded: Decoded, expected: unknown): string[] {
  const lengthPenalty = (golden.params?.length_penalty ?? 1) as number;
  return (expected as unknown[]).flatMap((wanted, i) => {
    // The sum of log-probabilities is multiplied by this power of the length, and so is its error.
    const factor = (decoded.ids[i]?.length ?? 0) ** -lengthPenalty;
    const ours = decoded.scores[i] ?? Number.NaN;
    const tolerance = decoded.tolerance * Math.max(1, factor);
    return compareWithin(`score of sequence ${i}`, [toNumber(wanted)], [ours], tolerance);
  });
}

function compareTokens(golden: GenerateCase, decoded: Decoded, ids: readonly number[], i: number): string[] {
  const recorded = (golden.transition_scores as unknown[][] | undefined)?.[i];
  if (recorded === undefined) return [];
  const prompt = Math.floor((i * decoded.prompts.length) / decoded.ids.length);
  const beams = (golden.beam_indices as number[][])[i]!;
  const differences: string[] = [];
  for (const [at, id] of ids.entries()) {
    const label = `sequence ${i}, step ${at}`;
    const row = decoded.probe.after([...decoded.prompts[prompt]!, ...ids.slice(0, at)], decoded.sources?.[prompt]);
    if (row === undefined) return [...differences, `${label}: the chain never saw it`];
    const score = [toNumber(recorded[at])];
    differences.push(...compareWithin(`${label}: score`, score, [row[id]!], decoded.tolerance));
    const all = (golden.scores as unknown[][][] | undefined)?.[at]?.[beams[at]!];
    if (all !== undefined) differences.push(...compareWithin(`${label}: scores`, toRow(all), row, decoded.tolerance));
  }
  return differences;
}

export function label(name: string, differences: readonly string[]): string[] {
  return differences.map((difference) => `${name}: ${difference}`);
}
