import type { Budget } from '../values/budget.ts';
import { sorted } from '../values/compare.ts';
import { floatText, integerText } from '../values/print.ts';
import { failed } from '../values/problem.ts';
import { ContentParts, Dict, isList, SafeText, typeName, type Value } from '../values/values.ts';

export interface JsonOptions {
  readonly ensureAscii: boolean;
  /** Undefined for one line. */
  readonly indent: string | undefined;
  readonly itemSeparator: string;
  readonly keySeparator: string;
  readonly sortKeys: boolean;
}

/** Python's `json.dumps`. */
export function toJson(value: Value, options: JsonOptions, budget: Budget): string {
  return write(value, options, budget, '\n');
}

function write(value: Value, options: JsonOptions, budget: Budget, newline: string): string {
  budget.step();
  if (value === null) return 'null';
  if (typeof value === 'boolean') return String(value);
  if (typeof value === 'bigint') return integerText(value);
  if (typeof value === 'number') return jsonFloat(value);
  if (typeof value === 'string') return jsonString(value, options, budget);
  if (value instanceof SafeText) return jsonString(value.text, options, budget);
  const isObject = value instanceof Dict;
  if (!isObject && !isList(value)) throw failed(`a ${typeName(value)} cannot be written as JSON`);
  if (value instanceof ContentParts) throw failed('the parts of a content are printed as a list');
  const inner = options.indent === undefined ? newline : newline + options.indent;
  let text = '';
  const add = (part: string): void => {
    const start = text === '' ? '' : options.itemSeparator;
    const line = options.indent === undefined ? '' : inner;
    const piece = start + line + part;
    budget.text(text.length + piece.length, piece.length);
    text += piece;
  };
  if (isObject) {
    const entries = options.sortKeys
      ? sorted([...value.keys()], (key) => key, false, budget).map((key) => [key, value.get(key)!] as const)
      : value.entries();
    for (const [key, item] of entries)
      add(jsonString(keyText(key), options, budget) + options.keySeparator + write(item, options, budget, inner));
  } else for (const item of value) add(write(item, options, budget, inner));
  const [open, close] = isObject ? '{}' : '[]';
  if (text === '') return `${open}${close}`;
  return open + text + (options.indent === undefined ? '' : newline) + close;
}

function keyText(key: Value): string {
  if (typeof key === 'string') return key;
  if (key === null) return 'null';
  if (typeof key === 'bigint') return integerText(key);
  return typeof key === 'number' ? jsonFloat(key) : String(key);
}

function jsonFloat(value: number): string {
  if (Number.isFinite(value)) return floatText(value);
  return Number.isNaN(value) ? 'NaN' : value > 0 ? 'Infinity' : '-Infinity';
}

const short: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\f': '\\f',
  '\b': '\\b',
};

function jsonString(text: string, { ensureAscii }: JsonOptions, budget: Budget): string {
  budget.read(text.length);
  // Units, not code points: Python writes pairs as two escapes.
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is escaped.
  const escaped = ensureAscii ? /[^ !#-[\]-~]/g : /[\x00-\x1f"\\]/g;
  const unit = (character: string): string =>
    short[character] ?? `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  return `"${text.replace(escaped, unit)}"`;
}
