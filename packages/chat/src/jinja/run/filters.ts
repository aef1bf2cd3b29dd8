import { percentFormat } from '../text/percent-format.ts';
import { Arguments } from '../values/arguments.ts';
import { textOf } from '../values/print.ts';
import { failed, unsupported } from '../values/problem.ts';
import { Dict, type Keywords, SafeText, Tuple, type Value } from '../values/values.ts';
import { choosingFilters } from './choosing-filters.ts';
import type { FilterContext } from './filter-context.ts';
import { listFilters } from './list-filters.ts';
import { valueFilters } from './value-filters.ts';

const filters = { ...listFilters, ...valueFilters };
/** Filters of Jinja2 for web pages and logs. */
const refused: readonly string[] = [
  'e',
  'escape',
  'filesizeformat',
  'forceescape',
  'pprint',
  'random',
  'striptags',
  'urlencode',
  'urlize',
  'wordwrap',
  'xmlattr',
];
/** What a text that is marked as safe may still pass through. */
const forSafeText: readonly string[] = ['d', 'default', 'safe', 'string', 'tojson'];

export function isFilter(name: string): boolean {
  return (
    Object.hasOwn(filters, name) || Object.hasOwn(choosingFilters, name) || name === 'format' || refused.includes(name)
  );
}

/** @throws TemplateProblem for an unknown or unsupported filter, and as the filter does. */
export function applyFilter(
  name: string,
  value: Value,
  args: readonly Value[],
  keywords: Keywords,
  context: FilterContext,
): Value {
  if (refused.includes(name)) throw unsupported(`the filter '${name}'`);
  if (value instanceof SafeText && !forSafeText.includes(name))
    throw unsupported(`the filter '${name}' on a text marked as safe`);
  if (name === 'format') {
    if (args.length > 0 && keywords.size > 0) throw failed("'format' takes values or names, not both");
    const values = keywords.size > 0 ? new Dict(keywords) : Tuple.make(args);
    return percentFormat(textOf(value, context.budget), values, context.budget);
  }
  if (Object.hasOwn(choosingFilters, name)) return choosingFilters[name]!(value, args, keywords, context);
  if (!Object.hasOwn(filters, name)) throw failed(`there is no filter '${name}'`);
  const [parameters, filter] = filters[name]!;
  return filter(value, new Arguments(`the filter '${name}'`, parameters, args, keywords), context);
}
