import { isLower, isUpper } from '../text/case.ts';
import { arithmetic } from '../values/arithmetic.ts';
import type { Budget } from '../values/budget.ts';
import { contains, isEqual, order } from '../values/compare.ts';
import { isIterable, isSequence, isTrue } from '../values/items.ts';
import { textOf } from '../values/print.ts';
import { failed } from '../values/problem.ts';
import { Callable, Dict, Instance, isNumber, JsonText, SafeText, Undefined, type Value } from '../values/values.ts';

/** A test with the number of its arguments. */
type Test = readonly [number, (value: Value, other: Value, budget: Budget) => boolean];

const equal: Test = [1, (value, other, budget) => isEqual(value, other, budget)];
const notEqual: Test = [1, (value, other, budget) => !isEqual(value, other, budget)];
const less: Test = [1, (value, other, budget) => order(value, other, budget) < 0];
const lessOrEqual: Test = [1, (value, other, budget) => order(value, other, budget, '<=') <= 0];
const greater: Test = [1, (value, other, budget) => order(value, other, budget, '>') > 0];
const greaterOrEqual: Test = [1, (value, other, budget) => order(value, other, budget, '>=') >= 0];
const rest = (value: Value, by: Value, budget: Budget): Value => {
  if (typeof value === 'string') throw failed('a text has no remainder');
  return arithmetic('%', value, by, budget);
};

/** The tests after `is`. */
export const tests: Readonly<Record<string, Test>> = {
  '!=': notEqual,
  '<': less,
  '<=': lessOrEqual,
  '==': equal,
  '>': greater,
  '>=': greaterOrEqual,
  boolean: [0, (value) => typeof value === 'boolean'],
  callable: [0, (value) => value instanceof Callable || (value instanceof Instance && value.call !== undefined)],
  defined: [0, (value) => !(value instanceof Undefined)],
  divisibleby: [1, (value, other, budget) => isEqual(rest(value, other, budget), 0n, budget)],
  eq: equal,
  equalto: equal,
  escaped: [0, (value) => value instanceof SafeText],
  even: [0, (value, _, budget) => isEqual(rest(value, 2n, budget), 0n, budget)],
  false: [0, (value) => value === false],
  float: [0, (value) => typeof value === 'number'],
  ge: greaterOrEqual,
  greaterthan: greater,
  gt: greater,
  in: [1, (value, other, budget) => contains(other, value, budget)],
  integer: [0, (value) => typeof value === 'bigint'],
  iterable: [0, isIterable],
  le: lessOrEqual,
  lessthan: less,
  lower: [0, (value, _, budget) => isLower(textOf(value, budget))],
  lt: less,
  mapping: [0, (value) => value instanceof Dict],
  ne: notEqual,
  none: [0, (value) => value === null],
  number: [0, isNumber],
  odd: [0, (value, _, budget) => isEqual(rest(value, 2n, budget), 1n, budget)],
  sameas: [1, (value, other) => value === other],
  sequence: [0, isSequence],
  string: [0, (value) => typeof value === 'string' || value instanceof SafeText || value instanceof JsonText],
  true: [0, (value) => value === true],
  undefined: [0, (value) => value instanceof Undefined],
  upper: [0, (value, _, budget) => isUpper(textOf(value, budget))],
};

/** @throws TemplateProblem for an unknown test, and for another number of arguments. */
export function applyTest(name: string, value: Value, args: readonly Value[], budget: Budget): boolean {
  if (!Object.hasOwn(tests, name)) throw failed(`there is no test '${name}'`);
  const [count, test] = tests[name]!;
  if (args.length !== count) throw failed(`the test '${name}' takes ${count} arguments, not ${args.length}`);
  return isTrue(test(value, args[0] ?? null, budget));
}
