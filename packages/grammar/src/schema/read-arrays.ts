import { countOf, type KeywordReader, type Keywords } from './keywords.ts';
import type { ArrayShape, Node } from './node.ts';
import type { Place } from './references.ts';

/** `items`, `prefixItems`, `contains` and the keywords that count items. */
export function readArrays(reader: KeywordReader, schema: Keywords, place: Place): readonly ArrayShape[] {
  const { any } = reader.sets;
  let prefix: readonly Node[] = [];
  let items = any;
  // Until draft 7, a list of `items` is what `prefixItems` is now.
  if (Array.isArray(schema.items)) {
    prefix = schema.items.map((item, i) => reader.child(item, place, 'items', i));
    if (schema.additionalItems !== undefined) items = reader.child(schema.additionalItems, place, 'additionalItems');
  } else {
    if (Array.isArray(schema.prefixItems) && !reader.isOld(place))
      prefix = schema.prefixItems.map((item, i) => reader.child(item, place, 'prefixItems', i));
    if (schema.items !== undefined) items = reader.child(schema.items, place, 'items');
  }
  const all = Array.isArray(schema.items) ? schema.additionalItems !== undefined : schema.items !== undefined;
  const evaluated = all ? Infinity : prefix.length;
  const min = countOf(schema, 'minItems', place) ?? 0;
  const max = countOf(schema, 'maxItems', place) ?? Infinity;
  const contains: ArrayShape['contains'][number][] = [];
  if (schema.contains !== undefined) {
    const old = reader.isOld(place);
    const least = (old ? undefined : countOf(schema, 'minContains', place)) ?? 1;
    const most = (old ? undefined : countOf(schema, 'maxContains', place)) ?? Infinity;
    contains.push({ value: reader.child(schema.contains, place, 'contains'), min: least, max: most });
  }
  return min > max ? [] : [{ prefix, items, min, max, contains, unique: schema.uniqueItems === true, evaluated }];
}
