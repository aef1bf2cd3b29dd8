import { LoadError } from '@tokenwright/core';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { JsonObject } from '../sources/json.ts';
import { changed, changes, fuzzRuns, type Json } from '../testing/mutations.ts';
import { refusal } from '../testing/survival.ts';
import { createTokenizer } from './tokenizer.ts';

const special = (content: string, id: number): Json => ({
  id,
  content,
  single_word: false,
  lstrip: false,
  rstrip: false,
  normalized: false,
  special: true,
});
const around: Json = {
  type: 'TemplateProcessing',
  single: [{ SpecialToken: { id: '<s>', type_id: 0 } }, { Sequence: { id: 'A', type_id: 0 } }],
  pair: [{ Sequence: { id: 'A', type_id: 0 } }, { Sequence: { id: 'B', type_id: 1 } }],
  special_tokens: { '<s>': { id: '<s>', ids: [0], tokens: ['<s>'] } },
};

/** One tokenizer of each kind, with the parts that real ones have. */
const tokenizers: readonly Json[] = [
  {
    version: '1.0',
    added_tokens: [special('<s>', 0)],
    normalizer: { type: 'NFC' },
    pre_tokenizer: {
      type: 'Sequence',
      pretokenizers: [
        { type: 'Split', pattern: { Regex: "\\p{N}{1,3}|'s" }, behavior: 'Isolated', invert: false },
        { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true },
      ],
    },
    post_processor: around,
    decoder: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true },
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: null,
      ignore_merges: false,
      vocab: { '<s>': 0, a: 1, b: 2, Ġ: 3, ab: 4, Ġa: 5 },
      merges: [
        ['a', 'b'],
        ['Ġ', 'a'],
      ],
    },
  },
  {
    version: '1.0',
    added_tokens: [special('<s>', 0)],
    normalizer: {
      type: 'Sequence',
      normalizers: [
        { type: 'Prepend', prepend: '▁' },
        { type: 'Replace', pattern: { String: ' ' }, content: '▁' },
      ],
    },
    pre_tokenizer: null,
    post_processor: around,
    decoder: {
      type: 'Sequence',
      decoders: [
        { type: 'Replace', pattern: { String: '▁' }, content: ' ' },
        { type: 'ByteFallback' },
        { type: 'Fuse' },
        { type: 'Strip', content: ' ', start: 1, stop: 0 },
      ],
    },
    model: {
      type: 'BPE',
      unk_token: '<s>',
      fuse_unk: true,
      byte_fallback: true,
      vocab: { '<s>': 0, '<0x61>': 1, '▁': 2, a: 3, '▁a': 4 },
      merges: ['▁ a'],
    },
  },
  {
    added_tokens: [special('<unk>', 0)],
    normalizer: { type: 'Lowercase' },
    pre_tokenizer: { type: 'Metaspace', replacement: '▁', prepend_scheme: 'always', split: true },
    post_processor: null,
    decoder: { type: 'Metaspace', replacement: '▁', prepend_scheme: 'always' },
    model: {
      type: 'Unigram',
      unk_id: 0,
      vocab: [
        ['<unk>', 0],
        ['▁', -1],
        ['a', -2],
        ['b', -2.5],
        ['▁a', -1.5],
      ],
    },
  },
  {
    added_tokens: [special('[UNK]', 0)],
    normalizer: { type: 'BertNormalizer', clean_text: true, handle_chinese_chars: true, lowercase: true },
    pre_tokenizer: { type: 'BertPreTokenizer' },
    post_processor: { type: 'BertProcessing', sep: ['[UNK]', 0], cls: ['[UNK]', 0] },
    decoder: { type: 'WordPiece', prefix: '##', cleanup: true },
    model: {
      type: 'WordPiece',
      unk_token: '[UNK]',
      continuing_subword_prefix: '##',
      max_input_chars_per_word: 100,
      vocab: { '[UNK]': 0, a: 1, b: 2, '##b': 3 },
    },
  },
];

const words = [
  'BPE',
  'Unigram',
  'WordPiece',
  'ByteLevel',
  'Metaspace',
  'Sequence',
  'Replace',
  'Strip',
  'Regex',
  '(',
  '<s>',
  'a',
  'Isolated',
  'NFKC',
  'Digits',
  'first',
];

it('answers every changed tokenizer.json with a tokenizer or a LoadError', { timeout: 600_000 }, async () => {
  let refused = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.nat({ max: tokenizers.length - 1 }),
      changes(words),
      fc.constantFrom('', 'ab a 12', ' <s>a', 'é🦙\n'),
      async (i, all, text) => {
        const json = changed(tokenizers[i]!, all) as JsonObject;
        const error = await refusal(() => {
          const tokenizer = createTokenizer(json);
          const ids = tokenizer.encode(text);
          for (const id of ids) if (!(Number.isInteger(id) && id >= 0)) throw new Error(`the id ${id}`);
          if (typeof tokenizer.decode([...ids, 0, 1, 7]) !== 'string') throw new Error('no text');
        });
        if (error === undefined) return;
        refused++;
        expect(error).toBeInstanceOf(LoadError);
        expect(error.message).toMatch(/^tokenizer\.json: /);
      },
    ),
    { numRuns: fuzzRuns },
  );
  expect(refused).toBeGreaterThan(fuzzRuns / 4);
});

it('answers every changed tokenizer_config.json likewise', { timeout: 600_000 }, async () => {
  const config: Json = {
    tokenizer_class: 'LlamaTokenizer',
    bos_token: '<s>',
    eos_token: { content: '<s>' },
    add_bos_token: true,
    additional_special_tokens: ['<s>'],
    clean_up_tokenization_spaces: true,
    chat_template: '{{ messages }}',
    added_tokens_decoder: { '0': { content: '<s>', special: true } },
  };
  await fc.assert(
    fc.asyncProperty(
      fc.nat({ max: tokenizers.length - 1 }),
      changes([...Object.keys(config as object), '<s>']),
      async (i, all) => {
        const error = await refusal(() => {
          const tokenizer = createTokenizer(tokenizers[i] as JsonObject, changed(config, all) as JsonObject);
          tokenizer.decode(tokenizer.encode('ab a'));
        });
        if (error !== undefined) expect(error).toBeInstanceOf(LoadError);
      },
    ),
    { numRuns: Math.ceil(fuzzRuns / 4) },
  );
});
