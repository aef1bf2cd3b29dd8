import { GrammarError, GrammarSyntaxError, UnsupportedSchemaError } from '../errors.ts';
import type { Expression } from '../expressions/expression.ts';
import { patternLanguage } from '../patterns/language.ts';
import { formats, unsupportedFormats } from './formats.ts';
import { type KeywordReader, type Keywords, listOf } from './keywords.ts';
import type { Node, Values } from './node.ts';
import { readArrays } from './read-arrays.ts';
import { readConstant, readEnumeration, readType } from './read-constants.ts';
import { readDependentSchemas, readObjects } from './read-objects.ts';
import { readNumbers, readStrings } from './read-scalars.ts';
import { escapePointer, isOldDialect, type Place, type References, type Schema } from './references.ts';
import type { ValueSets } from './value-sets.ts';

export interface ReaderOptions {
  readonly lenient: boolean;
  readonly coerceOneOf: boolean;
  readonly assertFormats: boolean;
  /** A schema uses `unevaluatedProperties` or `unevaluatedItems`. */
  readonly tracksEvaluated: boolean;
  /** The dialect of a schema without `$schema`. */
  readonly draft: '2020-12' | '7';
}

/** Keywords that limit values. */
const assertions: ReadonlySet<string> = new Set([
  ...['type', 'const', 'enum', '$ref', 'allOf', 'anyOf', 'oneOf', 'not', 'if', 'minimum', 'maximum', 'multipleOf'],
  ...['exclusiveMinimum', 'exclusiveMaximum', 'minLength', 'maxLength', 'pattern', 'format', 'properties', 'required'],
  ...['additionalProperties', 'patternProperties', 'propertyNames', 'minProperties', 'maxProperties'],
  ...['dependentRequired', 'dependentSchemas', 'dependencies', 'items', 'prefixItems', 'additionalItems'],
  ...['contains', 'minItems', 'maxItems', 'uniqueItems', 'unevaluatedProperties', 'unevaluatedItems'],
]);
/** Keywords that are known and cannot be enforced. */
const refused = ['$dynamicRef', '$recursiveRef'];
/** Branches of `anyOf` of which every combination is looked at, beside `unevaluatedProperties` and `unevaluatedItems`. */
const combinedBranches = 4;
/** Overlapping branches of `oneOf` that are made exact: each is intersected with the complements of the others. More are refused. */
const exactBranches = 8;

/** Turns schemas into sets of values. */
export class SchemaReader implements KeywordReader {
  readonly sets: ValueSets;
  readonly #references: References;
  readonly #options: ReaderOptions;
  readonly #nodes: Map<object, Node> = new Map();
  readonly #patterns: Map<string, Expression> = new Map();

  constructor(sets: ValueSets, references: References, options: ReaderOptions) {
    this.sets = sets;
    this.#references = references;
    this.#options = options;
  }

  read(place: Place): Node {
    const { schema } = place;
    const { any, never } = this.sets;
    if (schema === true) return any;
    if (schema === false) return never;
    if (typeof schema !== 'object' || schema === null || Array.isArray(schema))
      throw new GrammarError(`#${place.pointer}: a schema must be an object or a boolean.`);
    let node = this.#nodes.get(schema);
    if (node === undefined) {
      node = this.#says(schema) ? this.sets.node(`#${place.pointer}`, () => this.#values(schema, place)) : any;
      this.#nodes.set(schema, node);
    }
    return node;
  }

