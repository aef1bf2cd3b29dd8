import { GrammarError } from '../errors.ts';
import type { Place } from './references.ts';

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
