import { ParameterError } from '@tokenwright/core';
import { checkBoolean, checkString, namesOf, readOptions } from '@tokenwright/core/options';
import { GrammarLimitError } from '../errors.ts';
import type { Expressions } from '../expressions/expressions.ts';
import { type CodePoints, codePoints, utf8 } from '../expressions/utf8.ts';
import { type Continuation, Machine, type Outcome } from '../machine/machine.ts';
import { patternLanguage } from '../patterns/language.ts';
import { checkOpenAiStrict } from './open-ai-strict.ts';
import { Planner } from './plans.ts';
import { SchemaReader } from './reader.ts';
import { References, type Schema } from './references.ts';
import { schemaStart } from './schema-machine.ts';
import { ValueSets } from './value-sets.ts';

export interface JsonSchemaOptions {
  /** Allow white space around brackets and separators. Default true. */
  readonly whitespaceFlexible?: boolean;
  /**
   * What white space may be, as a pattern that also matches the empty text. Default: one space, or up to two line ends with up
   * to 20 spaces or tabs after them, so that a model cannot idle there.
   */
  readonly whitespacePattern?: string;
  /** Between items and properties, as JSON allows: ',' and white space. Default ','. */
  readonly itemSeparator?: string;
  /** Between a name and its value, as JSON allows: ':' and white space. Default ':'. */
  readonly keySeparator?: string;
  /**
   * 'schema' (default): named properties are written in the order of the schema, and other properties after them. 'any': in
   * any order.
   */
  readonly propertyOrder?: 'schema' | 'any';
  /** Read `oneOf` as `anyOf`. Default false: branches that may overlap are made exact, or refused. */
  readonly coerceOneOf?: boolean;
  /**
   * Take only the subset of OpenAI's strict mode, and refuse all other schemas: the root is an object, every object has
   * `additionalProperties: false` and requires all of its properties, at most 10 objects are inside each other, and so on.
   * Default false.
   */
  readonly strict?: boolean;
  /** Leave out what cannot be enforced instead of throwing. Default false. */
  readonly lenient?: boolean;
  /** Enforce the formats of the specification; other formats are notes. Default true. */
  readonly assertFormats?: boolean;
  /** The dialect of a schema without `$schema`. Default '2020-12'. In '7', a `$ref` hides its siblings. */
  readonly draft?: '2020-12' | '7';
  /** Schemas that `$ref` may name, by absolute URI. */
  readonly schemas?: { readonly [uri: string]: Schema };
  /** URI of the schema itself, for relative references. */
  readonly uri?: string;
}

/** Default of `whitespacePattern`, as llama.cpp has it, and with line ends of two characters. */
const defaultSpace = '( |(\\r?\\n){1,2}[ \\t]{0,20})?';
/** Objects and lists inside each other in a schema. Chains of references may be longer, as far as the stack reaches. */
const levelLimit = 1000;
const levels = 'levels in its schema';

const optionNames: readonly (keyof JsonSchemaOptions)[] = [
  'whitespaceFlexible',
  'whitespacePattern',
  'itemSeparator',
  'keySeparator',
  'propertyOrder',
  'coerceOneOf',
  'strict',
  'lenient',
  'assertFormats',
  'draft',
  'schemas',
  'uri',
];

/**
 * The JSON texts of the instances of a JSON Schema (2020-12, or draft 4 to 7).
 *
 * An instance that does not conform is never accepted. What cannot be enforced raises an error, unless `lenient`.
 *
 * Names, and strings with `pattern`, `format`, `enum` or `const`, are written as `JSON.stringify` writes them. Numbers with
 * bounds have no exponent.
 *
 * @throws UnsupportedSchemaError, UnsatisfiableSchemaError, GrammarLimitError, or GrammarError for a schema that is not one.
 * @example
 * ```ts
 * const person = jsonSchema({
 *   type: 'object',
 *   properties: { name: { type: 'string' }, age: { type: 'integer', minimum: 0 } },
 *   required: ['name', 'age'],
 *   additionalProperties: false,
 * });
 * ```
 */
