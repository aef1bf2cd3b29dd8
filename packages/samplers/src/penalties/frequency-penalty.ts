import type { DeviceSampler, HostSampler } from '@tokenwright/core';
import { checkNumber, checkOptionNames } from '@tokenwright/core/options';
import { additive, checkCounting } from './additive-penalty.ts';

export interface FrequencyPenaltyOptions {
  /** Subtracted for each time a token was seen. Negative encourages; 0 is off. OpenAI and vLLM limit it to [-2, 2]. */
  readonly penalty: number;
  /** How many of the last tokens count, or 'all'. Default 'all' (vLLM); llama.cpp uses 64. */
  readonly window?: number | 'all';
  /** Whether the prompt's tokens count as seen. Default false (OpenAI, vLLM, web-llm); llama.cpp counts what it was fed. */
  readonly countPrompt?: boolean;
}

/**
 * l -> l - count * penalty (the OpenAI interface; llama.cpp, vLLM, web-llm). In a window the count falls as tokens leave it.
 *
 * Multiplicative penalties come before it in llama.cpp and vLLM, after it in web-llm: a matter of the order of the chain.
 * Removed tokens stay removed, NaN stays NaN.
 *
 * Example: logits [2, -2, 1], reply [0, 1, 0], penalty 0.5: [1, -2.5, 1].
 */
export function frequencyPenalty(options: FrequencyPenaltyOptions): HostSampler & DeviceSampler {
  checkOptionNames('frequencyPenalty', options, ['penalty', 'window', 'countPrompt']);
  const penalty = checkNumber('frequencyPenalty', 'penalty', options.penalty, 'a finite number');
  return additive('frequency-penalty', { penalty, ...checkCounting('frequencyPenalty', options) }, penalty, 0);
}
