import { LoadError } from '@tokenwright/core';
import type { JsonObject } from '../../sources/json.ts';
import type { GgufFile } from '../file/gguf-file.ts';
import { readText } from '../file/keys.ts';
import { bytePairTokenizer, gemma4Tokenizer } from './tokenizer-gpt2.ts';
import { sentencePieceTokenizer } from './tokenizer-llama.ts';
import { unigramTokenizer } from './tokenizer-t5.ts';
import { duplicatesOf, isTexts, type MadeTokenizer, readVocabulary, type Vocabulary } from './vocabulary.ts';

/** What tokenizer.json and tokenizer_config.json of a GGUF file would hold. */
export interface EmbeddedTokenizer {
  /** `tokenizer.ggml.model`. */
  readonly kind: string;
  readonly json: JsonObject;
  readonly config: JsonObject;
  /** Why a text cannot be encoded as the model expects; undefined when it can. */
  readonly problem: LoadError | undefined;
}

type Maker = (file: GgufFile, vocabulary: Vocabulary, architecture: string) => MadeTokenizer;

/** By `tokenizer.ggml.model`. */
const makers: ReadonlyMap<string, Maker> = new Map<string, Maker>([
  ['gpt2', bytePairTokenizer],
  ['gemma4', gemma4Tokenizer],
  ['llama', sentencePieceTokenizer],
  ['t5', unigramTokenizer],
]);

/**
 * The tokenizer of a GGUF file, as the contents of a tokenizer.json, or undefined when there is none.
 *
 * @throws LoadError for a kind that is not read, and for parts that are missing or contradict each other.
 */
export function embeddedTokenizer(file: GgufFile, architecture: string): EmbeddedTokenizer | undefined {
  const kind = readText(file, 'tokenizer.ggml.model');
  if (kind === undefined || kind === 'no_vocab' || kind === 'none') return undefined;
  const vocabulary = readVocabulary(file, kind);
  const make = makers.get(kind);
  if (make === undefined)
    throw new LoadError(
      file.name,
      `'${kind}' is not known; known: ${[...makers.keys()].join(', ')}`,
      'tokenizer.ggml.model',
    );
  const { json, addBegin, addEnd, problem } = make(file, vocabulary, architecture);
  const entries = {
    ...Object.fromEntries(
      Object.entries(vocabulary.named).map(([name, id]) => [
        name,
        id === undefined ? undefined : vocabulary.tokens[id],
      ]),
    ),
    add_bos_token: addBegin,
    add_eos_token: addEnd,
    chat_template: chatTemplates(file),
  };
  const config = Object.fromEntries(Object.entries(entries).filter(([, value]) => value !== undefined));
  // A key of ours, which createTokenizer reads.
  const duplicates = kind === 't5' ? undefined : duplicatesOf(vocabulary.tokens);
  return { kind, json: duplicates === undefined ? json : { ...json, duplicate_tokens: duplicates }, config, problem };
}

/** One template, or, where the file lists further ones in `tokenizer.chat_templates`, all with their names. */
function chatTemplates(file: GgufFile): string | readonly JsonObject[] | undefined {
  const main = readText(file, 'tokenizer.chat_template');
  const names = file.metadata.get('tokenizer.chat_templates');
  if (!isTexts(names) || names.length === 0) return main;
  const others = names.map((name) => {
    const template = readText(file, `tokenizer.chat_template.${name}`);
    if (template === undefined) throw new LoadError(file.name, 'is missing', `tokenizer.chat_template.${name}`);
    return { name, template };
  });
  return main === undefined ? others : [{ name: 'default', template: main }, ...others];
}
