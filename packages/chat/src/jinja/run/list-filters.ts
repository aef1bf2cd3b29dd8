import type { Arguments } from '../values/arguments.ts';
import { arithmetic } from '../values/arithmetic.ts';
import { isEqual, lengthOrFail, order, sorted } from '../values/compare.ts';
import { isTrue, iterate, listOf } from '../values/items.ts';
import { failed } from '../values/problem.ts';
import {
  Dict,
  DictView,
  GroupTuple,
  isList,
  OneShot,
  Range,
  Tuple,
  typeName,
  Undefined,
  type Value,
} from '../values/values.ts';
import { attributeGetter, type Filter, type FilterContext, withoutCase } from './filter-context.ts';

/** Filters of lists and mappings. */
export const listFilters: Readonly<Record<string, Filter>> = {
  batch: [['linecount', 'fill_with'], (value, args, context) => new OneShot(batches(value, args, context))],
  count: [[], (value, _, { budget }) => BigInt(lengthOrFail(value, budget))],
  dictsort: [['case_sensitive', 'by', 'reverse'], dictSort],
  first: [
    [],
    (value, _, { budget }) => {
      for (const item of iterate(value, budget)) return item;
      return new Undefined('the first item of an empty sequence');
    },
  ],
  groupby: [['attribute', 'default', 'case_sensitive'], groupBy],
  items: [
    [],
    (value) => {
      if (value instanceof Undefined) return new OneShot([]);
      if (!(value instanceof Dict)) throw failed(`'items' wants a mapping, not a ${typeName(value)}`);
      return new OneShot(new DictView(value, 'items'));
    },
  ],
  last: [
    [],
    (value, _, { budget }) => {
      if (value instanceof OneShot) throw failed(`a ${value.type} cannot be read from its end`);
      const items = listOf(value, budget);
      return items.length === 0 ? new Undefined('the last item of an empty sequence') : items.at(-1)!;
    },
  ],
  length: [[], (value, _, { budget }) => BigInt(lengthOrFail(value, budget))],
  list: [[], (value, _, { budget }) => listOf(value, budget)],
  max: [['case_sensitive', 'attribute'], (value, args, context) => extreme(value, args, context, 1)],
  min: [['case_sensitive', 'attribute'], (value, args, context) => extreme(value, args, context, -1)],
  reverse: [[], reverse],
  slice: [['slices', 'fill_with'], (value, args, context) => new OneShot(slices(value, args, context))],
  sort: [
    ['reverse', 'case_sensitive', 'attribute'],
    (value, args, context) => {
      const fold = withoutCase(isTrue(args.get('case_sensitive') ?? false));
      const attribute = args.get('attribute');
      const parts = typeof attribute === 'string' ? attribute.split(',') : [attribute];
      const getters = parts.map((part) => attributeGetter(part, context));
      // As in Jinja2, several attributes make a list, and so does one.
      const key = (item: Value): Value => getters.map((get) => fold(get(item)));
      return sorted(listOf(value, context.budget), key, isTrue(args.get('reverse') ?? false), context.budget);
    },
  ],
  sum: [
    ['attribute', 'start'],
    (value, args, context) => {
      const get = attributeGetter(args.get('attribute'), context);
      const start = args.get('start');
      let sum: Value = start === undefined ? 0n : start;
      if (typeof sum === 'string') throw failed("'sum' does not join texts; use 'join'");
      for (const item of iterate(value, context.budget)) sum = arithmetic('+', sum, get(item), context.budget);
      return sum;
    },
  ],
  unique: [['case_sensitive', 'attribute'], (value, args, context) => new OneShot(distinct(value, args, context))],
};

function* batches(value: Value, args: Arguments, { budget }: FilterContext): Iterable<Value> {
  const size = args.integer('linecount');
  let batch: Value[] = [];
  for (const item of iterate(value, budget)) {
    if (batch.length === size) {
      yield batch;
      batch = [];
    }
    batch.push(item);
  }
  if (batch.length === 0) return;
  const fill = args.get('fill_with') ?? null;
  budget.step(Math.max(0, size - batch.length));
  if (fill !== null) while (batch.length < size) batch.push(fill);
  yield batch;
}

