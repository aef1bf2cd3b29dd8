import type { Budget } from './budget.ts';
import { failed, TemplateProblem, unsupported } from './problem.ts';
import {
  Dict,
  isInteger,
  isList,
  isNumber,
  JsonText,
  SafeText,
  Tuple,
  typeName,
  Undefined,
  type Value,
} from './values.ts';

/** Integers have at most this many bits here. */
const mostBits = 65_536n;
const largest = 2n ** mostBits;

export type Operator = '+' | '-' | '*' | '/' | '//' | '%' | '**';

/** Python's `+` and `*`, which also join and repeat, and the operators on numbers alone. */
export function arithmetic(operator: Operator, a: Value, b: Value, budget: Budget): Value {
  if (operator === '+') {
    const joined = join(a, b, budget);
    if (joined !== undefined) return joined;
  }
  if (operator === '*') {
    if (isInteger(b) && (typeof a === 'string' || isList(a))) return repeat(a, Number(b), budget);
    if (isInteger(a) && (typeof b === 'string' || isList(b))) return repeat(b, Number(a), budget);
  }
  if (isInteger(a) && isInteger(b)) return integers(operator, BigInt(a), BigInt(b));
  if (isNumber(a) && isNumber(b)) return floats(operator, Number(a), Number(b));
  if (a instanceof Undefined) a.fail();
  if (b instanceof Undefined) b.fail();
  if (a instanceof SafeText || b instanceof SafeText) throw unsupported(`'${operator}' on a text marked as safe`);
  throw failed(`'${operator}' does not take a ${typeName(a)} and a ${typeName(b)}`);
}

/** A value as text, where it is one to `+`. */
function textIn(value: Value): string | undefined {
  if (typeof value === 'string') return value;
  if (value instanceof JsonText) return value.text;
  return value instanceof Undefined && value.isToken ? '' : undefined;
}

function join(a: Value, b: Value, budget: Budget): Value | undefined {
  const [left, right] = [textIn(a), textIn(b)];
  if (left !== undefined && right !== undefined) {
    budget.text(left.length + right.length, Math.min(left.length, right.length));
    return left + right;
  }
  if (!isList(a) || !isList(b) || a instanceof Tuple !== b instanceof Tuple) return undefined;
  budget.step(1 + (a.length + b.length) / 2);
  return a instanceof Tuple ? Tuple.make([...a, ...b]) : [...a, ...b];
}

function repeat(value: string | readonly Value[], times: number, budget: Budget): Value {
  const count = Math.max(0, times);
  if (typeof value === 'string') {
    budget.text(value.length * count);
    return value.repeat(count);
  }
  budget.step(value.length * count);
  const items: Value[] = [];
  for (let round = 0; round < count && value.length > 0; round++) for (const item of value) items.push(item);
  return value instanceof Tuple ? Tuple.make(items) : items;
}

function integers(operator: Operator, a: bigint, b: bigint): Value {
  switch (operator) {
    case '+':
      return sized(a + b);
    case '-':
      return sized(a - b);
    case '*':
      return sized(a * b);
    case '/':
      if (b === 0n) throw failed('division by zero');
      return quotient(a, b);
    case '//':
      return floorDivide(a, b);
    case '%':
      return a - floorDivide(a, b) * b;
    case '**':
      if (b < 0n) return floats('**', Number(a), Number(b));
      if (a < -1n || a > 1n) {
        const bits = BigInt(a.toString(2).length) * b;
        if (bits > mostBits) throw tooLarge();
      }
      return sized(a ** b);
  }
}

function floorDivide(a: bigint, b: bigint): bigint {
  if (b === 0n) throw failed('division by zero');
  const toZero = a / b;
  return a % b !== 0n && a < 0n !== b < 0n ? toZero - 1n : toZero;
}

/** The float that is nearest to a quotient. */
function quotient(a: bigint, b: bigint): number {
  const isSafe = (value: bigint): boolean => Number.isSafeInteger(Number(value));
  if (isSafe(a) && isSafe(b)) return Number(a) / Number(b);
  const sign = a < 0n !== b < 0n ? -1 : 1;
  const [over, under] = [a < 0n ? -a : a, b < 0n ? -b : b];
  // 66 bits of the quotient, with a last bit for what is cut off: more than the 53 that stay after rounding.
  const shift = BigInt(under.toString(2).length - over.toString(2).length + 66);
  const [top, bottom] = shift > 0n ? [over << shift, under] : [over, under << -shift];
  const digits = ((top / bottom) << 1n) | (top % bottom === 0n ? 0n : 1n);
  const result = Number(digits) * 2 ** -Number(shift + 1n);
  if (!Number.isFinite(result)) throw failed('the quotient of integers is too large for a float');
  return sign * result;
}

function floats(operator: Operator, a: number, b: number): number {
  if ((operator === '/' || operator === '//' || operator === '%') && b === 0) throw failed('division by zero');
  switch (operator) {
    case '+':
      return a + b;
    case '-':
      return a - b;
    case '*':
      return a * b;
    case '/':
      return a / b;
    case '%':
      return floatRemainder(a, b);
    case '//': {
      const quotientOfRest = (a - floatRemainder(a, b)) / b;
      return quotientOfRest === 0 ? Math.sign(a / b) * 0 : Math.round(quotientOfRest);
    }
    case '**': {
      if (a === 0 && b < 0) throw failed('zero to a negative power');
      if (a < 0 && !Number.isInteger(b)) throw unsupported('a complex number');
      const power = a === 1 ? 1 : a ** b;
      if (!Number.isFinite(power) && Number.isFinite(a) && Number.isFinite(b)) throw failed('a power is too large');
      return power;
    }
  }
}

