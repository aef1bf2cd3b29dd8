import { LoadError } from '@tokenwright/core';
import type { JsonObject } from '../../sources/json.ts';
import type { GgufFile } from '../file/gguf-file.ts';
import { readText } from '../file/keys.ts';
import { type PreTokenizer, preTokenizerOf } from './pre-tokenizers.ts';
import { addedTokens, aroundText, idsByToken, isTexts, type MadeTokenizer, type Vocabulary } from './vocabulary.ts';

/** `gpt2`: BPE with the merges by rank and a cut into words that the file only names. */
export function bytePairTokenizer(file: GgufFile, vocabulary: Vocabulary, architecture: string): MadeTokenizer {
  return withCut(file, vocabulary, preTokenizerOf(file.name, readText(file, 'tokenizer.ggml.pre'), architecture));
}

/** `gemma4`: the same with the cut of that name, whatever the file names. */
export function gemma4Tokenizer(file: GgufFile, vocabulary: Vocabulary, architecture: string): MadeTokenizer {
  return withCut(file, vocabulary, preTokenizerOf(file.name, 'gemma4', architecture));
}

function withCut(file: GgufFile, vocabulary: Vocabulary, found: PreTokenizer | LoadError): MadeTokenizer {
  const merges = file.metadata.get('tokenizer.ggml.merges');
  if (!isTexts(merges)) throw new LoadError(file.name, 'must be a list of texts', 'tokenizer.ggml.merges');
  const pre: PreTokenizer = found instanceof LoadError ? { steps: [] } : found;
  const ids = idsByToken(vocabulary.tokens);
  // llama.cpp joins such a pair and writes its characters; without the pair they stay apart.
  const makesToken = ([left, right]: readonly [string, string]): boolean =>
    [left, right, left + right].every((token) => Object.hasOwn(ids, token));
  const addBegin = pre.beginToken === 'always' || (vocabulary.addBegin ?? pre.beginToken ?? false);
  const addEnd = vocabulary.addEnd ?? false;
  // Of merges that occur twice the first counts, as in llama.cpp.
  const pairs = new Map(merges.map((merge, i) => [merge, pairOf(file.name, merge, i)]));
  return {
    addBegin,
    addEnd,
    problem: found instanceof LoadError ? found : missingByte(file.name, pre, ids),
    json: {
      version: '1.0',
      added_tokens: addedTokens(vocabulary),
      ...(pre.inCharacters ? inCharacters : inBytes)(pre.steps),
      post_processor: aroundText(vocabulary, addBegin, addEnd),
      model: {
        type: 'BPE',
        unk_token: null,
        byte_fallback: pre.inCharacters ?? false,
        ignore_merges: pre.ignoreMerges ?? false,
        whole_line_breaks: pre.wholeLineBreaks ?? false,
        vocab: ids,
        merges: [...pairs.values()].filter(makesToken),
      },
    },
  };
}

const byteLevel = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: false };
const sequence = (steps: readonly JsonObject[]): JsonObject => ({ type: 'Sequence', pretokenizers: steps });

function inBytes(steps: readonly JsonObject[]): JsonObject {
  return {
    normalizer: null,
    pre_tokenizer: sequence([...steps, byteLevel]),
    decoder: { ...byteLevel, use_regex: true },
  };
}

function inCharacters(steps: readonly JsonObject[]): JsonObject {
  const spaces = { type: 'Replace', pattern: { String: '▁' }, content: ' ' };
  return {
    normalizer: { type: 'Replace', pattern: { String: ' ' }, content: '▁' },
    pre_tokenizer: sequence(steps),
    decoder: { type: 'Sequence', decoders: [spaces, { type: 'ByteFallback' }, { type: 'Fuse' }] },
  };
}

/** The bytes of a character without a token of its own need tokens. */
function missingByte(file: string, pre: PreTokenizer, ids: JsonObject): LoadError | undefined {
  if (pre.inCharacters !== true) return undefined;
  for (let byte = 0; byte < 256; byte++) {
    const token = `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`;
    if (!Object.hasOwn(ids, token))
      return new LoadError(file, `lacks '${token}', which texts need`, 'tokenizer.ggml.tokens');
  }
  return undefined;
}

/** Two tokens with a space between; the first may be the space itself. */
function pairOf(file: string, merge: string, i: number): [string, string] {
  const at = merge.indexOf(' ', 1);
  if (at < 1 || at === merge.length - 1)
    throw new LoadError(file, `entry ${i} must hold two tokens, but is '${merge}'`, 'tokenizer.ggml.merges');
  return [merge.slice(0, at), merge.slice(at + 1)];
}
