import { GrammarError, GrammarLimitError, GrammarSyntaxError, UnsupportedSchemaError } from '../errors.ts';
import { decimal, exactDecimal } from '../expressions/decimal.ts';
import type { Expression } from '../expressions/expression.ts';
import { allNumbers, type Bound, type NumberSet } from '../expressions/numbers.ts';
import { patternLanguage } from '../patterns/language.ts';
import { formats, unsupportedFormats } from './formats.ts';
import type { ArrayShape, NameClass, Node, ObjectShape, Values } from './node.ts';
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

type Keywords = { readonly [keyword: string]: unknown };

const types = ['null', 'boolean', 'integer', 'number', 'string', 'array', 'object'];
/** Keywords that are known and cannot be enforced. */
const refused = ['$dynamicRef', '$recursiveRef'];
/** Branches of `anyOf` of which every combination is looked at, beside `unevaluatedProperties` and `unevaluatedItems`. */
const combinedBranches = 4;
/** Longest time that branches of `oneOf` are made exact instead of being refused. */
const exactBranches = 8;

/** Turns schemas into sets of values. */
export class SchemaReader {
  readonly #sets: ValueSets;
  readonly #references: References;
  readonly #options: ReaderOptions;
  readonly #nodes: Map<object, Node> = new Map();
  readonly #patterns: Map<string, Expression> = new Map();

  constructor(sets: ValueSets, references: References, options: ReaderOptions) {
    this.#sets = sets;
    this.#references = references;
    this.#options = options;
  }

  read(place: Place): Node {
    const { schema } = place;
    const { any, never } = this.#sets;
    if (schema === true) return any;
    if (schema === false) return never;
    if (typeof schema !== 'object' || schema === null || Array.isArray(schema))
      throw new GrammarError(`#${place.pointer}: a schema must be an object or a boolean.`);
    let node = this.#nodes.get(schema);
    if (node === undefined) {
      node = this.#says(schema, place) ? this.#sets.node(`#${place.pointer}`, () => this.#values(schema, place)) : any;
      this.#nodes.set(schema, node);
    }
    return node;
  }

  /** True when a schema has a keyword that limits values. */
  #says(schema: Keywords, place: Place): boolean {
    return Object.keys(schema).some(
      (keyword) =>
        Object.hasOwn(this.#assertions, keyword) ||
        refused.includes(keyword) ||
        (keyword === 'format' && place !== undefined),
    );
  }

  #unsupported(keyword: string, place: Place, problem: string): void {
    if (!this.#options.lenient) throw new UnsupportedSchemaError(keyword, `#${place.pointer}`, problem);
  }

