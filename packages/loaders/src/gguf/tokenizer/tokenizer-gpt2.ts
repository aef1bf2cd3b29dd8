import { LoadError } from '@tokenwright/core';
import type { GgufFile } from '../file/gguf-file.ts';
import { readText } from '../file/keys.ts';
import { type PreTokenizer, preTokenizerOf } from './pre-tokenizers.ts';
import { addedTokens, aroundText, idsByToken, isTexts, type MadeTokenizer, type Vocabulary } from './vocabulary.ts';

/** `gpt2`: byte-level BPE, with the merges by rank and a cut into words that the file only names. */
export function bytePairTokenizer(file: GgufFile, vocabulary: Vocabulary, architecture: string): MadeTokenizer {
  const merges = file.metadata.get('tokenizer.ggml.merges');
  if (!isTexts(merges)) throw new LoadError(file.name, 'must be a list of texts', 'tokenizer.ggml.merges');
  const found = preTokenizerOf(file.name, readText(file, 'tokenizer.ggml.pre'), architecture);
  const problem = found instanceof LoadError ? found : undefined;
  const pre: PreTokenizer = found instanceof LoadError ? { steps: [] } : found;
  const ids = idsByToken(vocabulary.tokens);
  // llama.cpp joins such a pair and writes its characters; without the pair they stay apart.
  const makesToken = ([left, right]: readonly [string, string]): boolean =>
    [left, right, left + right].every((token) => Object.hasOwn(ids, token));
  const addBegin = vocabulary.addBegin ?? pre.beginToken ?? false;
  const addEnd = vocabulary.addEnd ?? false;
  const bytes = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: false };
  return {
    addBegin,
    addEnd,
    problem,
    json: {
      version: '1.0',
      added_tokens: addedTokens(vocabulary),
      normalizer: null,
      pre_tokenizer: { type: 'Sequence', pretokenizers: [...pre.steps, bytes] },
      post_processor: aroundText(vocabulary, addBegin, addEnd),
      decoder: { ...bytes, use_regex: true },
      model: {
        type: 'BPE',
        unk_token: null,
        ignore_merges: pre.ignoreMerges ?? false,
        vocab: ids,
        merges: merges.map((merge, i) => pairOf(file.name, merge, i)).filter(makesToken),
      },
    },
  };
}

/** Two tokens with a space between; the first may be the space itself. */
function pairOf(file: string, merge: string, i: number): [string, string] {
  const at = merge.indexOf(' ', 1);
  if (at < 1 || at === merge.length - 1)
    throw new LoadError(file, `entry ${i} must hold two tokens, but is '${merge}'`, 'tokenizer.ggml.merges');
  return [merge.slice(0, at), merge.slice(at + 1)];
}
