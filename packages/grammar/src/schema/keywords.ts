import { GrammarError } from '../errors.ts';
import type { Expression } from '../expressions/expression.ts';
import type { Node } from './node.ts';
import type { Place } from './references.ts';
import type { ValueSets } from './value-sets.ts';

/** What reading a keyword needs of the reader of the whole schema. */
export interface KeywordReader {
  readonly sets: ValueSets;
  /** The values of a schema inside a schema; `path` is the way to it. */
  child(schema: unknown, place: Place, ...path: (string | number)[]): Node;
  /** @throws UnsupportedSchemaError, unless the reader is lenient. */
  unsupported(keyword: string, place: Place, problem: string): void;
  /** Whether the dialect is draft 7 or an earlier one. */
  isOld(place: Place): boolean;
  /** The strings, without quotes, in which a pattern matches; undefined for one that is left out. */
  pattern(pattern: string, keyword: string, place: Place): Expression | undefined;
  /** The strings, without quotes, of a format; undefined for a format that limits nothing. */
  format(name: string, place: Place): Expression | undefined;
}

/** A schema that is an object. */
export type Keywords = { readonly [keyword: string]: unknown };

/** The value of a keyword that is a list of schemas. @throws GrammarError for another value, and for an empty list. */
export function listOf(schema: Keywords, keyword: string, place: Place): readonly unknown[] {
  const list = schema[keyword];
  if (!Array.isArray(list) || list.length === 0)
    throw new GrammarError(`#${place.pointer}: '${keyword}' must be a list that is not empty.`);
  return list;
}

/** The value of a keyword that is a number; undefined when it is absent. @throws GrammarError for another value. */
export function numberOf(schema: Keywords, keyword: string, place: Place): number | undefined {
  const value = schema[keyword];
  if (value === undefined) return undefined;
  if (typeof value !== 'number' || !Number.isFinite(value))
    throw new GrammarError(`#${place.pointer}: '${keyword}' must be a number.`);
  return value;
}

/** The value of a keyword that counts. @throws GrammarError for another value than an integer of at least 0. */
export function countOf(schema: Keywords, keyword: string, place: Place): number | undefined {
  const value = numberOf(schema, keyword, place);
  if (value !== undefined && (value < 0 || !Number.isInteger(value)))
    throw new GrammarError(`#${place.pointer}: '${keyword}' must be an integer that is not negative.`);
  return value;
}

/** The value of a keyword that is an object; an empty one when it is absent. @throws GrammarError for another value. */
export function objectOf(schema: Keywords, keyword: string, place: Place): Keywords {
  const value = schema[keyword];
  if (value === undefined) return {};
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new GrammarError(`#${place.pointer}: '${keyword}' must be an object.`);
  return value as Keywords;
}
