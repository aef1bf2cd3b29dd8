import type { DeviceSampler, HostSampler } from '@tokenwright/core';
import { checkNumber, checkOptionNames } from '@tokenwright/core/options';
import { additive, checkCounting } from './additive-penalty.ts';

export interface PresencePenaltyOptions {
  /** Subtracted when a token was seen at all. Negative encourages; 0 is off. OpenAI and vLLM limit it to [-2, 2]. */
  readonly penalty: number;
  /** How many of the last tokens count, or 'all'. Default 'all' (vLLM); llama.cpp uses 64. */
  readonly window?: number | 'all';
  /** Whether the prompt's tokens count as seen. Default false (OpenAI, vLLM, web-llm); llama.cpp counts what it was fed. */
  readonly countPrompt?: boolean;
}

/**
 * l -> l - penalty for each distinct token seen, however often (the OpenAI interface; llama.cpp, vLLM, web-llm).
 *
 * Multiplicative penalties come before it in llama.cpp and vLLM, after it in web-llm: a matter of the order of the chain.
 * Removed tokens stay removed, NaN stays NaN.
 *
 * Example: logits [2, -2, 1], reply [0, 1, 0], penalty 0.5: [1.5, -2.5, 1].
 */
export function presencePenalty(options: PresencePenaltyOptions): HostSampler & DeviceSampler {
  checkOptionNames('presencePenalty', options, ['penalty', 'window', 'countPrompt']);
  const penalty = checkNumber('presencePenalty', 'penalty', options.penalty, 'a finite number');
  return additive('presence-penalty', { penalty, ...checkCounting('presencePenalty', options) }, 0, penalty);
}