  /** Drafts 3 to 6 have no `if`. */
  #hasNoIf(place: Place): boolean {
    const root = this.#references.resolve('#', place).schema;
    return typeof root === 'object' && typeof root.$schema === 'string' && /draft-0[3-6]/.test(root.$schema);
  }

  #isOld(place: Place): boolean {
    const root = this.#references.resolve('#', place).schema;
    if (typeof root === 'object' && typeof root.$schema === 'string') return isOldDialect(root);
    return this.#options.draft === '7';
  }

  #child(schema: unknown, place: Place, ...path: (string | number)[]): Node {
    const pointer = path.map((part) => `/${escapePointer(String(part))}`).join('');
    return this.read(this.#references.place(schema as Schema, place, pointer));
  }

  #values(schema: Keywords, place: Place): Values {
    if (Object.hasOwn(schema, '$ref') && this.#isOld(place)) return this.#reference(schema, place).values;
    for (const keyword of refused)
      if (Object.hasOwn(schema, keyword)) this.#unsupported(keyword, place, 'is not supported');
    let values = this.#sets.everything;
    for (const group of this.#groups(schema, place)) {
      const next = group();
      if (next !== undefined) values = this.#sets.intersect(values, next);
    }
    return this.#unevaluated(values, schema, place);
  }

  #unevaluated(values: Values, schema: Keywords, place: Place): Values {
    const sets = this.#sets;
    let { objects, arrays } = values;
    if (schema.unevaluatedProperties !== undefined) {
      const value = this.#child(schema.unevaluatedProperties, place, 'unevaluatedProperties');
      objects = objects.map((shape) => sets.withUnevaluatedProperties(shape, value));
    }
    if (schema.unevaluatedItems !== undefined) {
      const value = this.#child(schema.unevaluatedItems, place, 'unevaluatedItems');
      if (value !== sets.any && arrays.some(({ contains }) => contains.length > 0))
        this.#unsupported('unevaluatedItems', place, "beside 'contains' is not supported");
      else arrays = arrays.map((shape) => sets.withUnevaluatedItems(shape, value));
    }
    return objects === values.objects && arrays === values.arrays ? values : { ...values, objects, arrays };
  }

  /** Keywords that limit values. */
  readonly #assertions: { readonly [keyword: string]: true } = Object.fromEntries(
    [
      ...['type', 'const', 'enum', '$ref', 'allOf', 'anyOf', 'oneOf', 'not', 'if', 'minimum', 'maximum', 'multipleOf'],
      ...['exclusiveMinimum', 'exclusiveMaximum', 'minLength', 'maxLength', 'pattern', 'properties', 'required'],
      ...['additionalProperties', 'patternProperties', 'propertyNames', 'minProperties', 'maxProperties'],
      ...['dependentRequired', 'dependentSchemas', 'dependencies', 'items', 'prefixItems', 'additionalItems'],
      ...['contains', 'minItems', 'maxItems', 'uniqueItems', 'unevaluatedProperties', 'unevaluatedItems'],
    ].map((keyword) => [keyword, true] as const),
  );

  *#groups(schema: Keywords, place: Place): Generator<() => Values | undefined> {
    const { everything } = this.#sets;
    const has = (...keywords: readonly string[]): boolean => keywords.some((keyword) => Object.hasOwn(schema, keyword));
    if (has('type')) yield () => this.#type(schema.type, place);
    if (has('const')) yield () => this.#constant(schema.const);
    if (has('enum')) yield () => this.#enumeration(schema.enum, place);
    if (has('minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf'))
      yield () => ({ ...everything, numbers: this.#numbers(schema, place) });
    if (has('minLength', 'maxLength', 'pattern', 'format')) yield () => this.#strings(schema, place);
    if (has('items', 'prefixItems', 'additionalItems', 'contains', 'minItems', 'maxItems', 'uniqueItems'))
      yield () => ({ ...everything, arrays: this.#arrays(schema, place) });
    if (
      has('properties', 'required', 'additionalProperties', 'patternProperties', 'propertyNames') ||
      has('minProperties', 'maxProperties', 'dependentRequired', 'dependencies')
    )
      yield () => ({ ...everything, objects: this.#objects(schema, place) });
    if (has('$ref')) yield () => this.#reference(schema, place).values;
    if (has('dependentSchemas', 'dependencies')) yield () => this.#dependentSchemas(schema, place);
    if (has('allOf'))
      for (const [i, part] of this.#list(schema, 'allOf', place).entries())
        yield () => this.#child(part, place, 'allOf', i).values;
    if (has('anyOf'))
      yield () =>
        this.#anyOf(
          this.#list(schema, 'anyOf', place).map((part, i) => this.#child(part, place, 'anyOf', i).values),
          place,
        );
    if (has('oneOf')) yield () => this.#oneOf(this.#list(schema, 'oneOf', place), schema, place);
    if (has('not'))
      yield () =>
        this.#decided(
          'not',
          place,
          () => this.#sets.not(this.#child(schema.not, place, 'not'), `#${place.pointer}`).values,
        );
    if (has('if') && (has('then', 'else') || this.#options.tracksEvaluated) && !this.#hasNoIf(place))
      yield () => this.#condition(schema, place);
  }

  #anyOf(parts: readonly Values[], place: Place): Values {
    const sets = this.#sets;
    if (!this.#options.tracksEvaluated || parts.length === 1) return sets.unite(parts);
    // An instance of several branches has all their properties evaluated.
    if (parts.length > combinedBranches) {
      this.#unsupported(
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
      if (!(error instanceof UnsupportedSchemaError) || !this.#options.lenient) {
        if (error instanceof UnsupportedSchemaError && error.keyword === 'not')
          throw new UnsupportedSchemaError(
            keyword,
            `#${place.pointer}`,
            error.message.replace(/^.*?'not' /, '').replace(/\.$/, ''),
          );
        throw error;
      }
      return undefined;
    }
  }

  #list(schema: Keywords, keyword: string, place: Place): readonly unknown[] {
    const list = schema[keyword];
    if (!Array.isArray(list) || list.length === 0)
      throw new GrammarError(`#${place.pointer}: '${keyword}' must be a list that is not empty.`);
    return list;
  }

  #number(schema: Keywords, keyword: string, place: Place): number | undefined {
    const value = schema[keyword];
    if (value === undefined) return undefined;
    if (typeof value !== 'number' || !Number.isFinite(value))
      throw new GrammarError(`#${place.pointer}: '${keyword}' must be a number.`);
    return value;
  }

  #count(schema: Keywords, keyword: string, place: Place): number | undefined {
    const value = this.#number(schema, keyword, place);
    if (value !== undefined && (value < 0 || !Number.isInteger(value)))
      throw new GrammarError(`#${place.pointer}: '${keyword}' must be an integer that is not negative.`);
    return value;
  }

  #reference(schema: Keywords, place: Place): Node {
    if (typeof schema.$ref !== 'string') throw new GrammarError(`#${place.pointer}: '$ref' must be a text.`);
    return this.read(this.#references.resolve(schema.$ref, place));
  }

  #type(given: unknown, place: Place): Values {
    const names = Array.isArray(given) ? given : [given];
    for (const name of names)
      if (!types.includes(name as string))
        throw new GrammarError(
          `#${place.pointer}: 'type' must be one of ${types.join(', ')}, but is ${JSON.stringify(name)}.`,
        );
    const { nothing, everything } = this.#sets;
    const has = (name: string): boolean => names.includes(name);
    return {
      null: has('null'),
      true: has('boolean'),
      false: has('boolean'),
      numbers: has('number') ? [allNumbers] : has('integer') ? [{ ...allNumbers, integer: true }] : [],
      strings: has('string') ? everything.strings : nothing.strings,
      objects: has('object') ? everything.objects : [],
      arrays: has('array') ? everything.arrays : [],
    };
  }

  #constant(value: unknown): Values {
    const { nothing, text, make } = this.#sets;
    if (value === null) return { ...nothing, null: true };
    if (typeof value === 'boolean') return { ...nothing, [String(value)]: true };
    if (typeof value === 'number') {
      const bound: Bound = { value: decimal(value), exclusive: false };
      return { ...nothing, numbers: [{ multiples: [], low: bound, high: bound }] };
    }
    if (typeof value === 'string') return { ...nothing, strings: make.literal(text.value(value)) };
    const node = (inner: unknown): Node => this.#sets.node('#', () => this.#constant(inner));
    if (Array.isArray(value)) {
      const { length } = value;
      return {
        ...nothing,
        arrays: [
          { ...this.#sets.anyArray, prefix: value.map(node), items: this.#sets.never, min: length, max: length },
        ],
      };
    }
    const entries = Object.entries(value as Keywords);
    return {
      ...nothing,
      objects: [
        {
          ...this.#sets.anyObject,
          names: new Map(entries.map(([name, inner]) => [name, node(inner)])),
          classes: [{ key: text.canonicalString, value: this.#sets.never }],
          required: new Set(entries.map(([name]) => name)),
          max: entries.length,
        },
      ],
    };
  }

  #enumeration(given: unknown, place: Place): Values {
    if (!Array.isArray(given)) throw new GrammarError(`#${place.pointer}: 'enum' must be a list.`);
    const { nothing, text, make } = this.#sets;
    const strings = given.filter((value) => typeof value === 'string').map((value) => text.value(value));
    const others = given.filter((value) => typeof value !== 'string').map((value) => this.#constant(value));
    return this.#sets.unite([{ ...nothing, strings: make.literals(strings) }, ...others]);
  }

  #numbers(schema: Keywords, place: Place): readonly NumberSet[] {
    let low: Bound | undefined;
    let high: Bound | undefined;
    const tighten = (value: number, exclusive: boolean, isLow: boolean): void => {
      const bound: Bound = { value: exactDecimal(value), exclusive };
      if (isLow) {
        if (low === undefined || value > Number(show(low)) || (value === Number(show(low)) && exclusive)) low = bound;
      } else if (high === undefined || value < Number(show(high)) || (value === Number(show(high)) && exclusive))
        high = bound;
    };
    const show = (bound: Bound): number => Number(bound.value.digits) / 10 ** bound.value.scale;
    const minimum = this.#number(schema, 'minimum', place);
    const maximum = this.#number(schema, 'maximum', place);
    // Draft 4 has booleans here.
    if (minimum !== undefined) tighten(minimum, schema.exclusiveMinimum === true, true);
    if (maximum !== undefined) tighten(maximum, schema.exclusiveMaximum === true, false);
    if (typeof schema.exclusiveMinimum !== 'boolean') {
      const bound = this.#number(schema, 'exclusiveMinimum', place);
      if (bound !== undefined) tighten(bound, true, true);
    }
    if (typeof schema.exclusiveMaximum !== 'boolean') {
      const bound = this.#number(schema, 'exclusiveMaximum', place);
      if (bound !== undefined) tighten(bound, true, false);
    }
    const step = this.#number(schema, 'multipleOf', place);
    if (step !== undefined && step <= 0) throw new GrammarError(`#${place.pointer}: 'multipleOf' must be positive.`);
    const multiple = step === undefined ? undefined : decimal(step);
    if (multiple !== undefined && (multiple.digits > 100_000n || multiple.scale > 15)) {
      this.#unsupported('multipleOf', place, `of ${step} is not supported`);
      return [this.#range(low, high, [])];
    }
    return [this.#range(low, high, multiple === undefined ? [] : [multiple])];
  }

  #range(low: Bound | undefined, high: Bound | undefined, multiples: NumberSet['multiples']): NumberSet {
    return { multiples, ...(low === undefined ? {} : { low }), ...(high === undefined ? {} : { high }) };
  }

  #strings(schema: Keywords, place: Place): Values | undefined {
    const { text, make, everything } = this.#sets;
    let strings = everything.strings;
    const min = this.#count(schema, 'minLength', place) ?? 0;
    const max = this.#count(schema, 'maxLength', place) ?? Number.POSITIVE_INFINITY;
    if (max < min) return { ...everything, strings: make.none };
    if (min > 100_000 || (max > 100_000 && max < Number.POSITIVE_INFINITY && max > 2 ** 31))
      throw new GrammarLimitError('characters in a string that are counted', 100_000);
    if (min > 0 || max < Number.POSITIVE_INFINITY) strings = text.string(make.repeat(text.fullChar, min, max));
    if (schema.pattern !== undefined) {
      if (typeof schema.pattern !== 'string') throw new GrammarError(`#${place.pointer}: 'pattern' must be a text.`);
      const body = this.#pattern(schema.pattern, 'pattern', place);
      if (body !== undefined) strings = this.#sets.strings(strings, text.string(body));
    }
    if (typeof schema.format === 'string' && this.#options.assertFormats) {
      const pattern = Object.hasOwn(formats, schema.format) ? formats[schema.format]! : undefined;
      if (pattern !== undefined) {
        const key = `format ${schema.format}`;
        let body = this.#patterns.get(key);
        body ??= patternLanguage(pattern, { make, char: (set) => text.char(set) }, true);
        this.#patterns.set(key, body);
        strings = this.#sets.strings(strings, text.string(body));
      } else if (unsupportedFormats.has(schema.format))
        this.#unsupported('format', place, `'${schema.format}' is not supported`);
    }
    return strings === everything.strings ? undefined : { ...everything, strings };
  }

  /** The strings, without quotes, in which a pattern matches. */
  #pattern(pattern: string, keyword: string, place: Place): Expression | undefined {
    const { text, make } = this.#sets;
    let body = this.#patterns.get(pattern);
    if (body === undefined) {
      try {
        body = patternLanguage(pattern, { make, char: (set) => text.char(set) }, false);
      } catch (error) {
        if (!(error instanceof GrammarSyntaxError)) throw error;
        this.#unsupported(keyword, place, `'${pattern}' is not supported (${error.message.replace(/\.$/, '')})`);
        return undefined;
      }
      this.#patterns.set(pattern, body);
    }
    return body;
  }

  #arrays(schema: Keywords, place: Place): readonly ArrayShape[] {
    const { any } = this.#sets;
    let prefix: readonly Node[] = [];
    let items = any;
    // Until draft 7, a list of `items` is what `prefixItems` is now.
    if (Array.isArray(schema.items)) {
      prefix = schema.items.map((item, i) => this.#child(item, place, 'items', i));
      if (schema.additionalItems !== undefined) items = this.#child(schema.additionalItems, place, 'additionalItems');
    } else {
      if (Array.isArray(schema.prefixItems) && !this.#isOld(place))
        prefix = schema.prefixItems.map((item, i) => this.#child(item, place, 'prefixItems', i));
      if (schema.items !== undefined) items = this.#child(schema.items, place, 'items');
    }
    const all = Array.isArray(schema.items) ? schema.additionalItems !== undefined : schema.items !== undefined;
    const evaluated = all ? Number.POSITIVE_INFINITY : prefix.length;
    const min = this.#count(schema, 'minItems', place) ?? 0;
    const max = this.#count(schema, 'maxItems', place) ?? Number.POSITIVE_INFINITY;
    const contains: ArrayShape['contains'][number][] = [];
    if (schema.contains !== undefined) {
      const old = this.#isOld(place);
      const least = (old ? undefined : this.#count(schema, 'minContains', place)) ?? 1;
      const most = (old ? undefined : this.#count(schema, 'maxContains', place)) ?? Number.POSITIVE_INFINITY;
      contains.push({ value: this.#child(schema.contains, place, 'contains'), min: least, max: most });
    }
    return min > max ? [] : [{ prefix, items, min, max, contains, unique: schema.uniqueItems === true, evaluated }];
  }

  #objects(schema: Keywords, place: Place): readonly ObjectShape[] {
    const sets = this.#sets;
    const { text, make, any, never } = sets;
    const names = new Map<string, Node>();
    const properties = this.#map(schema, 'properties', place);
    for (const [name, inner] of Object.entries(properties))
      names.set(name, this.#child(inner, place, 'properties', name));
    const additional =
      schema.additionalProperties === undefined
        ? any
        : this.#child(schema.additionalProperties, place, 'additionalProperties');
    // The part of the names that no pattern has, and for each set of patterns the names that have just these.
    let classes: (NameClass & { readonly rest: boolean })[] = [{ key: text.canonicalString, value: any, rest: true }];
    for (const [pattern, inner] of Object.entries(this.#map(schema, 'patternProperties', place))) {
      const body = this.#pattern(pattern, 'patternProperties', place);
      if (body === undefined) continue;
      const value = this.#child(inner, place, 'patternProperties', pattern);
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
      for (const [name, needs] of Object.entries(this.#map(schema, keyword, place)))
        if (Array.isArray(needs))
          dependent.set(name, new Set([...(dependent.get(name) ?? []), ...(needs as string[])]));
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
      min: this.#count(schema, 'minProperties', place) ?? 0,
      max: this.#count(schema, 'maxProperties', place) ?? Number.POSITIVE_INFINITY,
      dependent,
      evaluated,
    };
    if (schema.propertyNames !== undefined) {
      const { strings } = this.#child(schema.propertyNames, place, 'propertyNames').values;
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

  #map(schema: Keywords, keyword: string, place: Place): Keywords {
    const value = schema[keyword];
    if (value === undefined) return {};
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      throw new GrammarError(`#${place.pointer}: '${keyword}' must be an object.`);
    return value as Keywords;
  }

  #dependentSchemas(schema: Keywords, place: Place): Values | undefined {
    const sets = this.#sets;
    let values = sets.everything;
    for (const keyword of ['dependentSchemas', 'dependencies'])
      for (const [name, inner] of Object.entries(this.#map(schema, keyword, place))) {
        if (Array.isArray(inner)) continue;
        const node = this.#child(inner, place, keyword, name);
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

  #oneOf(parts: readonly unknown[], schema: Keywords, place: Place): Values | undefined {
    const sets = this.#sets;
    const nodes = parts.map((part, i) => this.#child(part, place, 'oneOf', i));
    const union = (): Values => sets.unite(nodes.map(({ values }) => values));
    if (this.#options.coerceOneOf || nodes.length === 1) return union();
    // What the other keywords of the schema leave of each branch: a type beside `oneOf` often sets the branches apart.
    const beside = Object.hasOwn(schema, 'type') ? this.#type(schema.type, place) : sets.everything;
    const own = nodes.map(({ values }) => sets.intersect(beside, values));
    const meets = nodes.map((_, i) =>
      nodes.flatMap((_other, j) => (i !== j && !sets.disjoint(own[i]!, own[j]!) ? [j] : [])),
    );
    if (meets.every(({ length }) => length === 0)) return union();
    return this.#decided('oneOf', place, () => {
      const overlaps = meets.filter(({ length }) => length > 0).length;
      if (overlaps > exactBranches)
        throw new UnsupportedSchemaError(
          'oneOf',
          `#${place.pointer}`,
          'has branches that may overlap (coerceOneOf reads it as anyOf)',
        );
      try {
        return sets.unite(
          own.map((values, i) =>
            meets[i]!.reduce((left, j) => sets.intersect(left, sets.complement(own[j]!, `#${place.pointer}`)), values),
          ),
        );
      } catch (error) {
        if (!(error instanceof UnsupportedSchemaError)) throw error;
        throw new UnsupportedSchemaError(
          'oneOf',
          `#${place.pointer}`,
          'has branches that may overlap (coerceOneOf reads it as anyOf)',
        );
      }
    });
  }

  #condition(schema: Keywords, place: Place): Values | undefined {
    const sets = this.#sets;
    return this.#decided('if', place, () => {
      const condition = this.#child(schema.if, place, 'if');
      const then = schema.then === undefined ? sets.any : this.#child(schema.then, place, 'then');
      const otherwise = schema.else === undefined ? sets.any : this.#child(schema.else, place, 'else');
      const pointer = `#${place.pointer}`;
      return sets.unite([sets.and(condition, then).values, sets.and(sets.not(condition, pointer), otherwise).values]);
    });
  }
}
