import { defineSampler } from '@tokenwright/core';
import { numberOption, type OptionsOf } from '@tokenwright/core/options';
import { countPrompt, window } from '../shared/options.ts';
import { additiveForms } from './additive-penalty.ts';

const options = {
  /** Subtracted for each occurrence of a token. Negative encourages; 0 is off. OpenAI and vLLM limit it to [-2, 2]. */
  penalty: numberOption({ off: 0, suggested: 0.5, help: 'Subtracted for each occurrence of a token' }),
  /** How many of the last tokens count, or 'all'. Default 'all' (vLLM); llama.cpp uses 64. */
  window,
  /** Whether the prompt counts. Default false (OpenAI, vLLM, web-llm); llama.cpp counts all that it was fed. */
  countPrompt: countPrompt(false),
};

export type FrequencyPenaltyOptions = OptionsOf<typeof options>;

/**
 * l -> l - count * penalty. In a window the count falls as tokens leave it.
 *
 * Multiplicative penalties come before it in llama.cpp and vLLM, and after it in web-llm: the order of the chain decides.
 * Removed tokens stay removed, NaN stays NaN.
 *
 * Example: logits [2, -2, 1], reply [0, 1, 0], penalty 0.5: [1, -2.5, 1].
 *
 * @see the OpenAI interface; llama.cpp, vLLM, web-llm
 * @example
 * ```ts
 * frequencyPenalty({ penalty: 0.5 });
 * ```
 */
export const frequencyPenalty = defineSampler({
  name: 'frequency-penalty',
  summary: 'Subtract PENALTY from a token for each time it occurred',
  source: 'OpenAI; llama.cpp, vLLM, web-llm',
  kind: 'penalty',
  options,
  create: ({ penalty, ...counting }) => additiveForms(penalty, 0, counting),
});
