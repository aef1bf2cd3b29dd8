import { checkInteger, checkNumber, type Sampler } from '@tokenwright/core';
import { greedy } from '../greedy.ts';
import { minP } from '../min-p.ts';
import { repetitionPenalty } from '../repetition-penalty.ts';
import { temperature } from '../temperature.ts';
import { topK } from '../top-k.ts';
import { topP } from '../top-p.ts';
import { buildPreset, type PresetStages } from './preset.ts';

/** The sampling parameters of vLLM, in camel case. */
export interface VllmOptions {
  /** 1 is off. Default 1. */
  readonly repetitionPenalty?: number;
  /** From 0 to 2. Below 1e-5 is greedy; from there to 0.01 acts as 0.01. Default 1. */
  readonly temperature?: number;
  /** 0 is off. Default 0. */
  readonly minP?: number;
  /** 0 or -1 is off. Default 0. */
  readonly topK?: number;
  /** In (0, 1]; 1 is off. Default 1. */
  readonly topP?: number;
}

const defaults: Required<VllmOptions> = { repetitionPenalty: 1, temperature: 1, minP: 0, topK: 0, topP: 1 };

const isGreedy = (t: number): boolean => t < 1e-5;

/** A greedy row takes the arg max right after the penalties. */
const stages: PresetStages<Required<VllmOptions>> = [
  [
    'repetitionPenalty',
    ({ repetitionPenalty: penalty }) => (penalty === 1 ? undefined : repetitionPenalty({ penalty })),
  ],
  [
    'temperature',
    ({ temperature: t }) => {
      if (isGreedy(t)) return greedy();
      return t === 1 ? undefined : temperature({ t: Math.max(0.01, t) });
    },
  ],
  ['minP', ({ temperature: t, minP: p }) => (isGreedy(t) || p === 0 ? undefined : minP({ p }))],
  ['topK', ({ temperature: t, topK: k }) => (isGreedy(t) || k <= 0 ? undefined : topK({ k, ties: 'keep-all' }))],
  ['topP', ({ temperature: t, topP: p }) => (isGreedy(t) || p === 1 ? undefined : topP({ p }))],
];

/**
 * The chain of vLLM: penalties, temperature, min-p, top-k (ties kept), top-p (mass before a token below p).
 *
 * Built from vLLM's source; it was not compared with results of vLLM itself.
 */
export function vllm(options: VllmOptions = {}): Sampler[] {
  const { temperature: t, topK: k, topP: p } = options;
  if (t !== undefined)
    checkNumber('vllm', 'temperature', t, 'a number from 0 to 2', (value) => value >= 0 && value <= 2);
  if (k !== undefined) checkInteger('vllm', 'topK', k, -1);
  if (p !== undefined) checkNumber('vllm', 'topP', p, 'a number in (0, 1]', (value) => value > 0 && value <= 1);
  return buildPreset('vllm', options, defaults, stages);
}
