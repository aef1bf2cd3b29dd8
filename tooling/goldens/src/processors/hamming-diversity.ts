import { generate, type HostSampler } from '@tokenwright/core';
import { logSumExp } from '@tokenwright/core/sampling';
import { toyModel } from '@tokenwright/core/testing';
import { compareRow } from '../shared/compare.ts';
import { strategy } from '../shared/factory.ts';
import { toLogits, toRow } from '../shared/numbers.ts';
import { Params } from '../shared/params.ts';
import { checkFields } from '../shared/suite.ts';

interface HammingCase {
  readonly params: Readonly<Record<string, unknown>>;
  readonly logits_ref: string;
  readonly current_tokens: readonly number[];
  readonly beam_group_idx: number;
  readonly output: readonly (readonly unknown[])[];
}

/** A hypothesis in the `live` of a step event. */
interface Live {
  readonly ids: readonly number[];
  readonly score: number;
}

/**
 * `HammingDiversityLogitsProcessor.json`: the penalty of groupBeamSearch, which is not a separate sampler here. The adapter therefore
 * runs a search up to the state of the case. The search has the groups of the case, each as wide as the vocabulary. In the first step,
 * every group takes every token. In the second, a sampler sets the logits so that the earlier groups take the recorded tokens and the
 * best hypothesis of this group gets a recorded row. Its continuations, all kept, are that row minus the penalties.
 */
export async function runHamming(
  golden: unknown,
  table: Readonly<Record<string, readonly (readonly unknown[])[]>>,
): Promise<string[]> {
  checkFields(golden as object, fields);
  const { params: given, logits_ref, current_tokens, beam_group_idx: group, output } = golden as HammingCase;
  const params = new Params(given);
  const beams = params.required('num_beams');
  const groups = params.required('num_beam_groups');
  const diversityPenalty = params.required('diversity_penalty');
  params.finish();
  const size = beams / groups;
  const inputs = table[logits_ref]!.map(toLogits);
  const differences: string[] = [];
  for (const [i, row] of output.entries()) {
    const first = Math.floor(i / size) * beams;
    const taken = Array.from({ length: group }, (_, other) =>
      current_tokens.slice(first + other * size, first + (other + 1) * size),
    );
    const got = await penalized(inputs[i]!, taken, groups, diversityPenalty);
    differences.push(...compareRow(`row ${i}`, toRow(row), got, { input: inputs[i]! }));
  }
  return differences;
}

/** The row that a search computes after the earlier groups have chosen their tokens. */
async function penalized(
  input: Float32Array,
  taken: readonly (readonly number[])[],
  groups: number,
  diversityPenalty: number,
): Promise<Float64Array> {
  const width = input.length;
  const script: HostSampler = {
    name: 'script',
    onHost(logits, { sequence, position }) {
      const beam = sequence >>> 16;
      const [group, rank] = [Math.floor(beam / width), beam % width];
      if (position === 1) {
        logits.fill(0);
        return;
      }
      logits.fill(-Infinity);
      const id = taken[group]?.[rank];
      if (id !== undefined) logits[id] = 0;
      else if (group === taken.length && rank === 0) logits.set(input);
      else if (group > taken.length) logits[0] = 0;
    },
  };
  const steps: Live[][] = [];
  for await (const event of generate(toyModel({ vocabSize: width }), [0], {
    strategy: strategy('groupBeamSearch', {
      numBeams: groups * width,
      numBeamGroups: groups,
      diversityPenalty,
    }),
    samplers: [script],
    steps: true,
    maxNewTokens: 3,
    eosTokenIds: [],
  })) {
    if (event.type === 'step') steps.push((event.detail as unknown as { live: Live[] }).live);
    if (steps.length === 2 * groups) break;
  }
  const before = steps[taken.length]![0]!.score - logSumExp(input);
  const row = new Float64Array(width).fill(-Infinity);
  for (const { ids, score } of steps[groups + taken.length]!) row[ids.at(-1)!] = score - before;
  return row;
}

const fields = [
  'id',
  'source',
  'params',
  'logits_ref',
  // The class reads only the tokens of this step.
  'input_ids',
  'current_tokens',
  'beam_group_idx',
  'output',
  'v5_same',
];
