import type { Sampler } from '@tokenwright/core';
import { find } from '../shared/factory.ts';
import type { NamedSampler } from './chain-suite.ts';
import type { LlamaRow } from './samplers.ts';

type Numbers = Readonly<Record<string, number>>;

/** llama.cpp's names of stages, and the equivalent options of our preset. */
const stages: Readonly<
  Record<string, readonly [stage: string, options: (params: Numbers, golden: LlamaRow) => object]>
> = {
  top_k: ['top_k', ({ k }) => ({ topK: k })],
  top_p: ['top_p', ({ p, min_keep }) => ({ topP: p, minKeep: min_keep })],
  min_p: ['min_p', ({ p, min_keep }) => ({ minP: p, minKeep: min_keep })],
  typical: ['typ_p', ({ p, min_keep }) => ({ typicalP: p, minKeep: min_keep })],
  temp: ['temperature', ({ temp }) => ({ temperature: temp })],
  temp_ext: [
    'temperature',
    ({ temp, delta, exponent }) => ({ temperature: temp, dynatempRange: delta, dynatempExponent: exponent }),
  ],
  top_n_sigma: ['top_n_sigma', ({ n }) => ({ topNSigma: n })],
  xtc: [
    'xtc',
    ({ probability, threshold, min_keep }) => ({
      xtcProbability: probability,
      xtcThreshold: threshold,
      minKeep: min_keep,
    }),
  ],
  penalties: [
    'penalties',
    ({ penalty_last_n, repeat, freq, present }) => ({
      // llama.cpp's programs replace -1 by the context size. The goldens were recorded with the sampler alone, which treats -1 as 0.
      repeatLastN: Math.max(0, penalty_last_n!),
      repeatPenalty: repeat,
      frequencyPenalty: freq,
      presencePenalty: present,
    }),
  ],
  dry: [
    'dry',
    ({ multiplier, base, allowed_length, penalty_last_n }, { seq_breakers = [] }) => ({
      dryMultiplier: multiplier,
      dryBase: base,
      dryAllowedLength: allowed_length,
      dryPenaltyLastN: penalty_last_n,
      drySequenceBreakers: seq_breakers,
    }),
  ],
};

/** The same chain as the preset `llamaCpp` makes it; undefined when it has a stage that the preset does not support. */
export function presetChain(samplers: readonly NamedSampler[], golden: LlamaRow): readonly Sampler[] | undefined {
  const parts = samplers.map(({ name, params }) => {
    const entry = stages[name];
    return entry && { stage: entry[0], options: entry[1](params as Numbers, golden) };
  });
  if (parts.some((part) => part === undefined)) return undefined;
  const options = Object.assign({}, ...parts.map((part) => part!.options));
  return find<readonly Sampler[]>('preset', 'llamaCpp')({ ...options, samplers: parts.map((part) => part!.stage) });
}
