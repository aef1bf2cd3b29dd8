import { ParameterError, type Sampler } from '@tokenwright/core';
import { checkNumber } from '@tokenwright/core/options';
import { minP } from '../filters/min-p.ts';
import { topA } from '../filters/top-a.ts';
import { topK } from '../filters/top-k.ts';
import { topP } from '../filters/top-p.ts';
import { greedy } from '../shaping/greedy.ts';
import { temperature } from '../shaping/temperature.ts';
import { buildPreset, type PresetStages } from './preset.ts';

/** The arguments of x-transformers' `generate()`, in camel case: one filter, and its arguments. */
export interface XTransformersOptions {
  /** Which filter runs. Default 'top_k'. */
  readonly filter?: 'top_k' | 'top_p' | 'min_p' | 'top_a' | 'none';
  /** For 'top_k': the share of the vocabulary that stays. Default 0.1. */
  readonly fracNumTokens?: number;
  /** For 'top_k': how many stay, in place of a share. Default none. */
  readonly k?: number | undefined;
  /** For 'top_p'. Default 0.9. */
  readonly thres?: number;
  /** For 'min_p'. Default 0.1. */
  readonly minP?: number;
  /** For 'top_a'. Default 2. */
  readonly minPPow?: number;
  /** For 'top_a'. Default 0.02. */
  readonly minPRatio?: number;
  /** 0 is greedy, without the filter; 1 is off. Default 1. */
  readonly temperature?: number;
}

type Filled = Required<XTransformersOptions>;

const defaults: Filled = {
  filter: 'top_k',
  fracNumTokens: 0.1,
  k: undefined,
  thres: 0.9,
  minP: 0.1,
  minPPow: 2,
  minPRatio: 0.02,
  temperature: 1,
};

const filters: Readonly<Record<Filled['filter'], (options: Filled) => Sampler | undefined>> = {
  top_k: ({ k, fracNumTokens: share }) => (k === undefined ? topK({ share }) : topK({ k })),
  top_p: ({ thres: p }) => topP({ p, border: 'at-most' }),
  min_p: ({ minP: p }) => minP({ p }),
  top_a: ({ minPPow: power, minPRatio: ratio }) => topA({ ratio, power }),
  none: () => undefined,
};

const stages: PresetStages<Filled> = [
  ['filter', (options) => (options.temperature === 0 ? undefined : filters[options.filter](options))],
  [
    'temperature',
    ({ temperature: t }) => {
      if (t === 0) return greedy();
      return t === 1 ? undefined : temperature({ temperature: t });
    },
  ],
];

/**
 * The chain of x-transformers: one filter, then the temperature. By default a tenth of the vocabulary stays (5,026 of 50,257
 * tokens); top-k keeps exactly k, top-p keeps a token when the mass before it is at most p.
 */
export function xTransformers(options: XTransformersOptions = {}): Sampler[] {
  const { filter = 'top_k', temperature = 1 } = options;
  if (!Object.hasOwn(filters, filter))
    throw new ParameterError('xTransformers', 'filter', `one of ${Object.keys(filters).join(', ')}`, filter);
  checkNumber('xTransformers', 'temperature', temperature, 'a number of at least 0', (value) => value >= 0);
  return buildPreset('xTransformers', options, defaults, stages);
}
