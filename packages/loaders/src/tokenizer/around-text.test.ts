import { LoadError } from '@tokenwright/core';
import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../sources/json.ts';
import { createTokenizer } from './tokenizer.ts';

const sequence = { Sequence: { id: 'A', type_id: 0 } };
const special = (id: string) => ({ SpecialToken: { id, type_id: 0 } });
const template = (...single: object[]): JsonObject => ({
  type: 'TemplateProcessing',
  single,
  pair: [...single, { Sequence: { id: 'B', type_id: 1 } }],
  special_tokens: {
    '<s>': { id: '<s>', ids: [2], tokens: ['<s>'] },
    '</s>': { id: '</s>', ids: [3], tokens: ['</s>'] },
    '<lang>': { id: '<lang>', ids: [4], tokens: ['<lang>'] },
  },
});
const byteLevel: JsonObject = { type: 'ByteLevel', add_prefix_space: true, trim_offsets: false, use_regex: true };
const names = { bos_token: '<s>', eos_token: { content: '</s>' } };

/** The ids of 'Hi' (0, 1). */
function encoded(post_processor: JsonObject | null, config: JsonObject): number[] {
  const tokenizer = createTokenizer(
    {
      added_tokens: ['<s>', '</s>', '<lang>'].map((content, at) => ({
        id: 2 + at,
        content,
        single_word: false,
        lstrip: false,
        rstrip: false,
        normalized: false,
        special: true,
      })),
      post_processor,
      model: { type: 'BPE', vocab: { H: 0, i: 1 }, merges: [] },
    },
    config,
  );
  expect(tokenizer.encode('Hi', { addSpecialTokens: false })).toEqual([0, 1]);
  return tokenizer.encode('Hi');
}

describe('add_bos_token and add_eos_token', () => {
  it.each<[string, JsonObject | null, JsonObject, number[]]>([
    ['a begin token beside a processor without one', byteLevel, { add_bos_token: true, ...names }, [2, 0, 1]],
    ['both without a processor', null, { add_bos_token: true, add_eos_token: true, ...names }, [2, 0, 1, 3]],
    [
      'an end token beside the begin token of a template',
      template(special('<s>'), sequence),
      { add_bos_token: true, add_eos_token: true, ...names },
      [2, 0, 1, 3],
    ],
    [
      'a begin token in a template without one',
      template(special('<lang>'), sequence),
      { add_bos_token: true, ...names },
      [2, 4, 0, 1],
    ],
    ['no begin token', template(special('<s>'), sequence), { add_bos_token: false, ...names }, [0, 1]],
    [
      'no begin token, and the rest of the template',
      template(special('<s>'), special('<lang>'), sequence, special('</s>')),
      { add_bos_token: false, ...names },
      [4, 0, 1, 3],
    ],
    [
      'no end token',
      template(special('<s>'), sequence, special('</s>')),
      { add_eos_token: false, ...names },
      [2, 0, 1],
    ],
    [
      'one inside a sequence of processors',
      { type: 'Sequence', processors: [byteLevel, template(special('<s>'), sequence)] },
      { add_bos_token: false, add_eos_token: true, ...names },
      [0, 1, 3],
    ],
    ['what the template says, without flags', template(special('<s>'), sequence), names, [2, 0, 1]],
    [
      'what the template says, with flags that agree',
      template(special('<s>'), sequence),
      { add_bos_token: true, add_eos_token: false, ...names },
      [2, 0, 1],
    ],
    ['the tokens of the class', null, { add_bos_token: true, tokenizer_class: 'LlamaTokenizerFast' }, [2, 0, 1]],
    [
      'nothing, with flags that are null',
      template(special('<s>'), sequence),
      { add_bos_token: null, ...names },
      [2, 0, 1],
    ],
  ])('give %s', (_, processor, config, expected) => {
    expect(encoded(processor, config)).toEqual(expected);
  });

  it.each<[string, JsonObject, string]>([
    ['a flag that is not a boolean', { add_bos_token: 'yes', ...names }, 'add_bos_token: must be true or false'],
    ['a token that is not named', { add_bos_token: true }, 'add_bos_token: is true, but there is no bos_token'],
    [
      'a token that is null',
      { add_bos_token: true, bos_token: null, tokenizer_class: 'LlamaTokenizer' },
      'there is no bos_token',
    ],
    ['a token that does not exist', { add_eos_token: true, eos_token: '<end>' }, "eos_token is '<end>'"],
  ])('refuse %s', (_, config, message) => {
    expect(() => encoded(null, config)).toThrow(LoadError);
    expect(() => encoded(null, config)).toThrow(message);
  });
});
