import { integerOption, numberOption, type OptionsOf } from '@tokenwright/core/options';
import { topK } from '../filters/top-k.ts';
import { temperature } from '../shaping/temperature.ts';
import { definePreset } from './preset.ts';

const options = {
  /** 0 is greedy, 1 is off. Default 1. */
  temperature: numberOption({ min: 0, default: 1, off: 1, help: 'Divisor of the logits; 0 is greedy' }),
  /** 0 is off. Default 40, as for the samples of the GPT-2 report. */
  topK: integerOption({ min: 0, default: 40, off: 0, help: 'How many tokens to keep' }),
};

/** The sampling arguments of OpenAI's GPT-2 code. */
export type Gpt2Options = OptionsOf<typeof options>;

/**
 * The chain of GPT-2's published samples: temperature, then top-k with k = 40, ties kept.
 *
 * Order, formulas and ties are those of `src/sample.py` of openai/gpt-2 at commit 9b63575ef427 (2024-01-26), whose own default is
 * `top_k` 0; the published samples have 40. Its later `top_p` is left out, and what it removes keeps the logit -1e10. The preset was not
 * compared with results of that code.
 *
 * @see Radford et al. 2019, "Language Models are Unsupervised Multitask Learners"
 * @example
 * ```ts
 * gpt2({ temperature: 0.7 });
 * ```
 */
export const gpt2 = definePreset({
  name: 'gpt2',
  summary: "The chain of OpenAI's GPT-2 samples",
  options,
  stages: ({ temperature: t, topK: k }) => [
    t === 1 ? undefined : temperature({ temperature: t }),
    k === 0 ? undefined : topK({ k, ties: 'keep-all' }),
  ],
});
