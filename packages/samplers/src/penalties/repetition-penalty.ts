import { defineSampler, type RowStep } from '@tokenwright/core';
import { numberOption, type OptionsOf } from '@tokenwright/core/options';
import type { HostAndDeviceForms } from '@tokenwright/core/sampling';
import { countPrompt, window } from '../shared/options.ts';

const options = {
  /** Above 1 discourages tokens that occurred, below 1 encourages them; above 0. 1 is off. */
  penalty: numberOption({ above: 0, off: 1, suggested: 1.1, help: 'Above 1 discourages tokens that occurred' }),
  /** How many of the last tokens count, or 'all'. Default 'all' (Hugging Face, vLLM); llama.cpp uses 64. */
  window,
  /** Whether the prompt counts. Default true; web-llm counts the reply only. */
  countPrompt: countPrompt(true),
};

export type RepetitionPenaltyOptions = OptionsOf<typeof options>;

/**
 * For each distinct token that occurred, once: l -> l / penalty when l > 0, l * penalty when l < 0.
 *
 * It depends on where zero is: logits and log-probabilities give different results. Hugging Face applies it to logits when
 * sampling and to log-probabilities in beam search. Removed tokens stay removed, NaN stays NaN.
 *
 * Example: logits [2, -2, 1], history [0, 1, 0], penalty 2: [1, -4, 1].
 *
 * @see Keskar et al. 2019, "CTRL", arXiv:1909.05858
 * @example
 * ```ts
 * repetitionPenalty({ penalty: 1.1, window: 64 });
 * ```
 */
export const repetitionPenalty = defineSampler({
  name: 'repetition-penalty',
  summary: 'Divide the logits of tokens that occurred by PENALTY',
  source: 'Keskar et al. 2019, arXiv:1909.05858',
  kind: 'penalty',
  options,
  create({ penalty, window, countPrompt }): HostAndDeviceForms {
    const off = penalty === 1;
    const seen = (step: RowStep): Int32Array =>
      off ? none : distinct(countedTokens(step, window, countPrompt), step.vocabSize);
    return {
      traits: { dependsOnZero: true, keepsArgMax: off, narrows: true },
      onHost(logits, step) {
        for (const id of seen(step)) logits[id] = logits[id]! < 0 ? logits[id]! * penalty : logits[id]! / penalty;
      },
      kernel: {
        edit: ({ rows }) => ({ tokens: rows.map((step) => ({ ids: seen(step), factor: penalty })) }),
      },
      onDevice(logits, { rows, tf }) {
        const places = rows.flatMap((step, row) => Array.from(seen(step), (id) => [row, id]));
        if (places.length === 0) return logits;
        const marks = tf.scatterND(tf.tensor2d(places, undefined, 'int32'), tf.ones([places.length]), logits.shape);
        const penalized = tf.where(tf.less(logits, 0), tf.mul(logits, penalty), tf.div(logits, penalty));
        return tf.where(tf.greater(marks, 0), penalized, logits) as typeof logits;
      },
    };
  },
});

/** The part of the history that counts, as a view. */
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
