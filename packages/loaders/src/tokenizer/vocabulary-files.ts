import { LoadError } from '@tokenwright/core';
import { isObject, type JsonObject } from '../sources/json.ts';

/** The files of a byte-level BPE tokenizer without tokenizer.json. */
export interface VocabularyFiles {
  /** Contents of vocab.json: token to id. */
  readonly vocabulary: JsonObject;
  /** Text of merges.txt. */
  readonly merges: string;
  /** Contents of tokenizer_config.json. */
  readonly config: JsonObject;
  /** Contents of special_tokens_map.json. */
  readonly specialTokens: JsonObject;
  /** Contents of added_tokens.json: token to id. */
  readonly addedTokens: JsonObject;
  /** Names the folder in errors. */
  readonly name: string;
}

type Wrapper = 'none' | 'roberta';

/** Byte-level BPE tokenizers that come as two files, and the special tokens around a text. Names as in tokenizer_config.json. */
const classes: ReadonlyMap<string, Wrapper> = new Map<string, Wrapper>([
  ['GPT2Tokenizer', 'none'],
  ['BartTokenizer', 'roberta'],
  ['RobertaTokenizer', 'roberta'],
]);

/**
 * The tokenizer.json that vocab.json and merges.txt stand for: byte-level BPE as GPT-2, OPT, RoBERTa and BART use it.
 *
 * @throws LoadError when the files are another kind of tokenizer.
 */
export function tokenizerFromVocabulary(files: VocabularyFiles): JsonObject {
  const { vocabulary, config, name } = files;
  const className = String(config.tokenizer_class ?? 'GPT2Tokenizer').replace(/Fast$/, '');
  const wrapper = classes.get(className);
  if (wrapper === undefined)
    throw new LoadError(
      name,
      `vocab.json with merges.txt is read for ${[...classes.keys()].join(', ')}, but this is '${className}'; a tokenizer.json is needed`,
      'tokenizer_class',
    );
  // Byte-level BPE spells the space 'Ġ'.
  if (!Object.hasOwn(vocabulary, 'Ġ'))
    throw new LoadError(
      name,
      "is not a vocabulary of byte-level BPE: it lacks the space 'Ġ'; a tokenizer.json is needed",
      'vocab.json',
    );

  const special = specialTokens(files);
  const added = new Map<string, number>();
  for (const token of special.keys())
    if (Object.hasOwn(vocabulary, token)) added.set(token, vocabulary[token] as number);
  for (const [token, id] of Object.entries(files.addedTokens)) added.set(token, id as number);
  const declared = config.added_tokens_decoder;
  if (isObject(declared))
    for (const [id, token] of Object.entries(declared))
      if (isObject(token) && typeof token.content === 'string') {
        added.set(token.content, Number(id));
        special.set(token.content, { ...special.get(token.content), ...token });
      }

  const addPrefixSpace = config.add_prefix_space === true;
  return {
    version: '1.0',
    added_tokens: [...added]
      .sort(([, a], [, b]) => a - b)
      .map(([content, id]) => ({
        normalized: false,
        ...special.get(content),
        id,
        content,
        special: special.has(content),
      })),
    normalizer: null,
    pre_tokenizer: { type: 'ByteLevel', add_prefix_space: addPrefixSpace, trim_offsets: true, use_regex: true },
    post_processor: postProcessor(files, wrapper, addPrefixSpace),
    decoder: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true },
    model: { type: 'BPE', unk_token: null, vocab: vocabulary, merges: readMerges(files.merges) },
  };
}

/** Pairs by rank. The first line is a comment in most files; a pair is two tokens with a space between. */
function readMerges(text: string): [string, string][] {
  const pairs: [string, string][] = [];
  text.split(/\r?\n/).forEach((line, i) => {
    if (line === '' || (i === 0 && line.startsWith('#version'))) return;
    const space = line.indexOf(' ');
    const pair: [string, string] = [line.slice(0, space), line.slice(space + 1)];
    if (space < 1 || pair[1] === '' || pair[1].includes(' '))
      throw new LoadError('merges.txt', `must hold two tokens with a space between, but is '${line}'`, `line ${i + 1}`);
    pairs.push(pair);
  });
  return pairs;
}

const namedTokens = ['bos_token', 'eos_token', 'unk_token', 'sep_token', 'pad_token', 'cls_token', 'mask_token'];

/** The control tokens that the files name, with their flags. GPT-2's own files name none: it has one. */
function specialTokens({ config, specialTokens }: VocabularyFiles): Map<string, JsonObject> {
  const special = new Map<string, JsonObject>();
  for (const source of [specialTokens, config]) {
    const more = source.additional_special_tokens;
    for (const token of [...namedTokens.map((key) => source[key]), ...(Array.isArray(more) ? more : [])]) {
      if (typeof token === 'string') special.set(token, special.get(token) ?? {});
      else if (isObject(token) && typeof token.content === 'string') special.set(token.content, token);
    }
  }
  if (special.size === 0) special.set('<|endoftext|>', {});
  return special;
}

function postProcessor(files: VocabularyFiles, wrapper: Wrapper, addPrefixSpace: boolean): JsonObject | null {
  const token = (key: string, fallback: string): [string, number] => {
    const named = files.config[key] ?? files.specialTokens[key] ?? fallback;
    const content = isObject(named) ? String(named.content) : String(named);
    const id = files.vocabulary[content];
    if (typeof id !== 'number') throw new LoadError(files.name, `'${content}' is not in vocab.json`, key);
    return [content, id];
  };
  if (wrapper === 'roberta')
    return {
      type: 'RobertaProcessing',
      sep: token('sep_token', '</s>'),
      cls: token('cls_token', '<s>'),
      trim_offsets: true,
      add_prefix_space: addPrefixSpace,
    };
  if (files.config.add_bos_token !== true) return null;
  const [begin, id] = token('bos_token', '<|endoftext|>');
  const single = [{ SpecialToken: { id: begin, type_id: 0 } }, { Sequence: { id: 'A', type_id: 0 } }];
  return {
    type: 'TemplateProcessing',
    single,
    pair: [...single, { Sequence: { id: 'B', type_id: 0 } }],
    special_tokens: { [begin]: { id: begin, ids: [id], tokens: [begin] } },
  };
}
