import { ParameterError, UnknownOptionError } from '@tokenwright/core';
import { expect, test } from 'vitest';
import { fromGenerationConfig, huggingFace, printChain } from '../index.ts';

const printed = (config: object, options = {}): string =>
  printChain(fromGenerationConfig(config as Record<string, unknown>, options).samplers);

test.each<[object, string]>([
  [{}, '(none)'],
  [{ bos_token_id: 0, eos_token_id: 0, max_new_tokens: 20, transformers_version: '5.0' }, '(none)'],
  [{ do_sample: true, temperature: 0.8, top_p: 0.95 }, 'temperature(temperature 0.8) > top-p(p 0.95, minKeep 1)'],
  [{ temperature: 0.8, top_k: null }, 'temperature(temperature 0.8)'],
  [{ top_k: 20 }, 'top-k(k 20, ties keep-all)'],
  [{ do_sample: false, temperature: 0.6, top_p: 0.9 }, 'greedy'],
  [{ no_repeat_ngram_size: 3, do_sample: false }, 'no-repeat-ngram(size 3, countPrompt true) > greedy'],
  [
    { sequence_bias: [[[5, 6], -1.5]], bad_words_ids: [[7]] },
    'sequence-bias(sequences [{"tokens":[5,6],"bias":-1.5}]) > bad-words(words [[7]])',
  ],
])('%j', (config, chain) => {
  expect(printed(config)).toBe(chain);
});

test("with Hugging Face's defaults an empty file is greedy, and sampling is from the first 50", () => {
  const absent = { absent: 'hugging-face' };
  expect(printed({}, absent)).toBe('greedy');
  expect(printed({ do_sample: true, top_p: 0.9 }, absent)).toBe(printChain(huggingFace({ topP: 0.9 })));
});

test('keys that ask for a strategy are named, not dropped in silence', () => {
  const config = { num_beams: 4, early_stopping: true, num_beam_groups: 1, penalty_alpha: 0.6, guidance_scale: null };
  expect(fromGenerationConfig(config).leftOut).toEqual(['num_beams', 'penalty_alpha']);
  expect(fromGenerationConfig({ num_beams: 1 }).leftOut).toEqual([]);
});

test('impossible values are typed errors', () => {
  expect(() => printed({ temperature: '0.8' })).toThrow(ParameterError);
  expect(() => printed({ top_p: 3 })).toThrow(ParameterError);
  expect(() => printed({ do_sample: 'yes' })).toThrow(ParameterError);
  expect(() => printed({ sequence_bias: { 5: 1 } })).toThrow(ParameterError);
  expect(() => printed({ sequence_bias: [[5]] })).toThrow(ParameterError);
  expect(() => printed([])).toThrow(ParameterError);
  expect(() => printed({}, { silent: true })).toThrow(UnknownOptionError);
  expect(() => printed({}, { absent: 'zero' })).toThrow(UnknownOptionError);
});
