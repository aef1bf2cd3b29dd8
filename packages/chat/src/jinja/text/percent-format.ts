import type { Budget } from '../values/budget.ts';
import { lengthOf, slice } from '../values/code-points.ts';
import { representation, textOf } from '../values/print.ts';
import { failed, unsupported } from '../values/problem.ts';
import { Dict, isInteger, isList, isNumber, Tuple, typeName, type Value } from '../values/values.ts';
import { characterOf, numberParts } from './format-spec.ts';

const field = /%(?:\(([^)]*)\))?([-+ #0]*)(\d+|\*)?(?:\.(\d+|\*)?)?[hlL]?([\s\S]|$)/gu;

/** Python's `text % values`. */
export function percentFormat(text: string, values: Value, budget: Budget): string {
  const args: readonly Value[] = values instanceof Tuple ? values : [values];
  let used = 0;
  let hasNames = false;
  const next = (): Value => {
    const value = args[used++];
    if (value === undefined) throw failed('not enough values for a format');
    return value;
  };
  const number = (given: string | undefined): number | undefined => {
    if (given !== '*') return given === undefined ? undefined : Number(given);
    const value = next();
    if (!isInteger(value)) throw failed("'*' of a format wants an integer");
    return Number(value);
  };
  const result = text.replace(field, (all, name: string | undefined, flags: string, width, precision, type: string) => {
    if (type === '%') {
      if (all !== '%%') throw unsupported(`the format '${all}'`);
      return '%';
    }
    if (type === '' || !'sradiufFeEgGxXoc'.includes(type)) throw failed(`'${all}' is not a format`);
    const size = number(width) ?? 0;
    const digits = number(/\.$|\.[a-zA-Z]/.test(all.replace(/\([^)]*\)/, '')) ? '0' : precision);
    let value: Value;
    if (name !== undefined) {
      hasNames = true;
      if (!(values instanceof Dict)) throw failed('a format with names wants a mapping');
      const found = values.get(name);
      if (found === undefined) throw failed(`the format wants '${name}'`);
      value = found;
    } else value = next();
    budget.text(Math.abs(size));
    const [start, body] = parts(value, type, digits, flags, budget);
    const room = Math.abs(size) - lengthOf(start + body);
    if (room <= 0) return start + body;
    if (flags.includes('-') || size < 0) return start + body + ' '.repeat(room);
    const isPadded = flags.includes('0') && !'srac'.includes(type) && !/inf|nan/i.test(body);
    return isPadded ? start + '0'.repeat(room) + body : ' '.repeat(room) + start + body;
  });
  if (!hasNames && used < args.length && !isMapping(values)) throw failed('a format leaves values over');
  budget.text(result.length);
  return result;
}

/** Only these may be left over: a list is a mapping to Python, because it takes an index. */
function isMapping(value: Value): boolean {
  return value instanceof Dict || (isList(value) && !(value instanceof Tuple));
}

/** The sign or prefix, and the rest. */
function parts(
  value: Value,
  type: string,
  digits: number | undefined,
  flags: string,
  budget: Budget,
): readonly [string, string] {
  if (type === 's' || type === 'r' || type === 'a') {
    if (type === 'a') throw unsupported("the format '%a'");
    const text = type === 's' ? textOf(value, budget) : representation(value, budget);
    return ['', digits === undefined ? text : slice(text, 0, digits)];
  }
  if (type === 'c') {
    if (typeof value === 'string' && lengthOf(value) === 1) return ['', value];
    if (!isInteger(value)) throw failed("'%c' wants an integer or a character");
    return ['', characterOf(value)];
  }
  if (!isNumber(value)) throw failed(`'%${type}' does not take a ${typeName(value)}`);
  const isFloat = 'fFeEgG'.includes(type);
  if (!isFloat && typeof value === 'number' && 'xXo'.includes(type)) throw failed(`'%${type}' does not take a float`);
  if (!isFloat && typeof value === 'number' && !Number.isFinite(value)) throw failed(`'%${type}' takes finite numbers`);
  const number = isFloat ? value : typeof value === 'number' ? BigInt(Math.trunc(value)) : value;
  const kind = 'iu'.includes(type) ? 'd' : type;
  const precision = isFloat && digits !== undefined ? String(digits) : undefined;
  const {
    sign,
    prefix,
    digits: whole,
    rest,
  } = numberParts(number, { type: kind, precision, alternate: flags.includes('#') });
  const start = sign === '-' ? '-' : flags.includes('+') ? '+' : flags.includes(' ') ? ' ' : '';
  return [start + prefix, (isFloat ? whole : whole.padStart(digits ?? 0, '0')) + rest];
}