export function jsonSchema(schema: Schema, given: JsonSchemaOptions = {}): Machine {
  const owner = 'jsonSchema';
  const options = readOptions(owner, given, optionNames);
  const { draft = '2020-12', propertyOrder = 'schema', schemas } = options;
  for (const name of ['whitespaceFlexible', 'coerceOneOf', 'strict', 'lenient', 'assertFormats'] as const)
    if (options[name] !== undefined) checkBoolean(owner, name, options[name]);
  for (const name of ['whitespacePattern', 'itemSeparator', 'keySeparator', 'uri'] as const)
    if (options[name] !== undefined) checkString(owner, name, options[name]);
  if (schemas !== undefined) namesOf(owner, schemas, 'schemas');
  if (propertyOrder !== 'schema' && propertyOrder !== 'any')
    throw new ParameterError('jsonSchema', 'propertyOrder', "'schema' or 'any'", propertyOrder);
  if (draft !== '2020-12' && draft !== '7') throw new ParameterError('jsonSchema', 'draft', "'2020-12' or '7'", draft);
  for (const [name, sign] of [
    ['itemSeparator', ','],
    ['keySeparator', ':'],
  ] as const)
    if (options[name] !== undefined && options[name].trim() !== sign)
      throw new ParameterError(owner, name, `'${sign}', with white space around it or not`, options[name]);
  const plain = plainJson(owner, 'schema', schema);
  if (typeof plain !== 'boolean' && (typeof plain !== 'object' || plain === null || Array.isArray(plain)))
    throw new ParameterError(owner, 'schema', 'a JSON Schema: an object or a boolean', schema);
  if (options.strict === true) checkOpenAiStrict(plain as Schema);
  const remote = schemas === undefined ? {} : { schemas: plainJson(owner, 'schemas', schemas) as typeof schemas };
  return new Machine((machine) => start(machine, plain as Schema, { ...options, ...remote }));
}

/** A copy as JSON, so that the schema is what it was at the call. */
function plainJson(owner: string, name: string, value: unknown): unknown {
  let text: string | undefined;
  try {
    text = JSON.stringify(value);
  } catch (cause) {
    if (cause instanceof RangeError) throw new GrammarLimitError(levels, levelLimit, { cause });
    throw new ParameterError(owner, name, 'plain JSON, without objects that contain themselves', value, { cause });
  }
  if (text === undefined) throw new ParameterError(owner, name, 'plain JSON', value);
  const plain: unknown = JSON.parse(text);
  for (let level = [plain], depth = 0; level.length > 0; depth++) {
    if (depth > levelLimit) throw new GrammarLimitError(levels, levelLimit);
    level = level.flatMap((one) => (typeof one === 'object' && one !== null ? Object.values(one) : []));
  }
  return plain;
}

function start(machine: Machine, schema: Schema, options: JsonSchemaOptions): (then: Continuation) => Outcome {
  const { lenient = false, coerceOneOf = false, assertFormats = true, draft = '2020-12' } = options;
  const { propertyOrder = 'schema', schemas = {}, uri = 'json-schema:///' } = options;
  const { make } = machine;
  try {
    const sets = new ValueSets(make, machine.text);
    sets.tracksEvaluated = JSON.stringify([schema, schemas]).includes('"unevaluated');
    const remote = (wanted: string): Schema | undefined => {
      for (const known of [wanted, `${wanted}#`]) if (Object.hasOwn(schemas, known)) return schemas[known];
      return undefined;
    };
    const references = new References(remote, draft === '7');
    const place = references.add(schema, uri);
    const reader = new SchemaReader(sets, references, {
      lenient,
      coerceOneOf,
      assertFormats,
      draft,
      tracksEvaluated: sets.tracksEvaluated,
    });
    const planner = new Planner(sets);
    const root = planner.plan(reader.read(place));
    return schemaStart(machine, root, {
      space: whiteSpace(make, options),
      itemSeparator: make.literal(utf8(options.itemSeparator ?? ',')),
      keySeparator: make.literal(utf8(options.keySeparator ?? ':')),
      propertyOrder,
    });
  } catch (error) {
    if (error instanceof RangeError) throw new GrammarLimitError(levels, levelLimit, { cause: error });
    throw error;
  }
}

function whiteSpace(
  make: Expressions,
  { whitespaceFlexible = true, whitespacePattern }: JsonSchemaOptions,
): ReturnType<Expressions['or']> {
  if (!whitespaceFlexible && whitespacePattern === undefined) return make.empty;
  const spelling = { make, char: (set: CodePoints) => codePoints(make, set) };
  return patternLanguage(whitespacePattern ?? defaultSpace, spelling, true);
}
