import { roundedDecimal } from '../values/arithmetic.ts';
import type { Budget } from '../values/budget.ts';
import { lengthOf, slice } from '../values/code-points.ts';
import { floatText, textOf } from '../values/print.ts';
import { failed, unsupported } from '../values/problem.ts';
import { isInteger, typeName, type Value } from '../values/values.ts';

/** Digits after the point. */
const mostDigits = 1000;

const form = /^(?:([\s\S])?([<>=^]))?([-+ ])?(z)?(#)?(0)?(\d+)?([_,])?(?:\.(\d+))?([bcdeEfFgGnosxX%])?$/u;

/** Python's `format(value, spec)`. */
export function formatValue(value: Value, spec: string, budget: Budget): string {
  if (spec === '') return textOf(value, budget);
  const match = form.exec(spec);
  if (match === null) throw failed(`'${spec}' is not a format`);
  const [, fill, align, sign, zero, alternate, zeros, width, grouping, precision, type] = match;
  if (zero !== undefined || type === 'n') throw unsupported(`the format '${spec}'`);
  const size = Number(width ?? 0);
  budget.text(size);
  if (typeof value === 'string') {
    if (
      (type !== undefined && type !== 's') ||
      sign !== undefined ||
      alternate !== undefined ||
      grouping !== undefined ||
      align === '='
    )
      throw failed(`'${spec}' is not a format of a str`);
    const text = precision === undefined ? value : slice(value, 0, Number(precision));
    return pad(text, size, fill ?? (zeros === undefined ? ' ' : '0'), align ?? '<');
  }
  if (typeof value !== 'number' && !isInteger(value)) throw failed(`a ${typeName(value)} has no format '${spec}'`);
  const parts = numberParts(value, { type, precision, alternate: alternate !== undefined });
  const filler = fill ?? (zeros === undefined ? ' ' : '0');
  const alignment = align ?? (zeros === undefined ? '>' : '=');
  const start = (parts.sign === '-' ? '-' : (sign ?? '-') === '-' ? '' : sign!) + parts.prefix;
  const mark = grouping ?? '';
  if (mark !== '' && 'bcoxX'.includes(type ?? '-') && (mark === ',' || type === 'c'))
    throw failed(`'${mark}' does not go with '${type}'`);
  if (type === 'c' && (sign !== undefined || alternate !== undefined)) throw failed("'c' takes no sign and no '#'");
  const step = 'bxXo'.includes(type ?? '-') ? 4 : 3;
  if (alignment === '=' && filler === '0' && mark !== '') {
    const room = size - start.length - parts.rest.length;
    // The least count of digits that fills the room, marks included.
    let count = Math.max(parts.digits.length, Math.floor((room * step) / (step + 1)));
    while (count + Math.floor((count - 1) / step) < room) count++;
    return start + group(parts.digits.padStart(count, '0'), mark, step) + parts.rest;
  }
  const digits = group(parts.digits, mark, step);
  if (alignment === '=') return start + pad(digits + parts.rest, size - start.length, filler, '>');
  return pad(start + digits + parts.rest, size, filler, alignment);
}

interface Form {
  readonly type: string | undefined;
  readonly precision: string | undefined;
  readonly alternate: boolean;
}

/** A number in parts: '-', '0x', the digits before the point, and the rest. */
interface NumberParts {
  readonly sign: '-' | '';
  readonly prefix: string;
  readonly digits: string;
  readonly rest: string;
}

export function numberParts(value: boolean | bigint | number, { type, precision, alternate }: Form): NumberParts {
  const isFloatType = type !== undefined && 'eEfFgG%'.includes(type);
  if (typeof value !== 'number' && !isFloatType) {
    if (type === 's' || precision !== undefined) throw failed(`an int has no such format`);
    const whole = BigInt(value);
    if (type === 'c') return { sign: '', prefix: '', digits: characterOf(whole), rest: '' };
    const base = ({ b: 2, o: 8, x: 16, X: 16 } as Record<string, number>)[type ?? 'd'] ?? 10;
    const digits = (whole < 0n ? -whole : whole).toString(base);
    const prefix = alternate && base !== 10 ? `0${type}` : '';
    return { sign: whole < 0n ? '-' : '', prefix, digits: type === 'X' ? digits.toUpperCase() : digits, rest: '' };
  }
  if (type !== undefined && !isFloatType) throw failed(`a float has no format '${type}'`);
  const number = Number(value);
  if (precision !== undefined && Number(precision) > mostDigits) throw unsupported(`more than ${mostDigits} digits`);
  const text = floatDigits(number, type, precision === undefined ? undefined : Number(precision), alternate);
  const sign = text.startsWith('-') ? '-' : '';
  const [, digits = '', rest = ''] = /^-?(\d*)([\s\S]*)$/.exec(text)!;
  return { sign, prefix: '', digits, rest };
}

function floatDigits(
  value: number,
  type: string | undefined,
  precision: number | undefined,
  alternate: boolean,
): string {
  if (!Number.isFinite(value)) {
    const text = floatText(value) + (type === '%' ? '%' : '');
    return type !== undefined && 'EFG'.includes(type) ? text.toUpperCase() : text;
  }
  if (type === undefined && precision === undefined) return floatText(value);
  const digits = precision ?? 6;
  const point = alternate && digits === 0 ? '.' : '';
  if (type === 'f' || type === 'F') return roundedDecimal(value, digits) + point;
  if (type === '%') return `${roundedDecimal(value * 100, digits)}${point}%`;
  if (type === 'e' || type === 'E') return exponential(value, digits, type).replace(/^-?\d+(?=[eE])/, `$&${point}`);
  const significant = Math.max(1, digits);
  const text = exponential(value, significant - 1, 'e');
  const exponent = Number(text.split('e')[1]);
  const short = (part: string): string => (alternate || !part.includes('.') ? part : part.replace(/\.?0+$/, ''));
  // Without a type, a number keeps a point as str has it.
  const limit = type === undefined ? significant - 1 : significant;
  if (exponent < -4 || exponent >= Math.max(limit, 1)) {
    const [mantissa = '', power = ''] = text.split('e');
    const result = `${short(mantissa)}${alternate && !mantissa.includes('.') ? '.' : ''}e${power}`;
    return type === 'G' ? result.toUpperCase() : result;
  }
  const plain = short(roundedDecimal(value, significant - 1 - exponent));
  if (alternate && !plain.includes('.')) return `${plain}.`;
  return type === undefined && !plain.includes('.') ? `${plain}.0` : plain;
}

/** A number with an exponent. `toExponential` rounds ties up. */
function exponential(value: number, digits: number, letter: string): string {
  const sign = value < 0 || Object.is(value, -0) ? '-' : '';
  let power = value === 0 ? 0 : Number(value.toExponential().split('e')[1]);
  const rounded = roundedDecimal(Math.abs(value), digits - power).replace('.', '');
  const significant = value === 0 ? rounded : rounded.replace(/^0+/, '');
  // 9.99 may become 10.
  const whole = digits - power < 0 ? significant.length - (power - digits) : significant.length;
  if (whole > digits + 1) power++;
  const mantissa = significant.slice(0, digits + 1);
  const text = digits === 0 ? mantissa : `${mantissa[0]}.${mantissa.slice(1)}`;
  return `${sign}${text}${letter}${power < 0 ? '-' : '+'}${String(Math.abs(power)).padStart(2, '0')}`;
}

/** Python's `chr`. */
export function characterOf(code: boolean | bigint): string {
  const value = BigInt(code);
  if (value < 0n || value > 0x10ffffn) throw failed(`${value} is not the code of a character`);
  return String.fromCodePoint(Number(value));
}

function group(digits: string, mark: string, step: number): string {
  if (mark === '') return digits;
  const groups: string[] = [];
  for (let end = digits.length; end > 0; end -= step) groups.push(digits.slice(Math.max(0, end - step), end));
  return groups.reverse().join(mark);
}

/** A text in a field of this width, in code points. */
export function pad(text: string, width: number, fill: string, align: string): string {
  const room = width - lengthOf(text);
  if (room <= 0) return text;
  if (align === '<') return text + fill.repeat(room);
  if (align === '>') return fill.repeat(room) + text;
  const left = Math.floor(room / 2);
  return fill.repeat(left) + text + fill.repeat(room - left);
}
