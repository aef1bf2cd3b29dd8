import { ParameterError } from '../errors.ts';
import { checkInteger } from './check.ts';
import { isArray, readable } from './read-options.ts';

/** Entries of a list that a caller may give: far more than a context holds. A list that says more is not one that was filled. */
const longestList = 2 ** 26;

/** What a list must be. */
export interface ListCheck<Item> {
  /** Smallest length. Default 0. */
  readonly least?: number;
  /** Checks one entry and returns it. Default: any entry. */
  readonly item?: (entry: unknown, at: number) => Item;
}

/**
 * A copy of a list: an array, or a typed array of numbers. Objects that only look like one have no bounded length and are
 * refused, as are lists that say more entries than memory has.
 *
 * @param allowed what is allowed, in the words of the error.
 */
export function checkList<Item = unknown>(
  owner: string,
  name: string,
  value: unknown,
  allowed: string,
  { least = 0, item = (entry) => entry as Item }: ListCheck<Item> = {},
): readonly Item[] {
  return readable(owner, name, value, () => {
    if (!isList(value)) throw new ParameterError(owner, name, allowed, value);
    const { length } = value;
    if (!Number.isInteger(length) || length < least || length > longestList)
      throw new ParameterError(owner, name, allowed, value);
    return Array.from({ length }, (_, at) => item(value[at], at));
  });
}

/**
 * The value as a list of token ids; otherwise a ParameterError. Typed arrays are lists, and stay what they are.
 *
 * @param largest the largest id. Default Infinity.
 */
export function checkTokens(
  owner: string,
  name: string,
  value: unknown,
  least = 0,
  largest: number = Infinity,
): readonly number[] {
  const item = (id: unknown, at: number): number => checkInteger(owner, `${name}[${at}]`, id, 0, largest);
  if (!isTyped(value)) return checkList(owner, name, value, tokensAllowed(least), { least, item });
  if (value.length < least) throw new ParameterError(owner, name, tokensAllowed(least), value);
  for (let at = 0; at < value.length; at++) item(value[at], at);
  return value as unknown as readonly number[];
}

/** {@link checkTokens} for ids of a vocabulary. */
export function checkIds(owner: string, name: string, value: unknown, vocabSize: number, least = 0): readonly number[] {
  return checkTokens(owner, name, value, least, vocabSize - 1);
}

/** What a list of token ids is, in the words of an error. */
export function tokensAllowed(least: number): string {
  return `a list of ${least === 0 ? '' : `at least ${least} `}token ${least === 1 ? 'id' : 'ids'}`;
}

/** Whether a value is an array or a typed array of numbers. */
export function isList(value: unknown): value is ArrayLike<unknown> {
  return isArray(value) || isTyped(value);
}

/** Whether a value is a typed array of numbers. */
export function isTyped(value: unknown): value is ArrayLike<number> {
  return ArrayBuffer.isView(value) && !(value instanceof DataView) && !isOfBigints(value);
}

function isOfBigints(value: ArrayBufferView): boolean {
  return value instanceof BigInt64Array || value instanceof BigUint64Array;
}

/** Whether these are lists of ids, one per row, and not the ids of one row. An empty list is one row without ids. */
export function isBatch(ids: ArrayLike<number> | readonly ArrayLike<number>[]): ids is readonly ArrayLike<number>[] {
  return ids.length > 0 && typeof ids[0] !== 'number';
}
