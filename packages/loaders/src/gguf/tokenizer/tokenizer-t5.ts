import { LoadError } from '@tokenwright/core';
import type { JsonObject } from '../../sources/json.ts';
import type { GgufFile } from '../file/gguf-file.ts';
import { readFlag } from '../file/keys.ts';
import { addedTokens, aroundText, type MadeTokenizer, type Vocabulary } from './vocabulary.ts';

/** `t5`: SentencePiece's Unigram, with the table of its normalizer where the file has one. */
export function unigramTokenizer(file: GgufFile, vocabulary: Vocabulary): MadeTokenizer {
  const { scores, tokens, unknown } = vocabulary;
  if (scores === undefined) throw new LoadError(file.name, 'the key is missing', 'tokenizer.ggml.scores');
  if (unknown === undefined) throw new LoadError(file.name, 'the key is missing', 'tokenizer.ggml.unknown_token_id');
  const prefix = readFlag(file, 'tokenizer.ggml.add_space_prefix') ?? true;
  const spaces = { type: 'Metaspace', replacement: '▁', prepend_scheme: prefix ? 'always' : 'never', split: true };
  const addBegin = vocabulary.addBegin ?? false;
  const addEnd = vocabulary.addEnd ?? true;
  return {
    addBegin,
    addEnd,
    json: {
      version: '1.0',
      added_tokens: addedTokens(vocabulary),
      normalizer: normalizerOf(file),
      pre_tokenizer: spaces,
      post_processor: aroundText(vocabulary, addBegin, addEnd),
      decoder: spaces,
      model: {
        type: 'Unigram',
        unk_id: unknown,
        vocab: tokens.map((token, id) => [token, scores[id]!]),
        byte_fallback: false,
      },
    },
  };
}

function normalizerOf(file: GgufFile): JsonObject | null {
  const steps: JsonObject[] = [];
  const key = 'tokenizer.ggml.precompiled_charsmap';
  const table = file.metadata.get(key);
  if (table !== undefined) {
    if (!(table instanceof Uint8Array || table instanceof Int8Array))
      throw new LoadError(file.name, 'must be a list of bytes', key);
    const bytes = new Uint8Array(table.buffer, table.byteOffset, table.byteLength);
    let text = '';
    for (let i = 0; i < bytes.length; i += 4096) text += String.fromCharCode(...bytes.subarray(i, i + 4096));
    steps.push({ type: 'Precompiled', precompiled_charsmap: btoa(text) });
  }
  if (readFlag(file, 'tokenizer.ggml.remove_extra_whitespaces') ?? true)
    steps.push(
      { type: 'Strip', strip_left: false, strip_right: true },
      { type: 'Replace', pattern: { Regex: ' {2,}' }, content: '▁' },
    );
  return steps.length === 0 ? null : { type: 'Sequence', normalizers: steps };
}
