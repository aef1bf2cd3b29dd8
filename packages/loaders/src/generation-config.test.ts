import { LoadError } from '@tokenwright/core';
import { describe, expect, it } from 'vitest';
import { readDefaults } from './generation-config.ts';

describe('readDefaults', () => {
  it('reads what holds for every way of decoding', () => {
    const generation = {
      eos_token_id: [2, 3],
      bos_token_id: 1,
      max_length: 64,
      max_new_tokens: 20,
      min_length: 0,
      min_new_tokens: 5,
      temperature: 0.8,
    };
    expect(readDefaults(generation, {}, 100)).toEqual({
      eosTokenIds: [2, 3],
      decoderStartTokenIds: [1],
      maxLength: 64,
      maxNewTokens: 20,
      minLength: 0,
      minNewTokens: 5,
    });
  });

  it('has nothing where the files say nothing', () => {
    expect(readDefaults({}, {}, 100)).toEqual({});
    expect(readDefaults({ eos_token_id: null, max_length: null }, { bos_token_id: null }, 100)).toEqual({});
  });

  it('asks config.json where generation_config.json is silent, and starts from the decoder token first', () => {
    const config = { eos_token_id: 7, bos_token_id: 5, decoder_start_token_id: 6, max_length: 12 };
    expect(readDefaults({ eos_token_id: 8 }, config, 100)).toEqual({
      eosTokenIds: [8],
      decoderStartTokenIds: [6],
      maxLength: 12,
    });
  });

  it('leaves out ids that the model cannot generate', () => {
    expect(readDefaults({ eos_token_id: [3, 50256], bos_token_id: 50256 }, {}, 96)).toEqual({ eosTokenIds: [3] });
  });

  it.each([
    [
      { eos_token_id: '2' },
      'generation_config.json: eos_token_id: must be a token id or a list of token ids, but is "2"',
    ],
    [{ eos_token_id: [1.5] }, 'but is [1.5]'],
    [{ eos_token_id: Number.NaN }, 'but is NaN'],
    [{ eos_token_id: [-Infinity] }, 'but is [-Infinity]'],
    [{ eos_token_id: Array(30).fill('x') }, 'but is a list of 30'],
    [{ max_length: 'x'.repeat(1000) }, /but is "x{76}\.\.\.$/],
    [{ bos_token_id: -1 }, 'bos_token_id'],
    [{ max_new_tokens: -5 }, 'generation_config.json: max_new_tokens: must be a count of tokens, but is -5'],
  ])('refuses %j', (generation, message) => {
    expect(() => readDefaults(generation, {}, 100)).toThrow(LoadError);
    expect(() => readDefaults(generation, {}, 100)).toThrow(message);
  });

  it('names config.json when the value is there', () => {
    expect(() => readDefaults({}, { max_length: 'long' }, 100)).toThrow(
      'config.json: max_length: must be a count of tokens, but is "long"',
    );
  });
});
