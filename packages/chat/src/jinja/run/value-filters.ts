import { capitalize } from '../text/case.ts';
import { toJson } from '../text/json.ts';
import { center, joined, replace, splitLines, textsOf } from '../text/text-methods.ts';
import type { Arguments } from '../values/arguments.ts';
import { arithmetic, parseFloatText, parseInteger, round } from '../values/arithmetic.ts';
import { lengthOf, slice, strip } from '../values/code-points.ts';
import { isTrue, iterate } from '../values/items.ts';
import { textOf } from '../values/print.ts';
import { failed } from '../values/problem.ts';
import { isInteger, isList, isNumber, OneShot, SafeText, typeName, Undefined, type Value } from '../values/values.ts';
import { attributeGetter, type Filter, type FilterContext } from './filter-context.ts';
import { attributeOf, memberOf } from './members.ts';

/** A filter of a text: every value is printed first. */
function ofText(convert: (text: string) => Value): Filter {
  return [
    [],
    (value, _, { budget }) => {
      const text = textOf(value, budget);
      budget.transform(text.length);
      return convert(text);
    },
  ];
}

const fallback: Filter = [
  ['default_value', 'boolean'],
  (value, args) =>
    value instanceof Undefined || (isTrue(args.get('boolean') ?? false) && !isTrue(value))
      ? withDefault(args.get('default_value'), '')
      : value,
];

function withDefault(value: Value | undefined, preset: Value): Value {
  return value === undefined ? preset : value;
}

