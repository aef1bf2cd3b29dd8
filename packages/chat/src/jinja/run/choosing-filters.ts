import { Arguments } from '../values/arguments.ts';
import { isTrue, iterate } from '../values/items.ts';
import { failed } from '../values/problem.ts';
import { type Keywords, OneShot, type Value } from '../values/values.ts';
import { attributeGetter, type FilterContext } from './filter-context.ts';

/** Filters that take the name of another filter or test, and arguments for it. */
export type ChoosingFilter = (
  value: Value,
  args: readonly Value[],
  keywords: Keywords,
  context: FilterContext,
) => Value;

export const choosingFilters: Readonly<Record<string, ChoosingFilter>> = {
  map: (value, args, keywords, context) => new OneShot(mapped(value, args, keywords, context)),
  reject: chooser(false, false),
  rejectattr: chooser(false, true),
  select: chooser(true, false),
  selectattr: chooser(true, true),
};

function* mapped(value: Value, args: readonly Value[], keywords: Keywords, context: FilterContext): Iterable<Value> {
  // Nothing is checked for an empty value, or for None.
  if (!isTrue(value)) return;
  const convert = converter(args, keywords, context);
  for (const item of iterate(value, context.budget)) yield convert(item);
}

function converter(args: readonly Value[], keywords: Keywords, context: FilterContext): (item: Value) => Value {
  if (args.length === 0 && keywords.has('attribute')) {
    const given = new Arguments("'map'", ['attribute', 'default'], args, keywords);
    return attributeGetter(given.required('attribute'), context, given.get('default'));
  }
  const [name, ...rest] = args;
  if (typeof name !== 'string') throw failed("'map' wants the name of a filter");
  return (item) => context.filter(name, item, rest, keywords);
}

function chooser(keep: boolean, hasAttribute: boolean): ChoosingFilter {
  function* chosen(value: Value, args: readonly Value[], keywords: Keywords, context: FilterContext): Iterable<Value> {
    if (!isTrue(value)) return;
    if (hasAttribute && args.length === 0) throw failed('the name of an attribute is missing');
    const get = attributeGetter(hasAttribute ? args[0] : undefined, context);
    const [name, ...rest] = hasAttribute ? args.slice(1) : args;
    if (name !== undefined && typeof name !== 'string') throw failed('the name of a test is a text');
    for (const item of iterate(value, context.budget)) {
      const subject = get(item);
      const holds = name === undefined ? isTrue(subject) : context.test(name, subject, rest, keywords);
      if (holds === keep) yield item;
    }
  }
  return (value, args, keywords, context) => new OneShot(chosen(value, args, keywords, context));
}
