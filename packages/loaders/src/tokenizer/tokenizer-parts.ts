import { LoadError } from '@tokenwright/core';
import { isObject, type JsonObject, shownJson } from '../sources/json.ts';

/** Checks a field: returns undefined for a valid value, otherwise what was expected. A field that is absent or null has its default. */
type Check = (value: unknown) => string | undefined;

const text: Check = (value) => (typeof value === 'string' ? undefined : 'a text');
const flag: Check = (value) => (typeof value === 'boolean' ? undefined : 'true or false');
const count: Check = (value) =>
  Number.isInteger(value) && (value as number) >= 0 && (value as number) < 2 ** 31 ? undefined : 'a count';
const length: Check = (value) =>
  count(value) === undefined && (value as number) > 0 ? undefined : 'a positive integer';
const tokenWithId: Check = (value) =>
  Array.isArray(value) && value.length === 2 && typeof value[0] === 'string' && count(value[1]) === undefined
    ? undefined
    : 'a token with its id';
const character: Check = (value) =>
  typeof value === 'string' && value !== '' && value.length === String.fromCodePoint(value.codePointAt(0)!).length
    ? undefined
    : 'one character';
const pattern: Check = (value) => {
  const given = isObject(value) && Object.keys(value).length === 1 ? (value.Regex ?? value.String) : undefined;
  return typeof given === 'string' && given !== '' ? undefined : '{ "String": … } or { "Regex": … }';
};
const behavior: Check = (value) =>
  ['Removed', 'Isolated', 'MergedWithPrevious', 'MergedWithNext', 'Contiguous'].includes(value as string)
    ? undefined
    : 'Removed, Isolated, MergedWithPrevious, MergedWithNext or Contiguous';
const noDropout: Check = (value) =>
  value === 0 ? undefined : '0 or absent, since dropout makes the tokens of a text random';
const scheme: Check = (value) =>
  ['always', 'never', 'first'].includes(value as string) ? undefined : 'always, never or first';
const template: Check = (value) =>
  Array.isArray(value) && value.every(isTemplateItem)
    ? undefined
    : 'a list of { "SpecialToken": … } and { "Sequence": … }';
const listOfTokens: Check = (value) =>
  isObject(value) &&
  Object.values(value).every(
    (token) => isObject(token) && Array.isArray(token.ids) && token.ids.every((id) => count(id) === undefined),
  )
    ? undefined
    : 'tokens by their names, each with a list of ids';

/** A field, and whether the part cannot do without. */
type Fields = Readonly<Record<string, Check | readonly [required: Check]>>;

/** A section of tokenizer.json: which kinds of part it may have, and their fields. */
interface Section {
  readonly kinds: Readonly<Record<string, Fields>>;
  /** The field in which a Sequence lists its parts. */
  readonly list: string;
}

const replaced: Fields = { pattern: [pattern], content: [text] };
const metaspace: Fields = { replacement: [character], prepend_scheme: scheme, add_prefix_space: flag, split: flag };
const byteLevel: Fields = { add_prefix_space: flag, trim_offsets: flag, use_regex: flag };
const twoTokens: Fields = { sep: [tokenWithId], cls: [tokenWithId], trim_offsets: flag, add_prefix_space: flag };

