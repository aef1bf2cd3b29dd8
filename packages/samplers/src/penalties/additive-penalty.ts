import { scatterND, sub, type Tensor2D, tensor1d, tensor2d } from '@tensorflow/tfjs-core';
import { type DeviceSampler, type HostSampler, type Json, ParameterError, type RowStep } from '@tokenwright/core';
import { checkInteger, checkNumber, checkOptionNames } from '@tokenwright/core/options';
import { countedTokens } from './repetition-penalty.ts';

export interface AdditivePenaltyOptions {
  /** Subtracted for each time a token was seen. Negative encourages. Default 0 (off). */
  readonly frequency?: number;
  /** Subtracted once when a token was seen at all. Negative encourages. Default 0 (off). */
  readonly presence?: number;
  /** How many of the last tokens count, or 'all'. Default 'all' (vLLM); llama.cpp uses 64. */
  readonly window?: number | 'all';
  /** Whether the prompt's tokens count as seen. Default false (OpenAI, vLLM, web-llm); llama.cpp counts what it was fed. */
  readonly countPrompt?: boolean;
}

/**
 * l -> l - count * frequency - (count > 0) * presence: both penalties of the OpenAI interface in one stage.
 *
 * Its place beside the multiplicative repetition penalty is the order of the chain: llama.cpp and vLLM multiply first, so
 * `[repetitionPenalty(...), additivePenalty(...)]`; web-llm adds first, so the other way round. The results differ, as the
 * multiplication then sees the penalized logit. Removed tokens stay removed, NaN stays NaN.
 *
 * Example: logits [2, -2, 1], reply [0, 1, 0], frequency 0.5, presence 1: [0, -3.5, 1].
 */
export function additivePenalty(options: AdditivePenaltyOptions): HostSampler & DeviceSampler {
  checkOptionNames('additivePenalty', options, ['frequency', 'presence', 'window', 'countPrompt']);
  const amount = (name: 'frequency' | 'presence'): number =>
    checkNumber('additivePenalty', name, options[name] ?? 0, 'a finite number');
  const frequency = amount('frequency');
  const presence = amount('presence');
  const { window, countPrompt } = checkCounting('additivePenalty', options);
  return additive('additive-penalty', { frequency, presence, window, countPrompt }, frequency, presence);
}

/** The options that say which tokens count. */
export interface Counting {
  readonly window: number | 'all';
  readonly countPrompt: boolean;
}

export function checkCounting(owner: string, options: Partial<Counting>, countPromptByDefault = false): Counting {
  const { window = 'all', countPrompt = countPromptByDefault } = options;
  if (window !== 'all') checkInteger(owner, 'window', window, 0);
  if (typeof countPrompt !== 'boolean') throw new ParameterError(owner, 'countPrompt', 'true or false', countPrompt);
  return { window, countPrompt };
}

/** A stage that subtracts count * frequency + presence from each token seen. */
export function additive(
  name: string,
  parameters: Counting & { readonly [key: string]: Json },
  frequency: number,
  presence: number,
): HostSampler & DeviceSampler {
  const off = frequency === 0 && presence === 0;
  const seen = (step: RowStep): Seen =>
    countSeen(countedTokens(step, parameters.window, parameters.countPrompt), step.vocabSize);
  return {
    name,
    parameters,
    kind: 'penalty',
    traits: {
      keepsArgMax: off,
      narrows: true,
    },
    onHost: (logits, step) => {
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
    onDevice: (logits, { rows }) => {
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
      return sub(logits, scatterND(tensor2d(places, undefined, 'int32'), tensor1d(amounts), logits.shape)) as Tensor2D;
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
  // Only what was counted is cleared, so a short history costs nothing in a large vocabulary.
  for (let i = 0; i < distinct; i++) {
    counts[i] = tally[ids[i]!]!;
    tally[ids[i]!] = 0;
  }
  return { ids: ids.subarray(0, distinct), counts };
}
