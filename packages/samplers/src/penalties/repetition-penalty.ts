import { div, greater, less, mul, ones, scatterND, type Tensor2D, tensor2d, where } from '@tensorflow/tfjs-core';
import { type DeviceSampler, type HostSampler, ParameterError, type RowStep } from '@tokenwright/core';
import { checkInteger, checkNumber, checkOptionNames } from '@tokenwright/core/options';

export interface RepetitionPenaltyOptions {
  /** Above 1 discourages what was seen, below 1 encourages it; more than 0. 1 is off. */
  readonly penalty: number;
  /** How many of the last tokens count, or 'all'. Default 'all' (Hugging Face, vLLM); llama.cpp uses 64. */
  readonly window?: number | 'all';
  /** Whether the prompt's tokens count as seen. Default true; web-llm counts the reply only. */
  readonly countPrompt?: boolean;
}

/**
 * For each distinct token seen, once: l -> l / penalty when l > 0, l * penalty when l < 0 (Keskar et al. 2019, "CTRL",
 * arXiv:1909.05858).
 *
 * It depends on where zero lies: on logits and on log-probabilities it gives different results. Hugging Face applies it to
 * logits when sampling and to log-probabilities in beam search. Removed tokens stay removed, NaN stays NaN.
 *
 * Example: logits [2, -2, 1], history [0, 1, 0], penalty 2: [1, -4, 1].
 */
export function repetitionPenalty(options: RepetitionPenaltyOptions): HostSampler & DeviceSampler {
  checkOptionNames('repetitionPenalty', options, ['penalty', 'window', 'countPrompt']);
  const penalty = checkNumber(
    'repetitionPenalty',
    'penalty',
    options.penalty,
    'a number above 0',
    (value) => value > 0,
  );
  const window = options.window ?? 'all';
  if (window !== 'all') checkInteger('repetitionPenalty', 'window', window, 0);
  const countPrompt = options.countPrompt ?? true;
  if (typeof countPrompt !== 'boolean')
    throw new ParameterError('repetitionPenalty', 'countPrompt', 'true or false', countPrompt);
  const seen = (step: RowStep): Int32Array => distinct(countedTokens(step, window, countPrompt), step.vocabSize);
  return {
    name: 'repetition-penalty',
    parameters: { penalty, window, countPrompt },
    kind: 'penalty',
    traits: {
      dependsOnZero: true,
      keepsArgMax: false,
      narrows: true,
    },
    onHost: (logits, step) => {
      if (penalty === 1) return;
      for (const id of seen(step)) logits[id] = logits[id]! < 0 ? logits[id]! * penalty : logits[id]! / penalty;
    },
    kernel: {
      edit: ({ rows }) => ({
        tokens: rows.map((step) => ({ ids: penalty === 1 ? none : seen(step), factor: penalty })),
      }),
    },
    onDevice: (logits, { rows }) => {
      const pairs = penalty === 1 ? [] : rows.flatMap((step, row) => Array.from(seen(step), (id) => [row, id]));
      if (pairs.length === 0) return logits;
      const marks = scatterND(tensor2d(pairs, undefined, 'int32'), ones([pairs.length]), logits.shape);
      const penalized = where(less(logits, 0), mul(logits, penalty), div(logits, penalty));
      return where(greater(marks, 0), penalized, logits) as Tensor2D;
    },
  };
}

/** The part of the history that a penalty looks at, as a view. */
export function countedTokens(
  { history, promptLength }: Pick<RowStep, 'history' | 'promptLength'>,
  window: number | 'all',
  countPrompt: boolean,
): Int32Array {
  const available = countPrompt ? history.length : Math.max(0, history.length - promptLength);
  return history.tail(window === 'all' ? available : Math.min(window, available));
}

const none = new Int32Array(0);

let stamps = new Uint32Array(0);
let stamp = 0;

/** Each id once, in order of appearance. Ids outside the vocabulary are left out. */
function distinct(tokens: Int32Array, vocabSize: number): Int32Array {
  if (stamps.length < vocabSize) stamps = new Uint32Array(vocabSize);
  if (++stamp === 0x1_0000_0000) {
    stamps.fill(0);
    stamp = 1;
  }
  const ids = new Int32Array(tokens.length);
  let count = 0;
  for (const id of tokens) {
    if (id < 0 || id >= vocabSize || stamps[id] === stamp) continue;
    stamps[id] = stamp;
    ids[count++] = id;
  }
  return ids.subarray(0, count);
}
