import { GrammarLimitError, UnsupportedSchemaError } from '../errors.ts';
import { escapePointer, type Schema } from './references.ts';

/** Limits of OpenAI's structured outputs, of February 2026. */
const limits = {
  properties: 5000,
  levels: 10,
  characters: 120_000,
  enumValues: 1000,
  /** The most characters of an enum of texts with more values than this. */
  longEnum: { values: 250, characters: 15_000 },
};

/** Keywords of one schema. Annotations are allowed too. */
const keywords: ReadonlySet<string> = new Set([
  ...['type', 'enum', 'const', 'anyOf', '$ref', '$defs', 'definitions'],
  ...['properties', 'required', 'additionalProperties'],
  ...['items', 'minItems', 'maxItems'],
  ...['pattern', 'format', 'minLength', 'maxLength'],
  ...['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf'],
  ...['title', 'description', 'default', 'examples', '$schema', '$id', '$comment', '$anchor', 'deprecated'],
  ...['readOnly', 'writeOnly'],
]);
const formats: ReadonlySet<string> = new Set([
  ...['date-time', 'time', 'date', 'duration', 'email', 'hostname', 'ipv4', 'ipv6', 'uuid'],
]);

/**
 * Check that a schema is in the subset of OpenAI's strict mode: the root is an object, every object has
 * `additionalProperties: false` and requires all of its properties, and size and nesting are within the limits.
 *
 * @throws UnsupportedSchemaError with the keyword and the pointer; GrammarLimitError.
 */
export function checkOpenAiStrict(root: Schema): void {
  let properties = 0;
  let characters = 0;
  let enumValues = 0;
  const count = (texts: readonly unknown[]): void => {
    for (const text of texts) if (typeof text === 'string') characters += text.length;
  };
  const refuse = (keyword: string, pointer: string, problem: string): never => {
    throw new UnsupportedSchemaError(keyword, pointer, `${problem} (OpenAI's strict mode)`);
  };
  /** @param level objects around the schema, and itself when it is one. */
  const visit = (given: unknown, pointer: string, level: number): void => {
    if (typeof given !== 'object' || given === null || Array.isArray(given))
      refuse('schema', pointer, 'must be an object');
    const schema = given as { readonly [keyword: string]: unknown };
    for (const keyword of Object.keys(schema)) if (!keywords.has(keyword)) refuse(keyword, pointer, 'is not allowed');
    if (typeof schema.format === 'string' && !formats.has(schema.format))
      refuse('format', pointer, `'${schema.format}' is not allowed, but ${[...formats].join(', ')} are`);
    const isObject = [schema.type].flat().includes('object') || schema.properties !== undefined;
    const inside = level + (isObject ? 1 : 0);
    if (inside > limits.levels) throw new GrammarLimitError('objects inside each other', limits.levels);
    if (isObject) {
      const names = Object.keys((schema.properties as object | undefined) ?? {});
      properties += names.length;
      count(names);
      if (schema.additionalProperties !== false) refuse('additionalProperties', pointer, 'must be false');
      const required: readonly unknown[] = Array.isArray(schema.required) ? schema.required : [];
      for (const name of names)
        if (!required.includes(name)) refuse('required', pointer, `must have '${name}', as every property`);
    }
    if (Array.isArray(schema.enum)) {
      const values = schema.enum.filter((value) => typeof value === 'string');
      const length = values.reduce((sum, { length: own }) => sum + own, 0);
      enumValues += schema.enum.length;
      count(values);
      if (values.length > limits.longEnum.values && length > limits.longEnum.characters)
        throw new GrammarLimitError(
          `characters in an enum of more than ${limits.longEnum.values} texts`,
          limits.longEnum.characters,
        );
    }
    count([schema.const]);
    for (const keyword of ['properties', '$defs', 'definitions']) {
      const map = schema[keyword];
      if (typeof map !== 'object' || map === null) continue;
      if (keyword !== 'properties') count(Object.keys(map));
      for (const [name, inner] of Object.entries(map))
        visit(inner, `${pointer}/${keyword}/${escapePointer(name)}`, keyword === 'properties' ? inside : 0);
    }
    if (schema.items !== undefined) visit(schema.items, `${pointer}/items`, inside);
    if (Array.isArray(schema.anyOf))
      for (const [i, inner] of schema.anyOf.entries()) visit(inner, `${pointer}/anyOf/${i}`, inside);
  };
  if (typeof root === 'object' && root.anyOf !== undefined) refuse('anyOf', '#', 'is not allowed at the root');
  if (typeof root !== 'object' || root.type !== 'object') refuse('type', '#', "must be 'object' at the root");
  visit(root, '#', 0);
  for (const [what, used, limit] of [
    ['properties', properties, limits.properties],
    ['values in its enums', enumValues, limits.enumValues],
    ['characters in names, enums and constants', characters, limits.characters],
  ] as const)
    if (used > limit) throw new GrammarLimitError(what, limit);
}
