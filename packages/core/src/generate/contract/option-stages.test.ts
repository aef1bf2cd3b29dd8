import { describe, expect, it } from 'vitest';
import { withPlaces } from '../../sampling/chain/stages.ts';
import type { HostSampler } from '../../sampling/sampler.ts';
import { candidatesOf, shaped, type TestRowOptions } from '../../testing/samplers/sampler-cases.ts';
import { chainOf } from './option-stages.ts';
import type { GenerateOptions } from './options.ts';
import { resolveOptions } from './resolve-options.ts';

const mine: HostSampler = { name: 'mine', onHost: () => undefined };
const chain = (options: GenerateOptions) =>
  chainOf(resolveOptions('generate', { samplers: [], ...options }, {}).options);
const names = (options: GenerateOptions) => chain(options).map(({ name }) => name);
/** What is left of 40 tokens with equal logits. */
const left = (options: GenerateOptions, row: TestRowOptions) =>
  candidatesOf(shaped(chain(options), new Array<number>(40).fill(0), row));
const all = Array.from({ length: 40 }, (_, id) => id);

describe('the chain of a call', () => {
  it('is that of the caller where no option adds to it', () => {
    expect(names({ samplers: [mine] })).toEqual(['mine']);
    expect(names({ samplers: [mine], minNewTokens: 3 })).toEqual(['mine']);
  });

  it('has the minimum before the stages of the caller, and forced tokens after them', () => {
    expect(names({ samplers: [mine], minLength: 3, eosTokenIds: [1], forcedEosTokenId: 1 })).toEqual([
      'minimum-length',
      'mine',
      'forced-tokens',
    ]);
  });
});

it('places are those in the chain of the caller', () => {
  const places = (options: GenerateOptions) => withPlaces(chain(options)).map(({ index }) => index);
  expect(places({ samplers: [mine, mine] })).toEqual([0, 1]);
  expect(places({ samplers: [mine, mine], minLength: 3, eosTokenIds: [1], forcedEosTokenId: 1 })).toEqual([
    -1, 0, 1, 2,
  ]);
  expect(places({})).toEqual([]);
});

describe('minimum-length', () => {
  const eosTokenIds = [2, 33];
  const without = all.filter((id) => !eosTokenIds.includes(id));

  it('removes the end tokens up to the minimum number of new tokens', () => {
    const options = { minNewTokens: 2, eosTokenIds };
    expect(left(options, { prompt: [0, 0], generated: [], eosTokenIds })).toEqual(without);
    expect(left(options, { prompt: [0, 0], generated: [1], eosTokenIds })).toEqual(without);
    expect(left(options, { prompt: [0, 0], generated: [1, 1], eosTokenIds })).toEqual(all);
  });

  it('removes them up to the minimum length', () => {
    const options = { minLength: 3, eosTokenIds };
    expect(left(options, { prompt: [0, 0], eosTokenIds })).toEqual(without);
    expect(left(options, { prompt: [0, 0], generated: [1], eosTokenIds })).toEqual(all);
  });

  it('bears an end token that the model does not have', () => {
    expect(left({ minLength: 3, eosTokenIds: [99] }, { prompt: [0], eosTokenIds: [99] })).toEqual(all);
  });
});

describe('forced tokens', () => {
  it('apply right after a start token, and nowhere else', () => {
    expect(left({ forcedBosTokenId: 7 }, { prompt: [0] })).toEqual([7]);
    expect(left({ forcedBosTokenId: 7 }, { prompt: [0], generated: [7] })).toEqual(all);
    expect(left({ forcedBosTokenId: 7 }, { prompt: [0, 0] })).toEqual(all);
  });

  it('apply where the maximum length is reached', () => {
    expect(left({ forcedEosTokenId: 9 }, { prompt: [0], generated: [1, 1], maxLength: 4 })).toEqual([9]);
    expect(left({ forcedEosTokenId: 9 }, { prompt: [0], generated: [1], maxLength: 4 })).toEqual(all);
  });

  it('end rather than begin where only one fits', () => {
    expect(left({ forcedBosTokenId: 7, forcedEosTokenId: 9 }, { prompt: [0], maxLength: 2 })).toEqual([9]);
  });
});
