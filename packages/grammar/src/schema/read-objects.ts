import { GrammarLimitError } from '../errors.ts';
import { countOf, type KeywordReader, type Keywords, objectOf } from './keywords.ts';
import type { NameClass, Node, ObjectShape, Values } from './node.ts';
import type { Place } from './references.ts';

/** The keywords of properties, but for `dependentSchemas`. */
export function readObjects(reader: KeywordReader, schema: Keywords, place: Place): readonly ObjectShape[] {
  const sets = reader.sets;
  const { text, make, any, never } = sets;
  const names = new Map<string, Node>();
  const properties = objectOf(schema, 'properties', place);
  for (const [name, inner] of Object.entries(properties))
    names.set(name, reader.child(inner, place, 'properties', name));
  const additional =
    schema.additionalProperties === undefined
      ? any
      : reader.child(schema.additionalProperties, place, 'additionalProperties');
  // The part of the names that no pattern has, and for each set of patterns the names that have just these.
  let classes: (NameClass & { readonly rest: boolean })[] = [{ key: text.canonicalString, value: any, rest: true }];
  for (const [pattern, inner] of Object.entries(objectOf(schema, 'patternProperties', place))) {
    const body = reader.pattern(pattern, 'patternProperties', place);
    if (body === undefined) continue;
    const value = reader.child(inner, place, 'patternProperties', pattern);
    const key = sets.names(text.canonicalString, text.string(body));
    classes = classes.flatMap((one) => {
      const inside = sets.names(one.key, key);
      if (inside === make.none) return [one];
      const outside = make.and([one.key, make.not(key)]);
      return [
        ...(make.isVoid(outside) ? [] : [{ ...one, key: outside }]),
        { key: inside, value: sets.and(one.value, value), rest: false },
      ];
    });
    if (classes.length > 64) throw new GrammarLimitError('kinds of property names', 64);
    for (const [name, node] of names) if (make.matches(key, text.value(name))) names.set(name, sets.and(node, value));
  }
  const required = schema.required;
  // Draft 3 has a boolean here, which later drafts ignore.
  const needed = new Set<string>(Array.isArray(required) ? required.filter((name) => typeof name === 'string') : []);
  const dependent = new Map<string, ReadonlySet<string>>();
  for (const keyword of ['dependentRequired', 'dependencies'])
    for (const [name, needs] of Object.entries(objectOf(schema, keyword, place)))
      if (Array.isArray(needs)) dependent.set(name, new Set([...(dependent.get(name) ?? []), ...(needs as string[])]));
  const evaluated =
    schema.additionalProperties !== undefined
      ? text.canonicalString
      : make.or([
          make.literals(Object.keys(properties).map((name) => text.value(name))),
          ...classes.filter(({ rest }) => !rest).map(({ key }) => key),
        ]);
  let shape: ObjectShape | undefined = {
    names,
    classes: classes.map(({ key, value, rest }) => ({ key, value: rest ? additional : value })),
    required: needed,
    min: countOf(schema, 'minProperties', place) ?? 0,
    max: countOf(schema, 'maxProperties', place) ?? Infinity,
    dependent,
    evaluated,
  };
  if (schema.propertyNames !== undefined) {
    const { strings } = reader.child(schema.propertyNames, place, 'propertyNames').values;
    const key = sets.names(text.canonicalString, sets.strings(text.canonicalString, strings));
    const outside = make.and([text.canonicalString, make.not(strings)]);
    shape = sets.objects(shape, {
      ...sets.anyObject,
      classes: [
        ...(key === make.none ? [] : [{ key, value: any }]),
        ...(make.isVoid(outside) ? [] : [{ key: outside, value: never }]),
      ],
    });
  }
  return shape === undefined ? [] : [shape];
}

/** `dependentSchemas`, and the schemas in `dependencies`: one that holds where a property is there. */
export function readDependentSchemas(reader: KeywordReader, schema: Keywords, place: Place): Values | undefined {
  const sets = reader.sets;
  let values = sets.everything;
  for (const keyword of ['dependentSchemas', 'dependencies'])
    for (const [name, inner] of Object.entries(objectOf(schema, keyword, place))) {
      if (Array.isArray(inner)) continue;
      const node = reader.child(inner, place, keyword, name);
      const without: ObjectShape = { ...sets.anyObject, names: new Map([[name, sets.never]]) };
      const having: ObjectShape = {
        ...sets.anyObject,
        names: new Map([[name, sets.any]]),
        required: new Set([name]),
      };
      const withName = sets.intersect({ ...sets.everything, objects: [having] }, node.values);
      values = sets.intersect(values, { ...sets.everything, objects: [without, ...withName.objects] });
    }
  return values;
}
