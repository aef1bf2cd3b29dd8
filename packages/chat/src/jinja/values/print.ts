import type { Budget } from './budget.ts';
import { failed } from './problem.ts';
import {
  Callable,
  ContentParts,
  Dict,
  DictView,
  isList,
  JsonText,
  Namespace,
  OneShot,
  Range,
  SafeText,
  Tuple,
  typeName,
  Undefined,
  type Value,
} from './values.ts';

/** Python refuses to print integers of more digits. */
const mostDigits = 4300;

/** What Python's `str` gives. */
export function textOf(value: Value, budget: Budget): string {
  if (typeof value === 'string') return value;
  if (value instanceof Undefined) return '';
  if (value instanceof SafeText || value instanceof JsonText) return value.text;
  const text = representation(value, budget);
  budget.text(text.length);
  return text;
}

/** What Python's `repr` gives. */
export function representation(value: Value, budget: Budget): string {
  budget.step();
  if (value === null) return 'None';
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (typeof value === 'bigint') return integerText(value);
  if (typeof value === 'number') return floatText(value);
  if (typeof value === 'string') return quoted(value, budget);
  if (value instanceof JsonText) return quoted(value.text, budget);
  const all = (values: Iterable<Value>): string => {
    let text = '';
    for (const item of values) {
      const part = representation(item, budget);
      budget.text(text.length + part.length, part.length);
      text += text === '' ? part : `, ${part}`;
    }
    return text;
  };
  if (value instanceof Tuple) return value.length === 1 ? `(${all(value)},)` : `(${all(value)})`;
  if (value instanceof ContentParts) throw failed('the parts of a content are printed as a list');
  if (isList(value)) return `[${all(value)}]`;
  if (value instanceof Dict) {
    const parts: string[] = [];
    for (const [key, item] of value.entries()) {
      parts.push(`${representation(key, budget)}: ${representation(item, budget)}`);
      budget.text(parts.at(-1)!.length);
    }
    return `{${parts.join(', ')}}`;
  }
  if (value instanceof DictView) return `dict_${value.kind}([${all(value)}])`;
  if (value instanceof Range)
    return value.step === 1n
      ? `range(${value.start}, ${value.stop})`
      : `range(${value.start}, ${value.stop}, ${value.step})`;
  if (value instanceof Namespace) return `<Namespace ${representation(new Dict(value.members), budget)}>`;
  if (value instanceof Undefined) return 'Undefined';
  if (value instanceof Callable && value.printed !== undefined) return value.printed;
  // Python prints an address in memory.
  if (value instanceof OneShot) throw failed(`a ${value.type} is printed; use the filter 'list' first`);
  throw failed(`a ${typeName(value)} is printed`);
}

export function integerText(value: bigint): string {
  const text = value.toString();
  if (text.length > mostDigits) throw failed(`an integer of more than ${mostDigits} digits is printed`);
  return text;
}

/** The shortest digits that give the same float, with Python's exponents. */
export function floatText(value: number): string {
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
  if (Object.is(value, -0)) return '-0.0';
  const [digits = '', exponent = '0'] = value.toExponential().split('e');
  const power = Number(exponent);
  if (power < -4 || power >= 16) {
    const size = String(Math.abs(power)).padStart(2, '0');
    return `${digits}e${power < 0 ? '-' : '+'}${size}`;
  }
  if (power >= 0) {
    const text = String(value);
    return text.includes('.') ? text : `${text}.0`;
  }
  const sign = value < 0 ? '-' : '';
  return `${sign}0.${'0'.repeat(-power - 1)}${digits.replace(/[-.]/g, '')}`;
}

const escapes: Readonly<Record<string, string>> = { '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t' };
/** Characters that Python does not print: controls, unassigned ones, separators other than the space. */
const unprintable = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}\p{Zs}\\]/gu;

function quoted(text: string, budget: Budget): string {
  budget.read(text.length);
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  const escaped = text.replace(unprintable, (character) => {
    if (character === ' ') return character;
    const known = escapes[character];
    if (known !== undefined) return known;
    const code = character.codePointAt(0)!;
    const hex = code.toString(16);
    if (code <= 0xff) return `\\x${hex.padStart(2, '0')}`;
    return code <= 0xffff ? `\\u${hex.padStart(4, '0')}` : `\\U${hex.padStart(8, '0')}`;
  });
  return `${quote}${quote === "'" ? escaped.replaceAll("'", "\\'") : escaped}${quote}`;
}