/** The remainder with the sign of the divisor. */
function floatRemainder(a: number, b: number): number {
  const rest = a % b;
  if (rest === 0) return b < 0 ? -0 : 0;
  return rest < 0 !== b < 0 ? rest + b : rest;
}

function sized(value: bigint): bigint {
  if (value > largest || value < -largest) throw tooLarge();
  return value;
}

function tooLarge(): TemplateProblem {
  return new TemplateProblem('limit', `the template computes an integer of more than ${mostBits} bits`);
}

/** `-value` and `+value`. */
export function signed(sign: '-' | '+', value: Value): Value {
  if (value instanceof Undefined) value.fail();
  if (isInteger(value)) return sign === '-' ? -BigInt(value) : BigInt(value);
  if (typeof value === 'number') return sign === '-' ? -value : value;
  throw failed(`'${sign}' does not take a ${value instanceof Dict ? 'dict' : typeName(value)}`);
}

/** Python's `int(text, base)`; undefined when the text is not an integer. */
export function parseInteger(text: string, base: number): bigint | undefined {
  const match = /^([+-]?)(?:0([box]))?_?([0-9a-z]+(?:_[0-9a-z]+)*)$/i.exec(text.trim());
  if (match === null) return undefined;
  const [, sign, prefix, body = ''] = match;
  const bases: Readonly<Record<string, number>> = { b: 2, o: 8, x: 16 };
  let digits = body.replaceAll('_', '').toLowerCase();
  let radix = base;
  if (prefix !== undefined) {
    const named = bases[prefix.toLowerCase()]!;
    if (base === 0 || base === named) radix = named;
    else if (base > 30) digits = `0${prefix.toLowerCase()}${digits}`;
    // '0b1' is a number in base 16.
    else if (base > 11 && prefix.toLowerCase() === 'b') digits = `0b${digits}`;
    else return undefined;
  } else if (base === 0) {
    if (/^0+[1-9]/.test(digits)) return undefined;
    radix = 10;
  }
  let value = 0n;
  for (const digit of digits) {
    const place = Number.parseInt(digit, 36);
    if (Number.isNaN(place) || place >= radix) return undefined;
    value = value * BigInt(radix) + BigInt(place);
  }
  return sign === '-' ? -value : value;
}

/** Python's `float(text)`; undefined when the text is not a number. */
export function parseFloatText(text: string): number | undefined {
  const trimmed = text.trim();
  if (/^[+-]?(?:inf|infinity)$/i.test(trimmed)) return trimmed.startsWith('-') ? -Infinity : Infinity;
  if (/^[+-]?nan$/i.test(trimmed)) return Number.NaN;
  const digits = '\\d+(?:_\\d+)*';
  const form = new RegExp(`^[+-]?(?:${digits}\\.?(?:${digits})?|\\.${digits})(?:e[+-]?${digits})?$`, 'i');
  return form.test(trimmed) ? Number(trimmed.replaceAll('_', '')) : undefined;
}

/** Python's `round(value, digits)`: to the nearest, and to even on ties. */
export function round(value: boolean | bigint | number, digits: number): Value {
  if (isInteger(value)) {
    const whole = BigInt(value);
    if (digits >= 0) return whole;
    const unit = 10n ** BigInt(Math.min(-digits, 20_000));
    const rest = whole - floorDivide(whole, unit) * unit;
    const below = whole - rest;
    if (rest * 2n === unit) return (below / unit) % 2n === 0n ? below : below + unit;
    return rest * 2n > unit ? below + unit : below;
  }
  if (!Number.isFinite(value) || digits > 100) return value;
  return Number(roundedDecimal(value, Math.max(digits, -400)));
}

/**
 * A float with this many digits after the point, rounded from its exact value, and to even on ties; digits below zero round before the
 * point. `toFixed` rounds ties up and ends at 1e21.
 */
export function roundedDecimal(value: number, digits: number): string {
  const sign = value < 0 || Object.is(value, -0) ? '-' : '';
  const [numerator, shift] = exactBinary(Math.abs(value));
  // value = numerator / 2^shift
  const scaled = numerator * 10n ** BigInt(Math.max(digits, 0));
  const unit = (1n << BigInt(shift)) * 10n ** BigInt(Math.max(-digits, 0));
  let whole = scaled / unit;
  const twice = (scaled % unit) * 2n;
  if (twice > unit || (twice === unit && whole % 2n === 1n)) whole += 1n;
  if (digits < 0) return `${sign}${whole}${'0'.repeat(-digits)}`;
  const text = whole.toString().padStart(digits + 1, '0');
  return digits === 0 ? sign + text : `${sign}${text.slice(0, -digits)}.${text.slice(-digits)}`;
}

/** An integer, and the power of two that it is divided by. */
function exactBinary(value: number): readonly [bigint, number] {
  let shift = 0;
  let scaled = value;
  while (!Number.isInteger(scaled)) {
    scaled *= 2;
    shift++;
  }
  return [BigInt(scaled), shift];
}
