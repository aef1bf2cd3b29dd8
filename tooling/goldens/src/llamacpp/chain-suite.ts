import { probabilities } from '@tokenwright/core/sampling';
import { compareRow } from '../shared/compare.ts';
import { toLogits, toNumber } from '../shared/numbers.ts';
import { Params } from '../shared/params.ts';
import { shapeRow } from '../shared/row.ts';
import { casesOf, checkFields, type Golden, type GoldenFile, type OpenSuite } from '../shared/suite.ts';
import { presetChain } from './preset.ts';
import { type LlamaRow, llamaSamplers } from './samplers.ts';
import { openSteps, type StepCase } from './steps-suite.ts';

/** A case of `llamacpp/<sampler>.json`: a chain on one row. */
interface ChainCase extends LlamaRow {
  readonly id: string;
  readonly samplers: readonly NamedSampler[];
  readonly logits_ref: string;
  readonly last_tokens?: readonly number[];
  readonly candidate_ids: readonly number[];
  readonly candidate_logits: readonly unknown[];
  readonly probs: readonly unknown[];
  readonly probs_ids: readonly number[];
}

export interface NamedSampler {
  readonly name: string;
  readonly params: Readonly<Record<string, unknown>>;
}

/** `llamacpp/<sampler>.json`: chains on one row, or controllers over several steps. */
export const openLlama: OpenSuite = (file, setting) =>
  casesOf<ChainCase | StepCase>(file).some((golden) => 'steps' in golden) ? openSteps(file, setting) : openChains(file);

function openChains(file: GoldenFile): readonly Golden[] {
  const table = file.content.logits as Readonly<Record<string, readonly unknown[]>>;
  return casesOf<ChainCase>(file).map((golden) => ({
    id: golden.id,
    run() {
      checkFields(golden, fields);
      const input = toLogits(table[golden.logits_ref]!);
      const stages = golden.samplers.map((stage) => stageOf(stage, golden));
      const chains = {
        stages: stages.flatMap(({ samplers }) => samplers),
        preset: presetChain(golden.samplers, golden),
      };
      const logits = scatter(golden.candidate_ids, golden.candidate_logits, input.length, -Infinity);
      const shares = scatter(golden.probs_ids, golden.probs, input.length, 0);
      return Object.entries(chains).flatMap(([label, samplers]) => {
        if (samplers === undefined) return [];
        const got = shapeRow(input, { prompt: golden.last_tokens ?? [], samplers });
        // llama.cpp's sort is unstable, so it is not defined which of several tied tokens are kept.
        return [
          ...compareRow(`${label}: logit`, logits, got, { input, tiesAreFree: true }),
          ...compareSorted(label, shares, probabilities(got)),
        ];
      });
    },
  }));
}

/** `sorted` records the order of llama.cpp's list; a row of logits has no order. */
const fields = [
  'id',
  'source',
  'samplers',
  'logits_ref',
  'last_tokens',
  'seq_breakers',
  'candidate_ids',
  'candidate_logits',
  'sorted',
  'probs',
  'probs_ids',
];

/** Our stages for a stage of llama.cpp. @throws TypeError for an unknown parameter. */
export function stageOf({ name, params }: NamedSampler, golden: LlamaRow): ReturnType<(typeof llamaSamplers)[string]> {
  const make = llamaSamplers[name];
  if (make === undefined) throw new TypeError(`no adapter for the sampler ${name}`);
  const read = new Params(params);
  const stage = make(read, golden);
  read.finish();
  return stage;
}

/** Values of listed tokens as a row of the whole vocabulary. */
export function scatter(
  ids: readonly number[],
  values: readonly unknown[],
  length: number,
  rest: number,
): Float64Array {
  const row = new Float64Array(length).fill(rest);
  for (const [i, id] of ids.entries()) row[id] = toNumber(values[i]);
  return row;
}

/** Probabilities in descending order, so that tied tokens are interchangeable. */
function compareSorted(label: string, expected: Float64Array, got: Float64Array): string[] {
  const falling = (row: Float64Array): Float64Array => row.slice().sort().reverse();
  return compareRow(`${label}: sorted probability`, falling(expected), falling(got), { input: new Float32Array(0) });
}