function* slices(value: Value, args: Arguments, { budget }: FilterContext): Iterable<Value> {
  const count = args.integer('slices');
  const fill = args.get('fill_with') ?? null;
  const items = listOf(value, budget);
  if (count === 0) throw failed('division by zero');
  const size = Math.floor(items.length / count);
  const longer = items.length % count;
  let start = 0;
  for (let at = 0; at < count; at++) {
    budget.step();
    const end = start + size + (at < longer ? 1 : 0);
    const part = items.slice(start, end);
    if (fill !== null && at >= longer) part.push(fill);
    start = end;
    yield part;
  }
}

function dictSort(value: Value, args: Arguments, { budget }: FilterContext): Value {
  const by = args.get('by') ?? 'key';
  if (by !== 'key' && by !== 'value') throw failed("'dictsort' sorts by 'key' or 'value'");
  if (!(value instanceof Dict)) throw failed(`'dictsort' wants a mapping, not a ${typeName(value)}`);
  const fold = withoutCase(isTrue(args.get('case_sensitive') ?? false));
  const items = listOf(new DictView(value, 'items'), budget);
  const key = (item: Value): Value => fold((item as Tuple)[by === 'key' ? 0 : 1]!);
  return sorted(items, key, isTrue(args.get('reverse') ?? false), budget);
}

function groupBy(value: Value, args: Arguments, context: FilterContext): Value {
  const { budget } = context;
  const fold = withoutCase(isTrue(args.get('case_sensitive') ?? false));
  const get = attributeGetter(args.required('attribute'), context, args.get('default'));
  const groups: { readonly key: Value; readonly name: Value; readonly items: Value[] }[] = [];
  for (const item of sorted(listOf(value, budget), (one) => fold(get(one)), false, budget)) {
    const name = get(item);
    const key = fold(name);
    const last = groups.at(-1);
    if (last !== undefined && isEqual(last.key, key, budget)) last.items.push(item);
    else groups.push({ key, name, items: [item] });
  }
  return groups.map(({ name, items }) => GroupTuple.make([name, items]));
}

function extreme(value: Value, args: Arguments, context: FilterContext, sign: 1 | -1): Value {
  const get = attributeGetter(args.get('attribute'), context);
  const fold = withoutCase(isTrue(args.get('case_sensitive') ?? false));
  let best: { readonly item: Value; readonly key: Value } | undefined;
  for (const item of iterate(value, context.budget)) {
    const key = fold(get(item));
    if (best === undefined || order(key, best.key, context.budget) * sign > 0) best = { item, key };
  }
  return best === undefined ? new Undefined('an item of an empty sequence') : best.item;
}

function reverse(value: Value, _: Arguments, { budget }: FilterContext): Value {
  if (typeof value === 'string') {
    budget.read(value.length);
    return Array.from(value).reverse().join('');
  }
  const items = listOf(value, budget).reverse();
  if (value instanceof OneShot) return items;
  const types: readonly (readonly [boolean, string])[] = [
    [isList(value) && !(value instanceof Tuple), 'list_reverseiterator'],
    [value instanceof Range, 'range_iterator'],
  ];
  return new OneShot(items, types.find(([is]) => is)?.[1] ?? 'reversed');
}

function* distinct(value: Value, args: Arguments, context: FilterContext): Iterable<Value> {
  const get = attributeGetter(args.get('attribute'), context);
  const fold = withoutCase(isTrue(args.get('case_sensitive') ?? false));
  const seen: Value[] = [];
  for (const item of iterate(value, context.budget)) {
    const key = fold(get(item));
    if (key instanceof Dict || (isList(key) && !(key instanceof Tuple)))
      throw failed(`'unique' does not compare a ${typeName(key)}`);
    if (seen.some((one) => isEqual(one, key, context.budget))) continue;
    seen.push(key);
    yield item;
  }
}