/** Filters of texts, numbers, and any value. */
export const valueFilters: Readonly<Record<string, Filter>> = {
  abs: [
    [],
    (value) => {
      if (value instanceof Undefined) value.fail();
      if (!isNumber(value)) throw failed(`'abs' wants a number, not a ${typeName(value)}`);
      if (typeof value === 'number') return Math.abs(value);
      const whole = BigInt(value);
      return whole < 0n ? -whole : whole;
    },
  ],
  attr: [
    ['name'],
    (value, args, { budget }) => {
      const name = args.text('name');
      const found = value instanceof Undefined ? undefined : attributeOf(value, name, budget);
      return found === undefined ? new Undefined(`'${name}'`) : memberOf(value, name, budget);
    },
  ],
  capitalize: ofText(capitalize),
  center: [
    ['width'],
    (value, args, { budget }) => {
      const width = args.integer('width', 80);
      budget.text(Math.max(0, width));
      return center(textOf(value, budget), width);
    },
  ],
  d: fallback,
  default: fallback,
  float: [
    ['default'],
    (value, args) => {
      const number = toFloat(value);
      return number === undefined ? withDefault(args.get('default'), 0) : number;
    },
  ],
  indent: [['width', 'first', 'blank'], indent],
  int: [['default', 'base'], toInteger],
  join: [
    ['d', 'attribute'],
    (value, args, context) => {
      const { budget } = context;
      const separator = textOf(withDefault(args.get('d'), ''), budget);
      const attribute = args.get('attribute');
      if (attribute === undefined || attribute === null) return joined(textsOf(value, budget), separator, budget);
      const get = attributeGetter(attribute, context);
      const parts: string[] = [];
      for (const item of iterate(value, budget)) parts.push(textOf(get(item), budget));
      return joined(parts, separator, budget);
    },
  ],
  lower: ofText((text) => text.toLowerCase()),
  replace: [
    ['old', 'new', 'count'],
    (value, args, { budget }) => {
      const text = (name: string): string => textOf(args.required(name), budget);
      return replace(textOf(value, budget), text('old'), text('new'), args.optionalInteger('count') ?? -1, budget);
    },
  ],
  round: [['precision', 'method'], roundFilter],
  safe: [[], (value, _, { budget }) => new SafeText(textOf(value, budget))],
  string: [[], (value, _, { budget }) => (value instanceof SafeText ? value : textOf(value, budget))],
  // A title of Jinja2, which is not Python's: words begin after spaces, hyphens and opening brackets.
  title: ofText((text) =>
    text
      .split(/([-\s({[<]+)/)
      .map((word) => {
        const [first = ''] = word;
        return first.toUpperCase() + word.slice(first.length).toLowerCase();
      })
      .join(''),
  ),
  tojson: [['ensure_ascii', 'indent', 'separators', 'sort_keys'], json],
  trim: [
    ['chars'],
    (value, args, { budget }) => {
      const text = textOf(value, budget);
      budget.read(text.length);
      return strip(text, args.optionalText('chars'), 'both');
    },
  ],
  truncate: [['length', 'killwords', 'end', 'leeway'], truncate],
  upper: ofText((text) => text.toUpperCase()),
  wordcount: ofText((text) => BigInt(text.match(/[\p{L}\p{N}_]+/gu)?.length ?? 0)),
};

function toFloat(value: Value): number | undefined {
  if (value instanceof Undefined) value.fail();
  if (isNumber(value)) return Number(value);
  return typeof value === 'string' ? parseFloatText(value) : undefined;
}

function toInteger(value: Value, args: Arguments): Value {
  const whole = typeof value === 'string' ? parseInteger(value, args.integer('base', 10)) : undefined;
  if (whole !== undefined) return whole;
  if (isInteger(value)) return BigInt(value);
  const number = toFloat(value);
  if (typeof value === 'number' && Math.abs(value) === Number.POSITIVE_INFINITY)
    throw failed('infinity is not an integer');
  return number === undefined || !Number.isFinite(number)
    ? withDefault(args.get('default'), 0n)
    : BigInt(Math.trunc(number));
}

function roundFilter(value: Value, args: Arguments, { budget }: FilterContext): Value {
  const method = withDefault(args.get('method'), 'common');
  const digits = args.integer('precision', 0);
  if (value instanceof Undefined) value.fail();
  if (!isNumber(value)) throw failed(`'round' wants a number, not a ${typeName(value)}`);
  if (method === 'common') return round(value, digits);
  if (method !== 'ceil' && method !== 'floor') throw failed("the method of 'round' is 'common', 'ceil' or 'floor'");
  const unit = arithmetic('**', 10n, BigInt(digits), budget);
  const scaled = arithmetic('*', value, unit, budget);
  if (typeof scaled === 'number' && !Number.isFinite(scaled)) throw failed(`'round' takes finite numbers`);
  const whole = typeof scaled === 'number' ? BigInt(Math[method](scaled)) : scaled;
  return arithmetic('/', whole, unit, budget);
}

function indent(value: Value, args: Arguments, { budget }: FilterContext): Value {
  const width = withDefault(args.get('width'), 4n);
  if (value instanceof Undefined) value.fail();
  if (typeof value !== 'string') throw failed(`'indent' wants a text, not a ${typeName(value)}`);
  const space = typeof width === 'string' ? width : ' '.repeat(Math.max(0, Math.min(args.integer('width', 4), 10_000)));
  const isBlank = isTrue(args.get('blank') ?? false);
  const lines = splitLines(`${value}\n`, false, budget);
  const parts = lines.map((line, at) => (at > 0 && (isBlank || line !== '') ? space + line : line));
  const text = joined(parts, '\n', budget);
  return isTrue(args.get('first') ?? false) ? space + text : text;
}

function truncate(value: Value, args: Arguments, { budget }: FilterContext): Value {
  const [length, end, leeway] = [args.integer('length', 255), args.text('end', '...'), args.integer('leeway', 5)];
  if (length < lengthOf(end) || leeway < 0) throw failed("'truncate' has a length below that of its end");
  if (typeof value !== 'string') throw failed(`'truncate' wants a text, not a ${typeName(value)}`);
  budget.read(value.length);
  if (lengthOf(value) <= length + leeway) return value;
  const start = slice(value, 0, length - lengthOf(end));
  if (isTrue(args.get('killwords') ?? false)) return start + end;
  const space = start.lastIndexOf(' ');
  return (space < 0 ? start : start.slice(0, space)) + end;
}

function json(value: Value, args: Arguments, { budget }: FilterContext): Value {
  const indentation = args.get('indent') ?? null;
  const separators = args.get('separators') ?? null;
  if (value instanceof OneShot) throw failed(`a ${value.type} cannot be written as JSON; use the filter 'list' first`);
  if (
    separators !== null &&
    !(isList(separators) && separators.length === 2 && separators.every((one) => typeof one === 'string'))
  )
    throw failed("the separators of 'tojson' are two texts");
  const [itemSeparator, keySeparator] = separators ?? [indentation === null ? ', ' : ',', ': '];
  const options = {
    ensureAscii: isTrue(args.get('ensure_ascii') ?? false),
    indent: indentation === null ? undefined : indentText(indentation, args),
    itemSeparator: itemSeparator as string,
    keySeparator: keySeparator as string,
    sortKeys: isTrue(args.get('sort_keys') ?? false),
  };
  return toJson(value, options, budget);
}

function indentText(value: Value, args: Arguments): string {
  return typeof value === 'string' ? value : ' '.repeat(Math.max(0, Math.min(args.integer('indent'), 10_000)));
}
