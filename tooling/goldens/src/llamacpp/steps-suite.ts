import { History, type Json, Random, type Sampler } from '@tokenwright/core';
import { applyChain, HostRow, probabilities, RunState } from '@tokenwright/core/sampling';
import { compareRow } from '../shared/compare.ts';
import { toLogits } from '../shared/numbers.ts';
import { casesOf, checkFields, type OpenSuite } from '../shared/suite.ts';
import { type NamedSampler, scatter, stageOf } from './chain-suite.ts';

/** A case of `mirostat`, `mirostat_v2` or `adaptive_p`: a controller over several tokens. */
export interface StepCase {
  readonly id: string;
  readonly samplers: readonly NamedSampler[];
  readonly logits_ref: string;
  readonly steps: readonly Step[];
}

interface Step {
  readonly candidate_ids: readonly number[];
  readonly candidate_logits: readonly unknown[];
  readonly probs_after_sampler: readonly unknown[];
  readonly selected_token: number;
  readonly mu_before?: number;
  readonly mu_after?: number;
  readonly weighted_sum_before?: number;
  readonly weighted_sum_after?: number;
  readonly total_weight_before?: number;
  readonly total_weight_after?: number;
}

/** Controllers over several steps: the token that llama.cpp drew is forced, and the state is compared before and after. */
export const openSteps: OpenSuite = (file) => {
  const table = file.content.logits as Readonly<Record<string, readonly (readonly unknown[])[]>>;
  return casesOf<StepCase>(file).map((golden) => ({
    id: golden.id,
    run() {
      checkFields(golden, ['id', 'source', 'samplers', 'logits_ref', 'steps']);
      const samplers = golden.samplers.flatMap((stage) => stageOf(stage, {}).samplers);
      return follow(golden, samplers, (table[golden.logits_ref] ?? []).map(toLogits));
    },
  }));
};

const stepFields = [
  'candidate_ids',
  'candidate_logits',
  'sorted',
  'probs_after_sampler',
  'selected_token',
  'mu_before',
  'mu_after',
  'weighted_sum_before',
  'weighted_sum_after',
  'total_weight_before',
  'total_weight_after',
];

/** llama.cpp sums a softmax in float32, token by token, so the relative error grows by up to this much per token. */
const rounding = 2 ** -24;

/** The new logits of adaptive-p change by up to 33 for each unit of probability, and so do errors of probabilities. */
const slope = 33;

function follow(golden: StepCase, samplers: readonly Sampler[], rows: readonly Float32Array[]): string[] {
  const memory = new RunState();
  const controller = samplers.findIndex(({ kind }) => kind === 'controller');
  const differences: string[] = [];
  let history = History.of([]);
  for (const [index, step] of golden.steps.entries()) {
    checkFields(step, stepFields);
    const logits = rows[index]!;
    const row = rowAt(history, memory, logits);
    applyChain(row, samplers);
    const label = `step ${index}`;
    const input = logits;
    const wanted = scatter(step.candidate_ids, step.candidate_logits, logits.length, -Infinity);
    const shares = scatter(step.candidate_ids, step.probs_after_sampler, logits.length, 0);
    differences.push(
      ...compareRow(`${label}: logit`, wanted, row.logits, {
        input,
        slack: step.total_weight_before === undefined ? 0 : 3 * slope * rounding,
      }),
      ...compareRow(`${label}: probability`, shares, probabilities(row.logits), {
        input,
        slack: logits.length * rounding,
      }),
    );
    if (controller >= 0)
      differences.push(...compareState(`${label}: before`, step, 'before', stateAt(memory, history, controller)));
    history = row.extend(step.selected_token);
    // The state after a token is computed at the next step; running a copy of the row computes it now.
    applyChain(rowAt(history, memory, logits), samplers);
    if (controller >= 0)
      differences.push(...compareState(`${label}: after`, step, 'after', stateAt(memory, history, controller)));
  }
  return differences;
}

function rowAt(history: History, memory: RunState, logits: Float32Array): HostRow {
  return new HostRow(logits.slice(), {
    history,
    state: memory,
    sequence: 0,
    promptLength: 0,
    vocabSize: logits.length,
    eosTokenIds: [],
    maxLength: Infinity,
    random: new Random(0),
  });
}

/** What the stage stored at this node. */
function stateAt(memory: RunState, history: History, stage: number): Json | undefined {
  return memory.snapshot(history.append(0)).values.find(([of]) => of === stage)?.[1];
}

function compareState(label: string, step: Step, when: 'before' | 'after', state: Json | undefined): string[] {
  const pairs: readonly (readonly [string, number | undefined, unknown])[] =
    typeof state === 'number' || state === undefined
      ? [['mu', step[`mu_${when}`], state]]
      : [
          ['weighted sum', step[`weighted_sum_${when}`], (state as { sum: number }).sum],
          ['total weight', step[`total_weight_${when}`], (state as { weight: number }).weight],
        ];
  return pairs
    .filter(([, wanted, ours]) => !(Math.abs(wanted! - (ours as number)) <= stateTolerance * (1 + Math.abs(wanted!))))
    .map(([name, wanted, ours]) => `${label} ${name}: expected ${wanted}, got ${ours}`);
}

/** llama.cpp keeps the state in float32, from numbers such as 1 - 0.99 that lose some digits there. */
const stateTolerance = 4e-6;
