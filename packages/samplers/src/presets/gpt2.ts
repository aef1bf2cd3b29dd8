import type { Sampler } from '@tokenwright/core';
import { checkInteger } from '@tokenwright/core/options';
import { topK } from '../filters/top-k.ts';
import { temperature } from '../shaping/temperature.ts';
import { buildPreset, type PresetStages } from './preset.ts';

/** The sampling arguments of OpenAI's GPT-2 code. */
export interface Gpt2Options {
  /** 0 is greedy, 1 is off. Default 1. */
  readonly temperature?: number;
  /** 0 is off. Default 40, with which the samples of the GPT-2 report were drawn. */
  readonly topK?: number;
}

const stages: PresetStages<Required<Gpt2Options>> = [
  ['temperature', ({ temperature: t }) => (t === 1 ? undefined : temperature({ temperature: t }))],
  ['topK', ({ topK: k }) => (k === 0 ? undefined : topK({ k, ties: 'keep-all' }))],
];

/**
 * How GPT-2's published samples were drawn: temperature, then top-k with k = 40, ties kept (Radford et al. 2019).
 *
 * It was not compared with results of that code itself.
 */
export function gpt2(options: Gpt2Options = {}): Sampler[] {
  if (options.topK !== undefined) checkInteger('gpt2', 'topK', options.topK, 0);
  return buildPreset('gpt2', options, { temperature: 1, topK: 40 }, stages);
}
