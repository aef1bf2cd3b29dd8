import { Arguments } from '../values/arguments.ts';
import type { Budget } from '../values/budget.ts';
import { characters, lengthOf, onlySpaces, positionOf, slice, spaces, strip } from '../values/code-points.ts';
import { iterate, listOf } from '../values/items.ts';
import { textOf } from '../values/print.ts';
import { failed, unsupported } from '../values/problem.ts';
import { Dict, type Keywords, Tuple, typeName, Undefined, type Value } from '../values/values.ts';
import { braceFormat, type Lookup } from './brace-format.ts';
import { capitalize, foldCase, isLower, isTitle, isUpper, swapCase, title } from './case.ts';
import { isDigit, isNumeric } from './digits.ts';
import { pad } from './format-spec.ts';

interface Context {
  readonly budget: Budget;
  readonly lookup: Lookup;
}

type Method = (text: string, args: Arguments, context: Context) => Value;

/** The methods of `str`, with the names of their parameters. */
const methods: Readonly<Record<string, readonly [readonly string[], Method]>> = {
  capitalize: [[], (text) => capitalize(text)],
  casefold: [[], (text) => foldCase(text)],
  center: [['width', 'fillchar'], (text, args, { budget }) => padded(text, args, 'center', budget)],
  count: [['sub', 'start', 'end'], (text, args) => BigInt(countOf(text, args))],
  endswith: [['suffix', 'start', 'end'], (text, args) => matches(text, args, 'suffix')],
  expandtabs: [['tabsize'], (text, args, { budget }) => expandTabs(text, args.integer('tabsize', 8), budget)],
  find: [['sub', 'start', 'end'], (text, args) => BigInt(find(text, args, 'first'))],
  format_map: [
    ['mapping'],
    (text, args, { budget, lookup }) => {
      const mapping = args.required('mapping');
      if (!(mapping instanceof Dict)) throw failed('format_map wants a mapping');
      const names = new Map(
        [...mapping.entries()].filter((entry): entry is [string, Value] => typeof entry[0] === 'string'),
      );
      return braceFormat(text, [], names, lookup, budget);
    },
  ],
  index: [['sub', 'start', 'end'], (text, args) => BigInt(found(find(text, args, 'first')))],
  isalnum: [[], (text) => /^[\p{L}\p{N}]+$/u.test(text)],
  isalpha: [[], (text) => /^\p{L}+$/u.test(text)],
  // biome-ignore lint/suspicious/noControlCharactersInRegex: ASCII is all of them.
  isascii: [[], (text) => /^[\x00-\x7f]*$/.test(text)],
  isdecimal: [[], (text) => /^\p{Nd}+$/u.test(text)],
  isdigit: [[], isDigit],
  isidentifier: [[], (text) => /^[\p{XIDS}_][\p{XIDC}]*$/u.test(text)],
  islower: [[], (text) => isLower(text)],
  isnumeric: [[], isNumeric],
  isspace: [[], (text) => onlySpaces.test(text)],
  istitle: [[], (text) => isTitle(text)],
  isupper: [[], (text) => isUpper(text)],
  join: [
    ['iterable'],
    (text, args, { budget }) => {
      const parts = listOf(args.required('iterable'), budget);
      for (const part of parts)
        if (typeof part !== 'string') throw failed(`'join' of a str does not take a ${typeName(part)}`);
      return joined(parts as string[], text, budget);
    },
  ],
  ljust: [['width', 'fillchar'], (text, args, { budget }) => padded(text, args, '<', budget)],
  lower: [[], (text) => text.toLowerCase()],
  lstrip: [['chars'], (text, args) => strip(text, args.optionalText('chars'), 'start')],
  partition: [['sep'], (text, args) => cut(text, args.text('sep'), 'first')],
  removeprefix: [
    ['prefix'],
    (text, args) => (text.startsWith(args.text('prefix')) ? text.slice(args.text('prefix').length) : text),
  ],
  removesuffix: [
    ['suffix'],
    (text, args) => {
      const suffix = args.text('suffix');
      return suffix !== '' && text.endsWith(suffix) ? text.slice(0, -suffix.length) : text;
    },
  ],
  replace: [
    ['old', 'new', 'count'],
    (text, args, { budget }) => replace(text, args.text('old'), args.text('new'), args.integer('count', -1), budget),
  ],
  rfind: [['sub', 'start', 'end'], (text, args) => BigInt(find(text, args, 'last'))],
  rindex: [['sub', 'start', 'end'], (text, args) => BigInt(found(find(text, args, 'last')))],
  rjust: [['width', 'fillchar'], (text, args, { budget }) => padded(text, args, '>', budget)],
  rpartition: [['sep'], (text, args) => cut(text, args.text('sep'), 'last')],
  rsplit: [['sep', 'maxsplit'], (text, args, { budget }) => split(text, args, 'end', budget)],
  rstrip: [['chars'], (text, args) => strip(text, args.optionalText('chars'), 'end')],
  split: [['sep', 'maxsplit'], (text, args, { budget }) => split(text, args, 'start', budget)],
  splitlines: [['keepends'], (text, args, { budget }) => splitLines(text, args.integer('keepends', 0) !== 0, budget)],
  startswith: [['prefix', 'start', 'end'], (text, args) => matches(text, args, 'prefix')],
  strip: [['chars'], (text, args) => strip(text, args.optionalText('chars'), 'both')],
  swapcase: [[], (text) => swapCase(text)],
  title: [[], (text) => title(text)],
  upper: [[], (text) => text.toUpperCase()],
  zfill: [
    ['width'],
    (text, args, { budget }) => {
      const width = args.integer('width');
      budget.text(Math.max(0, width));
      const [, sign = '', rest = ''] = /^([+-]?)([\s\S]*)$/.exec(text)!;
      return sign + pad(rest, width - sign.length, '0', '>');
    },
  ],
};

