import { integerOption, numberOption, type OptionsOf, tokenListsOption, tokensOption } from '@tokenwright/core/options';
import { badWords } from '../compat/bad-words.ts';
import { allowedTokens } from '../constraints/allowed-tokens.ts';
import { minNewTokens } from '../constraints/min-new-tokens.ts';
import { minP } from '../filters/min-p.ts';
import { topK } from '../filters/top-k.ts';
import { topP } from '../filters/top-p.ts';
import { frequencyPenalty } from '../penalties/frequency-penalty.ts';
import { presencePenalty } from '../penalties/presence-penalty.ts';
import { repetitionPenalty } from '../penalties/repetition-penalty.ts';
import { tokenBias } from '../penalties/token-bias.ts';
import { greedy } from '../shaping/greedy.ts';
import { temperature } from '../shaping/temperature.ts';
import { definePreset } from './preset.ts';

const options = {
  /** Empty is off. Default empty. */
  allowedTokenIds: tokensOption({ default: [], off: [], help: 'The only tokens that can be sampled' }),
  /** As lists of tokens: `badWordTokens(tokenizer, words)` makes them. They are looked for in the reply. Empty is off. Default empty. */
  badWords: tokenListsOption({ default: [], off: [], help: 'Sequences of tokens that must not occur' }),
  /** Tokens of the reply before it may end. 0 is off. Default 0. */
  minTokens: integerOption({ min: 0, default: 0, off: 0, help: 'Tokens that the reply must have before it may end' }),
  /** All ids that `minTokens` delays, end tokens included. Empty: the end tokens of the run. Default empty. */
  stopTokenIds: tokensOption({ default: [], help: "Ids that minTokens delays; empty for the run's end tokens" }),
  /** Added to logits by token id; values beyond 100 act as 100. Default none. */
  logitBias: {
    ...tokenBias.definition.options.biases,
    optional: true as const,
    default: {},
    off: {},
    help: 'Amounts by token id, bounded to 100',
  },
  /** 1 is off. Default 1. */
  repetitionPenalty: numberOption({ above: 0, default: 1, off: 1, help: 'Above 1 discourages tokens that occurred' }),
  /** From -2 to 2; counts the reply. 0 is off. Default 0. */
  frequencyPenalty: numberOption({
    min: -2,
    max: 2,
    default: 0,
    off: 0,
    help: 'Subtracted for each occurrence of a token',
  }),
  /** From -2 to 2; counts the reply. 0 is off. Default 0. */
  presencePenalty: numberOption({
    min: -2,
    max: 2,
    default: 0,
    off: 0,
    help: 'Subtracted once from each token that occurred',
  }),
  /** From 0 to 2. 0 is greedy; up to 0.01 acts as 0.01. Default 1. */
  temperature: numberOption({ min: 0, max: 2, default: 1, off: 1, help: 'Divisor of the logits; 0 is greedy' }),
  /** 0 is off. Default 0. */
  minP: numberOption({ min: 0, max: 1, default: 0, off: 0, help: 'Share of the largest probability' }),
  /** 0 or -1 is off. Default 0. */
  topK: integerOption({ min: -1, default: 0, off: 0, help: 'How many tokens to keep' }),
  /** In (0, 1]; 1 is off. Default 1. */
  topP: numberOption({ above: 0, max: 1, default: 1, off: 1, help: 'Probability mass to keep' }),
};

/** The sampling parameters of vLLM, in camelCase. */
export type VllmOptions = OptionsOf<typeof options>;

const bounded = (bias: number): number => Math.max(-100, Math.min(100, bias));

/**
 * The chain of vLLM: allowed tokens, bad words, minimum length, bias, penalties (multiplicative first), temperature, min-p,
 * top-k (ties kept), top-p (mass before a token below p). A greedy row takes the arg max right after the penalties.
 *
 * Order, defaults and formulas are those of vLLM on GitHub, read on 2026-12-01: `sampling_params.py` at
 * commit 00388f6573cc, `v1/sample` (`sampler.py` at 3e342658b2e9, `ops/topk_topp_sampler.py` at 01fa3fe74b05) in its PyTorch form; its
 * GPU kernels may keep fewer of the tokens that tie. It was not compared with results of vLLM.
 *
 * @example
 * ```ts
 * vllm({ temperature: 0.7, topP: 0.9 });
 * ```
 */
export const vllm = definePreset({
  name: 'vllm',
  summary: 'The chain of vLLM',
  options,
  names: {
    allowedTokens: { tokens: 'allowedTokenIds' },
    badWords: { words: 'badWords' },
    minNewTokens: { count: 'minTokens', eosTokenIds: 'stopTokenIds' },
    tokenBias: { biases: 'logitBias' },
  },
  stages(values) {
    const { allowedTokenIds, minTokens: count, stopTokenIds, temperature: t, topK: k } = values;
    const biases = Object.entries(values.logitBias).map(([id, bias]) => [id, bounded(Number(bias))] as const);
    const before = [
      allowedTokenIds.length === 0 ? undefined : allowedTokens({ tokens: allowedTokenIds }),
      values.badWords.length === 0
        ? undefined
        : badWords({ words: values.badWords, countPrompt: false, sparesEnd: false }),
      count === 0
        ? undefined
        : minNewTokens({ count, eosTokenIds: stopTokenIds.length === 0 ? undefined : stopTokenIds }),
      biases.length === 0 ? undefined : tokenBias({ biases: Object.fromEntries(biases) }),
      values.repetitionPenalty === 1 ? undefined : repetitionPenalty({ penalty: values.repetitionPenalty }),
      values.frequencyPenalty === 0 ? undefined : frequencyPenalty({ penalty: values.frequencyPenalty }),
      values.presencePenalty === 0 ? undefined : presencePenalty({ penalty: values.presencePenalty }),
    ];
    if (t === 0) return [...before, greedy()];
    return [
      ...before,
      t === 1 ? undefined : temperature({ temperature: Math.max(0.01, t) }),
      values.minP === 0 ? undefined : minP({ p: values.minP }),
      k <= 0 ? undefined : topK({ k, ties: 'keep-all' }),
      values.topP === 1 ? undefined : topP({ p: values.topP }),
    ];
  },
});
