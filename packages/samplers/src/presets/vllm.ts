import type { Sampler } from '@tokenwright/core';
import { checkInteger, checkNumber } from '@tokenwright/core/options';
import { allowedTokens } from '../constraints/allowed-tokens.ts';
import { badWords } from '../constraints/bad-words.ts';
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
import { buildPreset, type PresetStages } from './preset.ts';

/** The sampling parameters of vLLM, in camel case. */
export interface VllmOptions {
  /** Empty is off. Default empty. */
  readonly allowedTokenIds?: readonly number[];
  /** As token lists: `badWordTokens(tokenizer, words)` makes them. Default empty. */
  readonly badWords?: readonly (readonly number[])[];
  /** Tokens of the reply before it may end. 0 is off. Default 0. */
  readonly minTokens?: number;
  /** All ids that `minTokens` holds back, end tokens too. Empty: the end tokens of the run. Default empty. */
  readonly stopTokenIds?: readonly number[];
  /** Added to logits by token id; values beyond 100 act as 100. Default none. */
  readonly logitBias?: Readonly<Record<number, number>>;
  /** 1 is off. Default 1. */
  readonly repetitionPenalty?: number;
  /** From -2 to 2; counts the reply. 0 is off. Default 0. */
  readonly frequencyPenalty?: number;
  /** From -2 to 2; counts the reply. 0 is off. Default 0. */
  readonly presencePenalty?: number;
  /** From 0 to 2. Below 1e-5 is greedy; from there to 0.01 acts as 0.01. Default 1. */
  readonly temperature?: number;
  /** 0 is off. Default 0. */
  readonly minP?: number;
  /** 0 or -1 is off. Default 0. */
  readonly topK?: number;
  /** In (0, 1]; 1 is off. Default 1. */
  readonly topP?: number;
}

const defaults: Required<VllmOptions> = {
  allowedTokenIds: [],
  badWords: [],
  minTokens: 0,
  stopTokenIds: [],
  logitBias: {},
  repetitionPenalty: 1,
  frequencyPenalty: 0,
  presencePenalty: 0,
  temperature: 1,
  minP: 0,
  topK: 0,
  topP: 1,
};

const isGreedy = (t: number): boolean => t < 1e-5;

/** A greedy row takes the arg max right after the penalties. */
const stages: PresetStages<Required<VllmOptions>> = [
  ['allowedTokenIds', ({ allowedTokenIds: tokens }) => (tokens.length === 0 ? undefined : allowedTokens({ tokens }))],
  ['badWords', ({ badWords: words }) => (words.length === 0 ? undefined : badWords({ words }))],
  [
    'minTokens',
    ({ minTokens: count, stopTokenIds: eosTokenIds }) => {
      if (count === 0) return undefined;
      return minNewTokens(eosTokenIds.length === 0 ? { count } : { count, eosTokenIds });
    },
  ],
  [
    'logitBias',
    ({ logitBias }) => {
      const entries = Object.entries(logitBias);
      if (entries.length === 0) return undefined;
      const bound = (bias: number): number => Math.max(-100, Math.min(100, bias));
      return tokenBias({ biases: Object.fromEntries(entries.map(([id, bias]) => [id, bound(bias)])) });
    },
  ],
  [
    'repetitionPenalty',
    ({ repetitionPenalty: penalty }) => (penalty === 1 ? undefined : repetitionPenalty({ penalty })),
  ],
  ['frequencyPenalty', ({ frequencyPenalty: penalty }) => (penalty === 0 ? undefined : frequencyPenalty({ penalty }))],
  ['presencePenalty', ({ presencePenalty: penalty }) => (penalty === 0 ? undefined : presencePenalty({ penalty }))],
  [
    'temperature',
    ({ temperature: t }) => {
      if (isGreedy(t)) return greedy();
      return t === 1 ? undefined : temperature({ temperature: Math.max(0.01, t) });
    },
  ],
  ['minP', ({ temperature, minP: p }) => (isGreedy(temperature) || p === 0 ? undefined : minP({ p }))],
  ['topK', ({ temperature, topK: k }) => (isGreedy(temperature) || k <= 0 ? undefined : topK({ k, ties: 'keep-all' }))],
  ['topP', ({ temperature, topP: p }) => (isGreedy(temperature) || p === 1 ? undefined : topP({ p }))],
];

/**
 * The chain of vLLM: allowed tokens, bad words, least length, bias, penalties (multiplicative first), temperature, min-p, top-k (ties kept), top-p (mass before a token below p).
 *
 * Built from vLLM's source; it was not compared with results of vLLM itself.
 */
export function vllm(options: VllmOptions = {}): Sampler[] {
  const { temperature, topK: k, topP: p } = options;
  if (temperature !== undefined)
    checkNumber('vllm', 'temperature', temperature, 'a number from 0 to 2', (value) => value >= 0 && value <= 2);
  for (const name of ['frequencyPenalty', 'presencePenalty'] as const)
    checkNumber('vllm', name, options[name] ?? 0, 'a number from -2 to 2', (value) => Math.abs(value) <= 2);
  if (k !== undefined) checkInteger('vllm', 'topK', k, -1);
  if (p !== undefined) checkNumber('vllm', 'topP', p, 'a number in (0, 1]', (value) => value > 0 && value <= 1);
  return buildPreset('vllm', options, defaults, stages);
}
