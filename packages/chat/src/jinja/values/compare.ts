import type { Budget } from './budget.ts';
import { compareText } from './code-points.ts';
import { itemsOf, iterate, sizeOf } from './items.ts';
import { failed } from './problem.ts';
import {
  Dict,
  DictView,
  isList,
  isNumber,
  JsonText,
  Range,
  SafeText,
  Tuple,
  typeName,
  Undefined,
  type Value,
} from './values.ts';

/** Python's `==`. */
export function isEqual(a: Value, b: Value, budget: Budget): boolean {
  budget.step();
  const left = a instanceof SafeText ? a.text : a;
  const right = b instanceof SafeText ? b.text : b;
  if (typeof left === 'string' && typeof right === 'string') {
    budget.read(Math.min(left.length, right.length));
    return left === right;
  }
  if (left instanceof JsonText && typeof right === 'string') return left.text === right;
  if (right instanceof JsonText && typeof left === 'string') return right.text === left;
  if (isNumber(left) && isNumber(right))
    // biome-ignore lint/suspicious/noDoubleEquals: a bigint and a number are compared by value.
    return plain(left) == plain(right);
  if (isList(left) && isList(right))
    return (
      left instanceof Tuple === right instanceof Tuple &&
      left.length === right.length &&
      left.every((item, at) => isEqual(item, right[at]!, budget))
    );
  if (left instanceof Dict && right instanceof Dict) {
    if (left.size !== right.size) return false;
    for (const [key, value] of left.entries()) {
      const other = right.get(key);
      if (other === undefined || !isEqual(value, other, budget)) return false;
    }
    return true;
  }
  if (left instanceof Range && right instanceof Range) {
    budget.step(left.length);
    return left.length === right.length && [...left].every((item, at) => item === right.at(at));
  }
  if (left instanceof Undefined && right instanceof Undefined) return true;
  return left === right;
}

function plain(value: boolean | bigint | number): bigint | number {
  return typeof value === 'boolean' ? (value ? 1n : 0n) : value;
}

/** Below, at or above zero; NaN when one of two floats is NaN. Fails for values without an order between them. */
export function order(a: Value, b: Value, budget: Budget, operator = '<'): number {
  budget.step();
  if (typeof a === 'string' && typeof b === 'string') {
    budget.read(Math.min(a.length, b.length));
    return compareText(a, b);
  }
  if (isNumber(a) && isNumber(b)) {
    const [left, right] = [plain(a), plain(b)];
    if (Number.isNaN(left) || Number.isNaN(right)) return Number.NaN;
    return left < right ? -1 : left > right ? 1 : 0;
  }
  if (isList(a) && isList(b) && a instanceof Tuple === b instanceof Tuple) {
    for (let at = 0; at < a.length && at < b.length; at++)
      if (!isEqual(a[at]!, b[at]!, budget)) return order(a[at]!, b[at]!, budget, operator);
    return a.length - b.length;
  }
  if (a instanceof Undefined) a.fail();
  if (b instanceof Undefined) b.fail();
  throw failed(`'${operator}' does not compare a ${typeName(a)} with a ${typeName(b)}`);
}

/** Python's `in`. */
export function contains(container: Value, item: Value, budget: Budget): boolean {
  if (typeof container === 'string') {
    if (item instanceof Undefined) item.fail();
    if (typeof item !== 'string') throw failed(`'in' looks for a ${typeName(item)} in a str`);
    budget.read(container.length);
    return container.includes(item);
  }
  if (container instanceof Dict) return container.has(item);
  if (container instanceof DictView && container.kind === 'keys') return container.dict.has(item);
  if (itemsOf(container, budget) === undefined) throw failed(`'in' looks into a ${typeName(container)}`);
  for (const one of iterate(container, budget)) if (isEqual(one, item, budget)) return true;
  return false;
}

/** Python's `sorted`: stable, also in reverse. */
export function sorted(
  values: readonly Value[],
  key: (value: Value) => Value,
  isReversed: boolean,
  budget: Budget,
): Value[] {
  const keyed = values.map((value) => ({ value, key: key(value) }));
  keyed.sort((a, b) => {
    const by = order(a.key, b.key, budget);
    return isReversed ? -by : by;
  });
  return keyed.map(({ value }) => value);
}

/** Python's `len`. */
export function lengthOrFail(value: Value, budget: Budget): number {
  const size = sizeOf(value, budget);
  if (size === undefined) throw failed(`a ${typeName(value)} has no length`);
  return size;
}