/** Python takes these by position only. */
const positionOnly = new Set(Object.keys(methods));
for (const name of ['split', 'rsplit', 'splitlines', 'expandtabs']) positionOnly.delete(name);

/** Methods whose work per character is more than a comparison. */
const perCharacter = new Set(['capitalize', 'casefold', 'expandtabs', 'istitle', 'swapcase', 'title']);

const missing: readonly string[] = ['encode', 'isprintable', 'maketrans', 'translate'];

/**
 * A method of `str`; undefined when Python has none of this name.
 *
 * @throws TemplateProblem for a method that is not supported here.
 */
export function textMethod(
  text: string,
  name: string,
  context: Context,
): ((args: readonly Value[], keywords: Keywords) => Value) | undefined {
  if (name === 'format') return (args, keywords) => braceFormat(text, args, keywords, context.lookup, context.budget);
  if (missing.includes(name)) throw unsupported(`the method '${name}' of a str`);
  if (!Object.hasOwn(methods, name)) return undefined;
  const [parameters, method] = methods[name]!;
  return (args, keywords) => {
    if (positionOnly.has(name) && keywords.size > 0) throw failed(`'${name}' of a str takes no keyword arguments`);
    if (perCharacter.has(name)) context.budget.transform(text.length);
    else context.budget.read(text.length);
    return method(text, new Arguments(`'${name}' of a str`, parameters, args, keywords), context);
  };
}

/** Texts with a separator between them. */
export function joined(parts: readonly string[], separator: string, budget: Budget): string {
  let length = separator.length * Math.max(0, parts.length - 1);
  for (const part of parts) length += part.length;
  budget.text(length);
  return parts.join(separator);
}

/** @param count how many are replaced; below zero for all. */
export function replace(text: string, old: string, by: string, count: number, budget: Budget): string {
  budget.read(text.length);
  if (count === 0) return text;
  const limit = count < 0 ? Number.POSITIVE_INFINITY : count;
  if (old === '') {
    const all = Array.from(text);
    const times = Math.min(limit, all.length + 1);
    budget.text(text.length + by.length * times);
    let result = '';
    for (let at = 0; at <= all.length; at++) result += (at < times ? by : '') + (all[at] ?? '');
    return result;
  }
  const pieces: string[] = [];
  let from = 0;
  for (let at = text.indexOf(old); at >= 0 && pieces.length < limit; at = text.indexOf(old, from)) {
    pieces.push(text.slice(from, at));
    budget.step();
    from = at + old.length;
  }
  pieces.push(text.slice(from));
  return joined(pieces, by, budget);
}

/** Python's `str.splitlines`. */
export function splitLines(text: string, keepEnds: boolean, budget: Budget): string[] {
  const lines: string[] = [];
  // biome-ignore lint/suspicious/noControlCharactersInRegex: three of them end lines.
  for (const [line, end] of text.matchAll(/[^\n\r\v\f\x1c-\x1e\x85\u2028\u2029]*(\r\n|[\s\S]|$)/gu)) {
    if (line === '') continue;
    budget.step();
    lines.push(keepEnds ? line : line.slice(0, line.length - (end?.length ?? 0)));
  }
  return lines;
}

function split(text: string, args: Arguments, from: 'start' | 'end', budget: Budget): string[] {
  const separator = args.optionalText('sep');
  const most = args.integer('maxsplit', -1);
  if (separator === '') throw failed("'split' of a str has an empty separator");
  const parts = separator === undefined ? words(text, most, from) : pieces(text, separator, most, from);
  budget.step(parts.length);
  return parts;
}

function pieces(text: string, separator: string, most: number, from: 'start' | 'end'): string[] {
  const all = text.split(separator);
  if (most < 0) return from === 'start' ? all : pieces(text, separator, all.length, from);
  if (from === 'start') return all.length <= most + 1 ? all : [...all.slice(0, most), all.slice(most).join(separator)];
  // Separators that overlap are found from the end.
  const parts: string[] = [];
  let end = text.length;
  while (parts.length < most) {
    const at = end < separator.length ? -1 : text.lastIndexOf(separator, end - separator.length);
    if (at < 0) break;
    parts.push(text.slice(at + separator.length, end));
    end = at;
  }
  parts.push(text.slice(0, end));
  return parts.reverse();
}

