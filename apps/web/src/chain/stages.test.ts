import { defineSampler } from '@tokenwright/core';
import { choiceOption, customOption, integerOption, numberOption } from '@tokenwright/core/options';
import {
  chainFromJson,
  checkChain,
  createSamplerRegistry,
  describeSamplers,
  samplerRegistry,
  withTokenizer,
} from '@tokenwright/samplers';
import { expect, it } from 'vitest';
import { initialValues } from '../options/parameters.ts';
import { newStage } from './edit.ts';
import { stageSpecs, stageSpecsOf } from './stages.ts';
import { completed } from './token-words.ts';

const tokenizer = {
  vocabSize: 3,
  encode: (text: string) => Array.from(text, () => 1),
  decode: (ids: ArrayLike<number>) => Array.from(ids, (id) => 'abc'[id]).join(''),
};
const registry = withTokenizer(samplerRegistry, tokenizer as never);

it('offers every sampler that needs no code', () => {
  const offered = stageSpecs.map(({ name }) => name);
  const needsCode = ['prefix-allowed-tokens'];
  expect(Object.keys(samplerRegistry).filter((name) => !offered.includes(name))).toEqual(needsCode);
  expect(offered.filter((name) => !(name in samplerRegistry))).toEqual(['custom']);
  expect(new Set(offered).size).toBe(offered.length);
});

it.each(stageSpecs.filter(({ name }) => name !== 'custom').map((spec) => [spec.name, spec] as const))(
  '%s can be made as it is added, and with each of its parameters',
  (name, { parameters }) => {
    const stage = newStage(name);
    const given = parameters.flatMap((spec) => (spec.initial === undefined ? [] : [[spec.name, spec.initial]]));
    for (const values of [stage.parameters, Object.fromEntries(given)]) {
      const json = completed(values, samplerRegistry[name]!.definition!.options, tokenizer as never);
      expect(checkChain(chainFromJson([{ sampler: name, parameters: json }], registry))).toEqual([]);
    }
  },
);

it('makes the form of a registered sampler from its declaration', () => {
  const boredom = defineSampler({
    name: 'boredom',
    summary: 'Lower what was said lately',
    kind: 'penalty',
    options: {
      strength: numberOption({ min: 0, suggested: 0.5, help: 'How much' }),
      lookBack: integerOption({ min: 1, max: 64, default: 16, suggested: 16, help: 'How far' }),
      scope: choiceOption(['reply', 'all'], { default: 'reply', help: 'Of what' }),
      weigh: customOption<() => number>({
        kind: 'code',
        default: () => 1,
        help: 'A function',
        check: (_, __, value) => value as () => number,
      }),
    },
    create: () => ({ onHost() {} }),
  });
  const mine = { ...samplerRegistry, ...createSamplerRegistry([boredom]) };
  const spec = stageSpecsOf(describeSamplers(mine)).find(({ name }) => name === 'boredom')!;
  expect(spec).toEqual({
    name: 'boredom',
    group: 'Penalize',
    help: 'Lower what was said lately',
    parameters: [
      {
        name: 'strength',
        label: 'strength',
        help: 'How much',
        rare: false,
        initial: 0.5,
        usual: undefined,
        kind: 'number',
        from: 0,
        to: 1,
        step: 0.01,
      },
      {
        name: 'lookBack',
        label: 'look back',
        help: 'How far',
        rare: false,
        initial: 16,
        usual: 16,
        kind: 'number',
        from: 1,
        to: 64,
        step: 1,
      },
      {
        name: 'scope',
        label: 'scope',
        help: 'Of what',
        rare: true,
        initial: 'reply',
        usual: 'reply',
        kind: 'choice',
        choices: ['reply', 'all'],
      },
    ],
  });
  expect(chainFromJson([{ sampler: 'boredom', parameters: initialValues(spec.parameters) }], mine)).toHaveLength(1);
});

it.each([
  ['temperature', 'temperature', 0, 2, 0.01],
  ['top-k', 'k', 1, 80, 1],
  ['top-p', 'p', 0, 1, 0.01],
  ['min-p', 'p', 0, 1, 0.01],
  ['epsilon-cutoff', 'epsilon', 0, 0.02, 0.0001],
  ['presence-penalty', 'penalty', -1, 1, 0.01],
])('the slider of %s: %s goes from %d to %d', (stage, name, from, to, step) => {
  const spec = stageSpecs.find((candidate) => candidate.name === stage)!.parameters.find((p) => p.name === name)!;
  expect(spec).toMatchObject({ kind: 'number', from, to });
  expect((spec as { step: number }).step).toBeCloseTo(step, 9);
});