  /** True when a schema has a keyword that limits values. */
  #says(schema: Keywords): boolean {
    return Object.keys(schema).some((keyword) => assertions.has(keyword) || refused.includes(keyword));
  }

  unsupported(keyword: string, place: Place, problem: string): void {
    if (!this.#options.lenient) throw new UnsupportedSchemaError(keyword, `#${place.pointer}`, problem);
  }

  /** Drafts 3 to 6 have no `if`. */
  #hasNoIf(place: Place): boolean {
    const root = this.#references.resolve('#', place).schema;
    return typeof root === 'object' && typeof root.$schema === 'string' && /draft-0[3-6]/.test(root.$schema);
  }

  isOld(place: Place): boolean {
    const root = this.#references.resolve('#', place).schema;
    if (typeof root === 'object' && typeof root.$schema === 'string') return isOldDialect(root);
    return this.#options.draft === '7';
  }

  child(schema: unknown, place: Place, ...path: (string | number)[]): Node {
    const pointer = path.map((part) => `/${escapePointer(String(part))}`).join('');
    return this.read(this.#references.place(schema as Schema, place, pointer));
  }

  #values(schema: Keywords, place: Place): Values {
    if (Object.hasOwn(schema, '$ref') && this.isOld(place)) return this.#reference(schema, place).values;
    for (const keyword of refused)
      if (Object.hasOwn(schema, keyword)) this.unsupported(keyword, place, 'is not supported');
    let values = this.sets.everything;
    for (const group of this.#groups(schema, place)) {
      const next = group();
      if (next !== undefined) values = this.sets.intersect(values, next);
    }
    return this.#unevaluated(values, schema, place);
  }

  #unevaluated(values: Values, schema: Keywords, place: Place): Values {
    const sets = this.sets;
    let { objects, arrays } = values;
    if (schema.unevaluatedProperties !== undefined) {
      const value = this.child(schema.unevaluatedProperties, place, 'unevaluatedProperties');
      objects = objects.map((shape) => sets.withUnevaluatedProperties(shape, value));
    }
    if (schema.unevaluatedItems !== undefined) {
      const value = this.child(schema.unevaluatedItems, place, 'unevaluatedItems');
      if (value !== sets.any && arrays.some(({ contains }) => contains.length > 0))
        this.unsupported('unevaluatedItems', place, "beside 'contains' is not supported");
      else arrays = arrays.map((shape) => sets.withUnevaluatedItems(shape, value));
    }
    return objects === values.objects && arrays === values.arrays ? values : { ...values, objects, arrays };
  }

  *#groups(schema: Keywords, place: Place): Generator<() => Values | undefined> {
    const { everything } = this.sets;
    const has = (...keywords: readonly string[]): boolean => keywords.some((keyword) => Object.hasOwn(schema, keyword));
    if (has('type')) yield () => readType(this, schema.type, place);
    if (has('const')) yield () => readConstant(this, schema.const);
    if (has('enum')) yield () => readEnumeration(this, schema.enum, place);
    if (has('minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf'))
      yield () => ({ ...everything, numbers: readNumbers(this, schema, place) });
    if (has('minLength', 'maxLength', 'pattern', 'format')) yield () => readStrings(this, schema, place);
    if (has('items', 'prefixItems', 'additionalItems', 'contains', 'minItems', 'maxItems', 'uniqueItems'))
      yield () => ({ ...everything, arrays: readArrays(this, schema, place) });
    if (
      has('properties', 'required', 'additionalProperties', 'patternProperties', 'propertyNames') ||
      has('minProperties', 'maxProperties', 'dependentRequired', 'dependencies')
    )
      yield () => ({ ...everything, objects: readObjects(this, schema, place) });
    if (has('$ref')) yield () => this.#reference(schema, place).values;
    if (has('dependentSchemas', 'dependencies')) yield () => readDependentSchemas(this, schema, place);
    if (has('allOf'))
      for (const [i, part] of listOf(schema, 'allOf', place).entries())
        yield () => this.child(part, place, 'allOf', i).values;
    if (has('anyOf'))
      yield () =>
        this.#anyOf(
          listOf(schema, 'anyOf', place).map((part, i) => this.child(part, place, 'anyOf', i).values),
          place,
        );
    if (has('oneOf')) yield () => this.#oneOf(listOf(schema, 'oneOf', place), schema, place);
    if (has('not'))
      yield () =>
        this.#decided(
          'not',
          place,
          () => this.sets.not(this.child(schema.not, place, 'not'), `#${place.pointer}`).values,
        );
    if (has('if') && (has('then', 'else') || this.#options.tracksEvaluated) && !this.#hasNoIf(place))
      yield () => this.#condition(schema, place);
  }

  #anyOf(parts: readonly Values[], place: Place): Values {
    const sets = this.sets;
    if (!this.#options.tracksEvaluated || parts.length === 1) return sets.unite(parts);
    // An instance of several branches has all their properties evaluated.
    if (parts.length > combinedBranches) {
      this.unsupported(
        'anyOf',
        place,
        `of more than ${combinedBranches} branches in a schema with unevaluated parts is not supported`,
      );
      return sets.unite(parts);
    }
    const all: Values[] = [];
    for (let chosen = 1; chosen < 2 ** parts.length; chosen++)
      all.push(parts.filter((_, i) => (chosen >> i) & 1).reduce((left, part) => sets.intersect(left, part)));
    return sets.unite(all);
  }

  /** A keyword that may not be decidable. With `lenient` it is left out then. */
  #decided(keyword: string, place: Place, compute: () => Values): Values | undefined {
    try {
      return compute();
    } catch (error) {
      if (!(error instanceof UnsupportedSchemaError)) throw error;
      if (this.#options.lenient) return undefined;
      // The complement of a part names `not`, whatever keyword needs it.
      throw error.keyword === 'not' ? new UnsupportedSchemaError(keyword, `#${place.pointer}`, error.problem) : error;
    }
  }

  pattern(pattern: string, keyword: string, place: Place): Expression | undefined {
    try {
      return this.#language(pattern, pattern, false);
    } catch (error) {
      if (!(error instanceof GrammarSyntaxError)) throw error;
      this.unsupported(keyword, place, `'${pattern}' is not supported (${error.message.replace(/\.$/, '')})`);
      return undefined;
    }
  }

  format(name: string, place: Place): Expression | undefined {
    if (!this.#options.assertFormats) return undefined;
    if (Object.hasOwn(formats, name)) return this.#language(`format ${name}`, formats[name]!, true);
    if (unsupportedFormats.has(name)) this.unsupported('format', place, `'${name}' is not supported`);
    return undefined;
  }

  /** The strings, without quotes, of a pattern. Schemas use the same ones many times. */
  #language(key: string, pattern: string, whole: boolean): Expression {
    const { text, make } = this.sets;
    const known = this.#patterns.get(`${whole} ${key}`);
    const body = known ?? patternLanguage(pattern, { make, char: (set) => text.char(set) }, whole);
    this.#patterns.set(`${whole} ${key}`, body);
    return body;
  }

  #reference(schema: Keywords, place: Place): Node {
    if (typeof schema.$ref !== 'string') throw new GrammarError(`#${place.pointer}: '$ref' must be a text.`);
    return this.read(this.#references.resolve(schema.$ref, place));
  }

  #oneOf(parts: readonly unknown[], schema: Keywords, place: Place): Values | undefined {
    const sets = this.sets;
    const nodes = parts.map((part, i) => this.child(part, place, 'oneOf', i));
    const union = (): Values => sets.unite(nodes.map(({ values }) => values));
    if (this.#options.coerceOneOf || nodes.length === 1) return union();
    // What the other keywords of the schema leave of each branch: a type beside `oneOf` often sets the branches apart.
    const beside = Object.hasOwn(schema, 'type') ? readType(this, schema.type, place) : sets.everything;
    const own = nodes.map(({ values }) => sets.intersect(beside, values));
    const meets = nodes.map((_, i) =>
      nodes.flatMap((_other, j) => (i !== j && !sets.disjoint(own[i]!, own[j]!) ? [j] : [])),
    );
    if (meets.every(({ length }) => length === 0)) return union();
    return this.#decided('oneOf', place, () => {
      const pointer = `#${place.pointer}`;
      const overlaps = 'has branches that may overlap (coerceOneOf reads it as anyOf)';
      if (meets.filter(({ length }) => length > 0).length > exactBranches)
        throw new UnsupportedSchemaError('oneOf', pointer, overlaps);
      try {
        return sets.unite(
          own.map((values, i) =>
            meets[i]!.reduce((left, j) => sets.intersect(left, sets.complement(own[j]!, pointer)), values),
          ),
        );
      } catch (error) {
        if (!(error instanceof UnsupportedSchemaError)) throw error;
        throw new UnsupportedSchemaError('oneOf', pointer, overlaps);
      }
    });
  }

  #condition(schema: Keywords, place: Place): Values | undefined {
    const sets = this.sets;
    return this.#decided('if', place, () => {
      const condition = this.child(schema.if, place, 'if');
      const then = schema.then === undefined ? sets.any : this.child(schema.then, place, 'then');
      const otherwise = schema.else === undefined ? sets.any : this.child(schema.else, place, 'else');
      const pointer = `#${place.pointer}`;
      return sets.unite([sets.and(condition, then).values, sets.and(sets.not(condition, pointer), otherwise).values]);
    });
  }
}
