import { afterEach, expect, test, vi } from 'vitest';
import { ParameterError } from '../../errors.ts';
import type { ChainWarning } from '../../sampling/check-chain.ts';
import type { Sampler, SamplerTraits } from '../../sampling/sampler.ts';
import { toyModel } from '../../testing/index.ts';
import { generate } from '../generate.ts';
import { sampling } from '../run/sampling.ts';

const traits: SamplerTraits = {
  keepsArgMax: true,
  narrows: true,
};
const controller: Sampler = { name: 'controller', kind: 'controller', traits, onHost: () => undefined };
const after = (name: string): Sampler => ({ name, traits, onHost: () => undefined });
const penalty: Sampler = { ...after('penalty'), traits: { ...traits, dependsOnZero: true } };
const model = toyModel();

afterEach(() => void vi.restoreAllMocks());

test('generate warns about a contradictory chain before the first token, and continues', async () => {
  const warnings: ChainWarning[] = [];
  const stream = generate(model, [1], {
    samplers: [controller, after('last')],
    maxNewTokens: 3,
    onWarning: (warning) => void warnings.push(warning),
  });
  expect(warnings).toMatchObject([{ rule: 'controller-not-last', stage: 0, sampler: 'controller' }]);
  expect((await stream).sequences[0]!.ids).toHaveLength(3);
});

test('without onWarning the console says it, once for each sentence', () => {
  const warn = vi.spyOn(console, 'warn').mockImplementation(() => undefined);
  for (let i = 0; i < 3; i++) generate(model, [1], { samplers: [controller, after('once')] });
  generate(model, [1], { samplers: [controller, after('other')] });
  generate(model, [1], { samplers: [after('sound')] });
  expect(warn.mock.calls.map(([line]) => String(line).slice(0, 24))).toEqual(
    new Array(2).fill("tokenwright: 'controller"),
  );
});

test('a strategy that gives log-probabilities is taken into account', () => {
  const told = (domain: string): string[] => {
    const rules: string[] = [];
    const strategy = { ...sampling(), parameters: { domain } };
    generate(model, [1], { samplers: [penalty], strategy, onWarning: ({ rule }) => void rules.push(rule) });
    return rules;
  };
  expect(told('logits')).toEqual([]);
  expect(told('log-probabilities')).toEqual(['penalty-on-log-probabilities']);
});

test('what cannot be called is refused', () => {
  expect(() => generate(model, [1], { onWarning: 'loud' as never })).toThrow(ParameterError);
});
