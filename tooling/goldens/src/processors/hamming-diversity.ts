import { generate, type HostSampler, logSumExp } from '@tokenwright/core';
import { toyModel } from '@tokenwright/core/testing';
import { compareIds, compareRow } from '../compare.ts';
import { strategy } from '../factory.ts';
import { toLogits, toRow } from '../numbers.ts';
import { Params } from '../params.ts';
import { checkFields } from '../suite.ts';

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
 * `HammingDiversityLogitsProcessor.json`: the penalty of groupBeamSearch, which is no stage of its own. So a search is made to stand
 * where the case stands: a stage writes the logits that let the groups before this one take the recorded tokens, and gives this
 * group the recorded logits. The hypotheses that the group then chooses must be the best of the recorded output.
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
  const search = strategy('groupBeamSearch', { beams, groups, diversityPenalty });
  const inputs = table[logits_ref]!.map(toLogits);
  const differences: string[] = [];
  for (let prompt = 0; prompt * beams < current_tokens.length; prompt++) {
    const rows = inputs.slice(prompt * size, (prompt + 1) * size);
    const taken = current_tokens.slice(prompt * beams, (prompt + 1) * beams);
    const script: HostSampler = {
      name: 'script',
      onHost(logits, { sequence, position }) {
        const beam = sequence >>> 16;
        if (position === promptLength) {
          // A group begins with one hypothesis; it takes tokens of its own, so that nobody is penalised.
          const first = Math.floor(beam / size) * size;
          logits.fill(-Infinity).fill(0, first, first + size);
        } else if (beam < group * size) {
          logits.fill(-Infinity);
          logits[taken[beam]!] = 0;
        } else if (beam < (group + 1) * size) logits.set(rows[beam - group * size]!);
      },
    };
    const live: Live[][] = [];
    for await (const event of generate(toyModel({ vocabSize: rows[0]!.length }), [0], {
      strategy: search,
      samplers: [script],
      steps: true,
      maxNewTokens: 3,
      endTokens: [],
    })) {
      if (event.type === 'step') live.push((event.detail as unknown as { live: Live[] }).live);
      if (live.length === 2 * groups) break;
    }
    const chosen = live[groups + group]!;
    const expected = best(output.slice(prompt * size, (prompt + 1) * size).map(toRow), rows).slice(0, size);
    differences.push(
      ...compareIds(
        `prompt ${prompt}: tokens`,
        expected.map(({ id }) => id),
        chosen.map(({ ids }) => ids.at(-1)!),
      ),
      ...compareRow(
        `prompt ${prompt}: scores`,
        Float64Array.from(expected, ({ score }) => score),
        chosen.map(({ score }) => score),
        { input: rows[0]! },
      ),
    );
  }
  return differences;
}

/** The length of the prompt of each search. */
const promptLength = 1;

/** The continuations by falling score: that of the first step, in which all are equal, and the recorded one, normalised. */
function best(output: readonly Float64Array[], inputs: readonly Float32Array[]): { id: number; score: number }[] {
  return output
    .flatMap((row, i) => {
      const base = -Math.log(output.length) - logSumExp(inputs[i]!);
      return Array.from(row, (value, id) => ({ id, score: base + value }));
    })
    .sort((a, b) => b.score - a.score);
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
