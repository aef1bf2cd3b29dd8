import type { Sampler } from '@tokenwright/core';
import {
  choiceOption,
  integerOption,
  numberOption,
  type OptionsOf,
  type OptionValues,
  optional,
} from '@tokenwright/core/options';
import { topK } from '../compat/top-k.ts';
import { topP } from '../compat/top-p.ts';
import { minP } from '../filters/min-p.ts';
import { topA } from '../filters/top-a.ts';
import { greedy } from '../shaping/greedy.ts';
import { temperature } from '../shaping/temperature.ts';
import { definePreset } from './preset.ts';

const options = {
  /** The filter. Default 'top_k'. */
  filter: choiceOption(['top_k', 'top_p', 'min_p', 'top_a', 'none'], { default: 'top_k', help: 'The filter' }),
  /** For 'top_k': the share of the vocabulary to keep. Default 0.1. */
  fracNumTokens: numberOption({
    above: 0,
    max: 1,
    default: 0.1,
    help: "For 'top_k': the share of the vocabulary to keep",
  }),
  /** For 'top_k': how many tokens to keep, in place of a share. Default none. */
  k: optional(integerOption({ min: 1, help: "For 'top_k': how many tokens to keep, in place of a share" })),
  /** For 'top_p'. Default 0.9. */
  thres: numberOption({ min: 0, max: 1, default: 0.9, off: 1, help: "For 'top_p': probability mass to keep" }),
  /** For 'min_p'. Default 0.1. */
  minP: numberOption({ min: 0, max: 1, default: 0.1, off: 0, help: "For 'min_p': share of the largest probability" }),
  /** For 'top_a'. Default 2. */
  minPPow: numberOption({ min: 0, default: 2, help: "For 'top_a': exponent of the largest probability" }),
  /** For 'top_a'. Default 0.02. */
  minPRatio: numberOption({ min: 0, max: 1, default: 0.02, off: 0, help: "For 'top_a': factor" }),
  /** 0 is greedy, without the filter; 1 is off. Default 1. */
  temperature: numberOption({ min: 0, default: 1, off: 1, help: 'Divisor of the logits; 0 is greedy' }),
};

/** The arguments of x-transformers' `generate()`, in camelCase: one filter and its arguments. */
export type XTransformersOptions = OptionsOf<typeof options>;

type Values = OptionValues<typeof options>;

const filters: Readonly<Record<Values['filter'], (values: Values) => Sampler | undefined>> = {
  top_k: ({ k, fracNumTokens: share }) => (k === undefined ? topK({ share }) : topK({ k })),
  top_p: ({ thres: p }) => topP({ p, border: 'at-most' }),
  min_p: ({ minP: p }) => minP({ p }),
  top_a: ({ minPPow: power, minPRatio: ratio }) => topA({ ratio, power }),
  none: () => undefined,
};

/**
 * The chain of x-transformers: one filter, then the temperature. By default a tenth of the vocabulary stays (5,026 of 50,257
 * tokens); top-k keeps exactly k, top-p keeps a token when the mass before it is at most p. As at commit 9252ed7838021.
 *
 * @example
 * ```ts
 * xTransformers({ filter: 'top_p', thres: 0.95 });
 * ```
 */
export const xTransformers = definePreset({
  name: 'x-transformers',
  summary: 'The chain of x-transformers: one filter, then the temperature',
  options,
  stages(values) {
    const { filter, temperature: t } = values;
    if (t === 0) return [greedy()];
    return [filters[filter](values), t === 1 ? undefined : temperature({ temperature: t })];
  },
});
