import { chainFromJson, checkChain, samplerRegistry } from '@tokenwright/samplers';
import { expect, it } from 'vitest';
import { newStage } from './edit.ts';
import { stageSpecs } from './stages.ts';

/** Those whose parameters the worker completes with the texts of tokens. */
const textual = ['regex', 'bad-words', 'custom'];

it('offers every sampler that JSON can describe', () => {
  const offered = stageSpecs.map(({ name }) => name);
  expect(Object.keys(samplerRegistry).filter((name) => !offered.includes(name))).toEqual([]);
  expect(new Set(offered).size).toBe(offered.length);
});

it.each(stageSpecs.filter(({ name }) => !textual.includes(name)).map((spec) => [spec.name, spec] as const))(
  '%s can be made as it is added, and with each of its parameters',
  (name, { parameters }) => {
    const stage = newStage(name);
    const all = { ...stage.parameters, ...Object.fromEntries(parameters.map((spec) => [spec.name, spec.initial])) };
    for (const given of [stage.parameters, all])
      expect(checkChain(chainFromJson([{ sampler: name, parameters: given }]))).toEqual([]);
  },
);
