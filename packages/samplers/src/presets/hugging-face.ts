import { checkInteger, checkNumber, ParameterError, type Sampler } from '@tokenwright/core';
import { epsilon } from '../epsilon.ts';
import { eta } from '../eta.ts';
import { greedy } from '../greedy.ts';
import { minP } from '../min-p.ts';
import { repetitionPenalty } from '../repetition-penalty.ts';
import { temperature } from '../temperature.ts';
import { topH } from '../top-h.ts';
import { topK } from '../top-k.ts';
import { topP } from '../top-p.ts';
import { typical } from '../typical.ts';
import { buildPreset, type PresetStages } from './preset.ts';

/** The generation options of Hugging Face transformers, in camel case. */
export interface HuggingFaceOptions {
  /**
   * false: temperature and filters are left out, and the choice is greedy. Default true, as this is a preset for sampling;
   * `generate()` itself has false.
   */
  readonly doSample?: boolean;
  /** Above 0; 0 is refused there too. Default 1, off. */
  readonly temperature?: number;
  /** 0 is off. Default 50. */
  readonly topK?: number;
  /** 1 is off. Default 1. */
  readonly topP?: number;
  /** 0 is off. Default 0. */
  readonly minP?: number;
  /** 1 is off. Default 1. */
  readonly typicalP?: number;
  /** 0 is off. Default 0. */
  readonly epsilonCutoff?: number;
  /** 0 is off. Default 0. */
  readonly etaCutoff?: number;
  /** 0 is off. Default 0. */
  readonly topH?: number;
  /** 1 is off. Default 1. */
  readonly repetitionPenalty?: number;
  /** Default true; false leaves the prompt out, like `prompt_ignore_length` with the prompt's length. */
  readonly penalisePrompt?: boolean;
  /** The least that the filters keep: 1, or one more than the number of end tokens in beam sampling. Default 1. */
  readonly minTokensToKeep?: number;
  /** Your own stages: after the penalties and before the temperature, as `logits_processor` there. Default none. */
  readonly processors?: readonly Sampler[];
}

const defaults: Required<HuggingFaceOptions> = {
  doSample: true,
  temperature: 1,
  topK: 50,
  topP: 1,
  minP: 0,
  typicalP: 1,
  epsilonCutoff: 0,
  etaCutoff: 0,
  topH: 0,
  repetitionPenalty: 1,
  penalisePrompt: true,
  minTokensToKeep: 1,
  processors: [],
};

/** In the order in which `generate()` applies them; the filters only when sampling. */
const stages: PresetStages<Required<HuggingFaceOptions>> = [
  [
    'repetitionPenalty',
    ({ repetitionPenalty: penalty, penalisePrompt }) =>
      penalty === 1 ? undefined : repetitionPenalty({ penalty, countPrompt: penalisePrompt }),
  ],
  ['processors', ({ processors }) => processors],
  ['temperature', ({ doSample, temperature: t }) => (doSample && t !== 1 ? temperature({ t }) : undefined)],
  ['topH', ({ doSample, topH: h }) => (doSample && h !== 0 ? topH({ h }) : undefined)],
  [
    'topK',
    ({ doSample, topK: k, minTokensToKeep }) =>
      doSample && k !== 0 ? topK({ k: Math.max(k, minTokensToKeep), ties: 'keep-all' }) : undefined,
  ],
  [
    'topP',
    ({ doSample, topP: p, minTokensToKeep: minKeep }) => (doSample && p !== 1 ? topP({ p, minKeep }) : undefined),
  ],
  [
    'minP',
    ({ doSample, minP: p, minTokensToKeep: minKeep }) => (doSample && p !== 0 ? minP({ p, minKeep }) : undefined),
  ],
  [
    'typicalP',
    ({ doSample, typicalP: mass, minTokensToKeep: minKeep }) =>
      doSample && mass !== 1 ? typical({ mass, minKeep }) : undefined,
  ],
  [
    'epsilonCutoff',
    ({ doSample, epsilonCutoff, minTokensToKeep: minKeep }) =>
      doSample && epsilonCutoff !== 0 ? epsilon({ epsilon: epsilonCutoff, minKeep }) : undefined,
  ],
  [
    'etaCutoff',
    ({ doSample, etaCutoff, minTokensToKeep: minKeep }) =>
      doSample && etaCutoff !== 0 ? eta({ epsilon: etaCutoff, minKeep }) : undefined,
  ],
  ['doSample', ({ doSample }) => (doSample ? undefined : greedy())],
];

/**
 * The chain of Hugging Face transformers 4.47 to 5: penalties, your processors, temperature, top-H, top-k (ties kept), top-p
 * (mass before a token below p), min-p, typical, epsilon, eta.
 */
export function huggingFace(options: HuggingFaceOptions = {}): Sampler[] {
  const { temperature: t, topK: k, minTokensToKeep } = options;
  if (t !== undefined)
    checkNumber('huggingFace', 'temperature', t, 'a number above 0 (for greedy: doSample false)', (value) => value > 0);
  if (k !== undefined) checkInteger('huggingFace', 'topK', k, 0);
  if (minTokensToKeep !== undefined) checkInteger('huggingFace', 'minTokensToKeep', minTokensToKeep, 1);
  if (options.doSample !== undefined && typeof options.doSample !== 'boolean')
    throw new ParameterError('huggingFace', 'doSample', 'true or false', options.doSample);
  return buildPreset('huggingFace', options, defaults, stages);
}