function words(text: string, most: number, from: 'start' | 'end'): string[] {
  const trimmed = strip(text, undefined, 'both');
  if (trimmed === '') return [];
  const gaps = [...trimmed.matchAll(spaces)];
  const used = most < 0 ? gaps : from === 'start' ? gaps.slice(0, most) : most === 0 ? [] : gaps.slice(-most);
  const parts: string[] = [];
  let start = 0;
  for (const gap of used) {
    parts.push(trimmed.slice(start, gap.index));
    start = gap.index + gap[0].length;
  }
  // What is not split keeps the spaces at its outer end.
  if (most === 0) return [from === 'start' ? strip(text, undefined, 'start') : strip(text, undefined, 'end')];
  parts.push(trimmed.slice(start));
  if (used.length === most) {
    if (from === 'start') parts.push(parts.pop()! + text.slice(strip(text, undefined, 'end').length));
    else parts.unshift(text.slice(0, text.length - strip(text, undefined, 'start').length) + parts.shift()!);
  }
  return parts;
}

function cut(text: string, separator: string, which: 'first' | 'last'): Tuple {
  if (separator === '') throw failed("'partition' of a str has an empty separator");
  const at = which === 'first' ? text.indexOf(separator) : text.lastIndexOf(separator);
  if (at < 0) return Tuple.make(which === 'first' ? [text, '', ''] : ['', '', text]);
  return Tuple.make([text.slice(0, at), separator, text.slice(at + separator.length)]);
}

/** The part between the arguments `start` and `end`, and where it starts; undefined when `start` is beyond the end. */
function window(text: string, args: Arguments): { readonly part: string; readonly start: number } | undefined {
  const [from, to] = [args.optionalInteger('start'), args.optionalInteger('end')];
  if (from === undefined && to === undefined) return { part: text, start: 0 };
  const length = lengthOf(text);
  const place = (given: number): number => Math.max(0, given < 0 ? given + length : given);
  const start = place(from ?? 0);
  const end = Math.min(place(to ?? length), length);
  return start > length ? undefined : start > end ? undefined : { part: slice(text, start, end), start };
}

function find(text: string, args: Arguments, which: 'first' | 'last'): number {
  const sub = args.text('sub');
  const inside = window(text, args);
  if (inside === undefined) return -1;
  const unit = which === 'first' ? inside.part.indexOf(sub) : inside.part.lastIndexOf(sub);
  return unit < 0 ? -1 : inside.start + positionOf(inside.part, unit);
}

function found(at: number): number {
  if (at < 0) throw failed('the text that is looked for is not there');
  return at;
}

function countOf(text: string, args: Arguments): number {
  const sub = args.text('sub');
  const inside = window(text, args);
  if (inside === undefined) return 0;
  return sub === '' ? lengthOf(inside.part) + 1 : inside.part.split(sub).length - 1;
}

function matches(text: string, args: Arguments, name: 'prefix' | 'suffix'): boolean {
  const value = args.required(name);
  if (value instanceof Undefined) value.fail();
  const wanted = value instanceof Tuple ? value : [value];
  const inside = window(text, args);
  return wanted.some((one) => {
    if (typeof one !== 'string') throw failed(`a ${name} cannot be a ${typeName(one)}`);
    if (inside === undefined) return false;
    return name === 'prefix' ? inside.part.startsWith(one) : inside.part.endsWith(one);
  });
}

function padded(text: string, args: Arguments, align: string, budget: Budget): string {
  const [width, fill] = [args.integer('width'), args.text('fillchar', ' ')];
  if (lengthOf(fill) !== 1) throw failed('a fill character is one character');
  budget.text(Math.max(0, width));
  return align === 'center' ? center(text, width, fill) : pad(text, width, fill, align);
}

/** Python puts the odd character to the left when the width is odd. */
export function center(text: string, width: number, fill = ' '): string {
  const room = width - lengthOf(text);
  if (room <= 0) return text;
  const left = Math.floor(room / 2) + (room & width & 1);
  return fill.repeat(left) + text + fill.repeat(room - left);
}

function expandTabs(text: string, size: number, budget: Budget): string {
  let result = '';
  let column = 0;
  for (const character of characters(text)) {
    if (character === '\t') {
      const room = size > 0 ? size - (column % size) : 0;
      budget.text(result.length + room, room);
      result += ' '.repeat(room);
      column += room;
    } else {
      result += character;
      column = character === '\n' || character === '\r' ? 0 : column + 1;
    }
  }
  return result;
}

/** Python's `str` of each item. */
export function textsOf(value: Value, budget: Budget): string[] {
  const texts: string[] = [];
  for (const item of iterate(value, budget)) texts.push(textOf(item, budget));
  return texts;
}
