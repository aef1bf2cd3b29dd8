import type { TextRange } from '@tokenwright/core';
import { isObject, type JsonObject } from '../sources/json.ts';

/**
 * Breaks the spelling of a special token in a text, so that it is not found there. `withoutMarks` removes it before the
 * text is split into words. A noncharacter of Unicode: no text has it.
 */
const mark = '\uFDD0';

/** The text without marks. */
export function withoutMarks(text: string): string {
  return text.replaceAll(mark, '');
}

/** A tokenizer.json whose model finds no special token. */
export function withoutSpecialPieces(json: JsonObject, specials: ReadonlySet<string>): JsonObject {
  return isObject(json.model) ? { ...json, model: withoutPieces(json.model, specials) } : json;
}

/** A Unigram model would find the spelling of special tokens among its pieces. */
function withoutPieces(model: JsonObject, specials: ReadonlySet<string>): JsonObject {
  const { vocab, ids, unk_id: unknown } = model;
  if (!Array.isArray(vocab)) return model;
  const pieces = vocab.map((entry, id) =>
    id !== unknown && specials.has(entry[0]) ? [mark + entry[0], entry[1]] : entry,
  );
  if (!isObject(ids)) return { ...model, vocab: pieces };
  return {
    ...model,
    vocab: pieces,
    ids: Object.fromEntries(Object.entries(ids).filter(([token]) => !specials.has(token))),
  };
}

/**
 * The text with a mark in each special token that overlaps one of the ranges.
 *
 * @param ranges `true` for the whole text.
 */
export function withMarks(text: string, specials: ReadonlySet<string>, ranges: true | readonly TextRange[]): string {
  const spellings = [...specials].filter((token) => token.length > 1).sort((a, b) => b.length - a.length);
  if (spellings.length === 0) return text;
  const pattern = new RegExp(spellings.map((token) => token.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&')).join('|'), 'g');
  const isLiteral = (start: number, end: number): boolean =>
    ranges === true || ranges.some(([from, to]) => start < to && end > from);
  // Inside a marked token another one may begin, which is found from the next character on.
  let marked = '';
  let at = 0;
  for (let match = pattern.exec(text); match !== null; match = pattern.exec(text)) {
    const start = match.index;
    if (!isLiteral(start, start + match[0].length)) continue;
    const next = start + (text.codePointAt(start)! > 0xffff ? 2 : 1);
    marked += text.slice(at, next) + mark;
    at = next;
    pattern.lastIndex = next;
  }
  return marked + text.slice(at);
}
