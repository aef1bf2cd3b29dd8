import { isObject, type JsonObject } from '../../sources/json.ts';
import { CodeSet, numeric, whiteSpace, wordCodes } from '../patterns/code-set.ts';
import { Pattern } from '../patterns/pattern.ts';
import { toByteCharacters } from './byte-characters.ts';
import { type Matches, PartError, patternOf } from './fields.ts';
import { punctuation } from './older-unicode.ts';
import { type Behavior, cut, eachOf, type Piece } from './split.ts';

/** Cuts a piece of a text into smaller ones. */
export type PreTokenizer = (piece: Piece) => Piece[];

/** A pre-tokenizer of tokenizer.json, whose fields were checked. Throws PartError. */
export function preTokenizerOf(part: JsonObject): PreTokenizer {
  return makers[part.type as string]!(part);
}

const makers: Readonly<Record<string, (part: JsonObject) => PreTokenizer>> = {
  Sequence: ({ pretokenizers }) => {
    const all = (pretokenizers as JsonObject[]).filter(isObject).map(preTokenizerOf);
    return (piece) => all.reduce((pieces, one) => pieces.flatMap(one), [piece]);
  },
  BertPreTokenizer: () => {
    const [spaces, signs] = [eachOf(whiteSpace), eachOf(punctuation)];
    return (piece) => cut(piece, spaces, 'Removed').flatMap((word) => cut(word, signs, 'Isolated'));
  },
  Whitespace: () => (piece) => cut(piece, words, 'Removed', true),
  WhitespaceSplit: () => {
    const spaces = eachOf(whiteSpace);
    return (piece) => cut(piece, spaces, 'Removed');
  },
  CharDelimiterSplit: ({ delimiter }) => {
    const code = (delimiter as string).codePointAt(0)!;
    const matches = eachOf(new CodeSet((other) => other === code));
    return (piece) => cut(piece, matches, 'Removed');
  },
  Metaspace: metaspace,
  ByteLevel: byteLevel,
  Split: (part) => {
    const matches = patternOf(part);
    const behavior = behaviorOf(part.behavior);
    return (piece) => cut(piece, matches, behavior, part.invert === true);
  },
  Punctuation: ({ behavior }) => {
    const [signs, how] = [eachOf(punctuation), behaviorOf(behavior)];
    return (piece) => cut(piece, signs, how);
  },
  Digits: ({ individual_digits: individual }) => {
    const [digits, how] = [eachOf(numeric), individual === true ? 'Isolated' : 'Contiguous'] as const;
    return (piece) => cut(piece, digits, how);
  },
  FixedLength: ({ length = 5 }) => {
    return ({ text, first }) => {
      const pieces: Piece[] = [];
      const characters = Array.from(text);
      for (let i = 0; i < characters.length; i += length as number)
        pieces.push({ text: characters.slice(i, i + (length as number)).join(''), first: first && i === 0 });
      return pieces;
    };
  },
};

function behaviorOf(given: unknown): Behavior {
  return (given ?? 'Isolated') as Behavior;
}

/** Runs of word characters, and runs of what is neither word nor space. */
function words(text: string): number[] {
  const found: number[] = [];
  let [start, kind] = [0, 0];
  for (let at = 0; at <= text.length; ) {
    const code = at < text.length ? text.codePointAt(at)! : 32;
    const next = wordCodes.has(code) ? 1 : whiteSpace.has(code) ? 0 : 2;
    if (next !== kind) {
      if (kind !== 0) found.push(start, at);
      [start, kind] = [at, next];
    }
    at += code > 0xffff ? 2 : 1;
  }
  return found;
}

function metaspace(part: JsonObject): PreTokenizer {
  const replacement = part.replacement as string;
  const scheme = part.add_prefix_space === false ? 'never' : (part.prepend_scheme ?? 'always');
  if (part.add_prefix_space === false && part.prepend_scheme !== undefined && part.prepend_scheme !== 'never')
    throw new PartError('add_prefix_space', `is false, but prepend_scheme is '${part.prepend_scheme as string}'`);
  const code = replacement.codePointAt(0)!;
  const matches: Matches = eachOf(new CodeSet((other) => other === code));
  return ({ text, first }) => {
    let spelled = text.replaceAll(' ', () => replacement);
    if (spelled !== '' && !spelled.startsWith(replacement) && (scheme === 'always' || (scheme === 'first' && first)))
      spelled = replacement + spelled;
    const piece = { text: spelled, first };
    return part.split === false ? [piece] : cut(piece, matches, 'MergedWithNext');
  };
}

/** GPT-2's words (Radford et al. 2019). */
const gpt2Words = "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";

function byteLevel(part: JsonObject): PreTokenizer {
  const prefix = part.add_prefix_space !== false;
  const pattern = part.use_regex === false ? undefined : new Pattern(gpt2Words);
  const matches: Matches | undefined = pattern && ((text) => pattern.matches(text));
  return ({ text, first }) => {
    const piece = { text: prefix && text !== '' && !text.startsWith(' ') ? ` ${text}` : text, first };
    const pieces = matches === undefined ? [piece] : cut(piece, matches, 'Isolated');
    return pieces.map((one) => ({ text: toByteCharacters(one.text), first: one.first }));
  };
}
