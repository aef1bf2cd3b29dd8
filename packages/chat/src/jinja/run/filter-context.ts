import type { Arguments } from '../values/arguments.ts';
import type { Budget } from '../values/budget.ts';
import { failed } from '../values/problem.ts';
import { isInteger, type Keywords, Undefined, type Value } from '../values/values.ts';
import { itemOf } from './members.ts';

/** What a filter may use besides its arguments. */
export interface FilterContext {
  readonly budget: Budget;
  /** Apply a filter by its name. */
  filter(name: string, value: Value, args: readonly Value[], keywords: Keywords): Value;
  /** Apply a test by its name. */
  test(name: string, value: Value, args: readonly Value[], keywords: Keywords): boolean;
}

/** A filter with the names of its parameters. */
export type Filter = readonly [readonly string[], (value: Value, args: Arguments, context: FilterContext) => Value];

/** How the filters find `a.b.0` of an item. @param missing in place of what is undefined; undefined for nothing. */
export function attributeGetter(
  attribute: Value | undefined,
  { budget }: FilterContext,
  missing?: Value,
): (value: Value) => Value {
  if (attribute === undefined || attribute === null) return (value) => value;
  const path: Value[] = isInteger(attribute)
    ? [BigInt(attribute)]
    : nameOf(attribute)
        .split('.')
        .map((part) => (/^\d+$/.test(part) ? BigInt(part) : part));
  return (value) => {
    let item = value;
    for (const part of path) {
      item = itemOf(item, part, budget);
      if (missing !== undefined && missing !== null && item instanceof Undefined) item = missing;
    }
    return item;
  };
}

function nameOf(attribute: Value): string {
  if (typeof attribute === 'string') return attribute;
  throw failed('the attribute of a filter is a name or a number');
}

/** Texts in lower case, unless case matters. */
export function withoutCase(caseSensitive: boolean): (value: Value) => Value {
  return (value) => (!caseSensitive && typeof value === 'string' ? value.toLowerCase() : value);
}