const sections: Readonly<Record<string, Section>> = {
  normalizer: {
    list: 'normalizers',
    kinds: {
      BertNormalizer: { clean_text: flag, handle_chinese_chars: flag, strip_accents: flag, lowercase: flag },
      Precompiled: { precompiled_charsmap: text },
      Replace: replaced,
      NFC: {},
      NFD: {},
      NFKC: {},
      NFKD: {},
      Strip: { strip_left: flag, strip_right: flag },
      StripAccents: {},
      Lowercase: {},
      Prepend: { prepend: [text] },
      Nmt: {},
      ByteLevel: {},
    },
  },
  pre_tokenizer: {
    list: 'pretokenizers',
    kinds: {
      BertPreTokenizer: {},
      Whitespace: {},
      WhitespaceSplit: {},
      Metaspace: metaspace,
      ByteLevel: byteLevel,
      Split: { pattern: [pattern], behavior: [behavior], invert: flag },
      Punctuation: { behavior },
      Digits: { individual_digits: flag },
      CharDelimiterSplit: { delimiter: [character] },
      FixedLength: { length },
    },
  },
  post_processor: {
    list: 'processors',
    kinds: {
      TemplateProcessing: { single: [template], pair: template, special_tokens: [listOfTokens] },
      ByteLevel: byteLevel,
      BertProcessing: twoTokens,
      RobertaProcessing: twoTokens,
    },
  },
  decoder: {
    list: 'decoders',
    // CTC, of speech models, takes equal neighbors for one, so that its texts cannot be streamed token by token.
    kinds: {
      ByteLevel: byteLevel,
      WordPiece: { prefix: [text], cleanup: flag },
      Metaspace: metaspace,
      BPEDecoder: { suffix: text },
      Replace: replaced,
      Fuse: {},
      Strip: { content: [character], start: [count], stop: [count] },
      ByteFallback: {},
    },
  },
};

/** Fields of the model besides its vocabulary and merges, which are checked apart. */
const modelFields: Fields = {
  unk_token: text,
  unk_id: count,
  dropout: noDropout,
  byte_fallback: flag,
  ignore_merges: flag,
  whole_line_breaks: flag,
  fuse_unk: flag,
  continuing_subword_prefix: text,
  end_of_word_suffix: text,
  max_input_chars_per_word: count,
};

/**
 * Check the parts of a tokenizer.json around its vocabulary: normalizer, pre_tokenizer, post_processor, decoder, and the switches of
 * the model.
 *
 * @throws LoadError that names the part and the field.
 */
export function checkTokenizerParts(json: JsonObject, file: string): void {
  for (const [name, section] of Object.entries(sections)) {
    const part = json[name] ?? undefined;
    if (part !== undefined) checkPart(part, section, file, name, 0);
  }
  if (isObject(json.model)) checkFields(json.model, modelFields, file, 'model');
}

/** Sequences within sequences; no real tokenizer has one in one. */
const deepest = 8;

function checkPart(part: unknown, section: Section, file: string, field: string, depth: number): void {
  const error = (inner: string, problem: string): LoadError => new LoadError(file, problem, `${field}${inner}`);
  if (!isObject(part) || depth > deepest) throw error('', 'must be an object with a type');
  const kind = part.type;
  if (kind === 'Sequence') {
    const inner = part[section.list];
    if (!Array.isArray(inner)) throw error(`.${section.list}`, 'must be a list');
    for (const [i, one] of inner.entries()) checkPart(one, section, file, `${field}.${section.list}[${i}]`, depth + 1);
    return;
  }
  const fields = typeof kind === 'string' && Object.hasOwn(section.kinds, kind) ? section.kinds[kind] : undefined;
  if (fields === undefined)
    throw error(
      '.type',
      `must be one of Sequence, ${Object.keys(section.kinds).join(', ')}, but is ${shownJson(kind)}`,
    );
  checkFields(part, fields, file, field);
}

function checkFields(part: JsonObject, fields: Fields, file: string, field: string): void {
  for (const [key, rule] of Object.entries(fields)) {
    const [check, required] = typeof rule === 'function' ? [rule, false] : [rule[0], true];
    const value = part[key] ?? undefined;
    if (value === undefined && !required) continue;
    const expected = check(value);
    if (expected !== undefined)
      throw new LoadError(file, `must be ${expected}, but is ${shownJson(value)}`, `${field}.${key}`);
  }
}

function isTemplateItem(item: unknown): boolean {
  if (!isObject(item)) return false;
  const inner = item.SpecialToken ?? item.Sequence;
  return (
    isObject(inner) &&
    (item.Sequence === undefined ? typeof inner.id === 'string' : inner.id === 'A' || inner.id === 'B') &&
    (inner.type_id === undefined || count(inner.type_id) === undefined)
  );
}
