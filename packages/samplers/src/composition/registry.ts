import { checkOptionNames, type Sampler } from '@tokenwright/core';
import { adaptiveP } from '../adaptive-p.ts';
import { dynamicTemperature } from '../dynamic-temperature.ts';
import { epsilon } from '../epsilon.ts';
import { eta } from '../eta.ts';
import { greedy } from '../greedy.ts';
import { minP } from '../min-p.ts';
import { mirostat1 } from '../mirostat-1.ts';
import { mirostat2 } from '../mirostat-2.ts';
import { pLess } from '../p-less.ts';
import { repetitionPenalty } from '../repetition-penalty.ts';
import { tailFree } from '../tail-free.ts';
import { temperature } from '../temperature.ts';
import { topA } from '../top-a.ts';
import { topH } from '../top-h.ts';
import { topK } from '../top-k.ts';
import { topNSigma } from '../top-n-sigma.ts';
import { topP } from '../top-p.ts';
import { typical } from '../typical.ts';
import { xtc } from '../xtc.ts';

/** Makes a sampler from the `parameters` of an equal one. It checks them: they may come from a file. */
export type SamplerFactory = (parameters: never) => Sampler;

/** Factories by the name of the sampler that they make. */
export type SamplerRegistry = Readonly<Record<string, SamplerFactory>>;

/**
 * The samplers of this package that JSON can describe. `infill` is not among them: it needs the text of tokens, so add it with
 * that bound, as `{ ...samplerRegistry, infill: (parameters) => infill({ ...parameters, text }) }`.
 */
export const samplerRegistry: SamplerRegistry = {
  'adaptive-p': adaptiveP,
  'dynamic-temperature': dynamicTemperature,
  epsilon,
  eta,
  greedy: (parameters: object) => {
    checkOptionNames('greedy', parameters, []);
    return greedy();
  },
  'min-p': minP,
  'mirostat-1': mirostat1,
  'mirostat-2': mirostat2,
  'p-less': pLess,
  'repetition-penalty': repetitionPenalty,
  'tail-free': tailFree,
  temperature,
  'top-a': topA,
  'top-h': topH,
  'top-k': topK,
  'top-n-sigma': topNSigma,
  'top-p': topP,
  typical,
  xtc,
};
