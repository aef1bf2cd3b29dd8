import { type DeviceSampler, defineSampler, type HostSampler, type RowStep } from '@tokenwright/core';
import { numberOption, type OptionsOf } from '@tokenwright/core/options';
import { countPrompt, window } from '../shared/options.ts';
import { countedTokens } from './repetition-penalty.ts';

const options = {
  /** Subtracted for each occurrence of a token. Negative encourages. Default 0 (off). */
  frequency: numberOption({ default: 0, off: 0, suggested: 0.5, help: 'Subtracted for each occurrence of a token' }),
  /** Subtracted once from each token that occurred. Negative encourages. Default 0 (off). */
  presence: numberOption({ default: 0, off: 0, suggested: 0.5, help: 'Subtracted once from each token that occurred' }),
  /** How many of the last tokens count, or 'all'. Default 'all' (vLLM); llama.cpp uses 64. */
  window,
  /** Whether the prompt counts. Default false (OpenAI, vLLM, web-llm); llama.cpp counts all that it was fed. */
  countPrompt: countPrompt(false),
};

export type AdditivePenaltyOptions = OptionsOf<typeof options>;

/**
 * l -> l - count * frequency - (count > 0) * presence: both penalties of the OpenAI interface in one stage.
 *
 * The order of the chain decides whether it comes before or after the multiplicative repetition penalty: llama.cpp and
 * vLLM multiply first, `[repetitionPenalty(...), additivePenalty(...)]`; web-llm adds first. The results differ, because
 * the second penalty acts on the penalized logit. Removed tokens stay removed, NaN stays NaN.
 *
 * Example: logits [2, -2, 1], reply [0, 1, 0], frequency 0.5, presence 1: [0, -3.5, 1].
 *
 * @example
 * ```ts
 * additivePenalty({ frequency: 0.5, presence: 0.5 });
 * ```
 */
export const additivePenalty = defineSampler({
  name: 'additive-penalty',
  summary: 'Frequency and presence penalty in one stage',
  source: 'OpenAI; llama.cpp',
  kind: 'penalty',
  options,
  create: ({ frequency, presence, ...counting }) => additiveForms(frequency, presence, counting),
});

/** Which tokens count. */
export interface Counting {
  readonly window: number | 'all';
  readonly countPrompt: boolean;
}

/** The forms of a stage that subtracts count * frequency + presence from each token that occurred. */
export function additiveForms(
  frequency: number,
  presence: number,
  { window, countPrompt }: Counting,
): Omit<HostSampler & DeviceSampler, 'name'> {
  const off = frequency === 0 && presence === 0;
  const seen = (step: RowStep): Seen => countSeen(countedTokens(step, window, countPrompt), step.vocabSize);
  return {
    traits: { keepsArgMax: off, narrows: true },
    onHost(logits, step) {
      if (off) return;
      const { ids, counts } = seen(step);
      for (let i = 0; i < ids.length; i++) logits[ids[i]!]! -= counts[i]! * frequency + presence;
    },
    kernel: {
      edit: ({ rows }) => ({
        tokens: rows.map((step) => {
          const { ids, counts } = off ? nothing : seen(step);
          return { ids, factor: 1, amounts: Float32Array.from(counts, (count) => count * frequency + presence) };
        }),
      }),
    },
    onDevice(logits, { rows, tf }) {
      const places: [number, number][] = [];
      const amounts: number[] = [];
      if (!off)
        rows.forEach((step, row) => {
          const { ids, counts } = seen(step);
          for (let i = 0; i < ids.length; i++) {
            places.push([row, ids[i]!]);
            amounts.push(counts[i]! * frequency + presence);
          }
        });
      if (places.length === 0) return logits;
      const sums = tf.scatterND(tf.tensor2d(places, undefined, 'int32'), tf.tensor1d(amounts), logits.shape);
      return tf.sub(logits, sums);
    },
  };
}

interface Seen {
  readonly ids: Int32Array;
  readonly counts: Int32Array;
}

const nothing: Seen = { ids: new Int32Array(0), counts: new Int32Array(0) };

let tally = new Int32Array(0);

/** Distinct ids and how often each occurs. Ids outside the vocabulary are left out. */
function countSeen(tokens: Int32Array, vocabSize: number): Seen {
  if (tally.length < vocabSize) tally = new Int32Array(vocabSize);
  const ids = new Int32Array(tokens.length);
  let distinct = 0;
  for (const id of tokens) {
    if (id < 0 || id >= vocabSize) continue;
    if (tally[id] === 0) ids[distinct++] = id;
    tally[id]!++;
  }
  const counts = new Int32Array(distinct);
  // Only counted places are cleared, so a short history costs nothing in a large vocabulary.
  for (let i = 0; i < distinct; i++) {
    counts[i] = tally[ids[i]!]!;
    tally[ids[i]!] = 0;
  }
  return { ids: ids.subarray(0, distinct), counts };
}
