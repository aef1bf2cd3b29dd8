import { GrammarLimitError, UnsupportedSchemaError } from '../errors.ts';
import type { Expression } from '../expressions/expression.ts';
import type { Expressions } from '../expressions/expressions.ts';
import type { JsonText } from '../expressions/json-text.ts';
import { allNumbers, complementNumbers, intersectNumbers, type NumberSet } from '../expressions/numbers.ts';
import { type ArrayShape, type NameClass, Node, type ObjectShape, type Values } from './node.ts';

/** Sets of values that one grammar may have. */
const nodeLimit = 100_000;
/** Alternatives of one type in one set. */
const shapeLimit = 600;

/** Sets of JSON values: union, intersection, complement. */
export class ValueSets {
  readonly make: Expressions;
  readonly text: JsonText;
  readonly any: Node;
  readonly never: Node;
  readonly nothing: Values;
  readonly everything: Values;
  readonly anyObject: ObjectShape;
  readonly anyArray: ArrayShape;
  /** Values that only differ in what was evaluated are kept apart. */
  tracksEvaluated = false;
  readonly #memo: Map<string, Node> = new Map();
  #nodes = 0;

  constructor(make: Expressions, text: JsonText) {
    this.make = make;
    this.text = text;
    this.nothing = { null: false, true: false, false: false, numbers: [], strings: make.none, objects: [], arrays: [] };
    this.any = this.node('#', () => this.everything);
    this.never = this.node('#', () => this.nothing);
    this.anyObject = {
      names: new Map(),
      classes: [{ key: text.canonicalString, value: this.any }],
      required: new Set(),
      min: 0,
      max: Number.POSITIVE_INFINITY,
      dependent: new Map(),
      evaluated: make.none,
    };
    this.anyArray = {
      prefix: [],
      items: this.any,
      min: 0,
      max: Number.POSITIVE_INFINITY,
      contains: [],
      unique: false,
      evaluated: 0,
    };
    this.everything = {
      null: true,
      true: true,
      false: true,
      numbers: [allNumbers],
      strings: text.fullString,
      objects: [this.anyObject],
      arrays: [this.anyArray],
    };
  }

  node(pointer: string, compute: () => Values): Node {
    if (this.#nodes >= nodeLimit) throw new GrammarLimitError('sets of values', nodeLimit);
    return new Node(this.#nodes++, pointer, compute);
  }

  and(a: Node, b: Node): Node {
    if (a === b || b === this.any) return a;
    if (a === this.any) return b;
    if (a === this.never || b === this.never) return this.never;
    const [first, second] = a.id < b.id ? [a, b] : [b, a];
    return this.#once(`and ${first.id} ${second.id}`, b.pointer === '#' ? a.pointer : b.pointer, () =>
      this.intersect(a.values, b.values),
    );
  }

  or(parts: readonly Node[], pointer: string): Node {
    const kept = [...new Set(parts)].filter((part) => part !== this.never);
    if (kept.length === 0) return this.never;
    if (kept.length === 1) return kept[0]!;
    if (!this.tracksEvaluated && kept.includes(this.any)) return this.any;
    return this.#once(`or ${kept.map(({ id }) => id).join(' ')}`, pointer, () =>
      this.unite(kept.map(({ values }) => values)),
    );
  }

  not(of: Node, pointer: string): Node {
    if (of === this.any) return this.never;
    if (of === this.never) return this.any;
    return this.#once(`not ${of.id}`, pointer, () => this.complement(of.values, pointer));
  }

  #once(key: string, pointer: string, compute: () => Values): Node {
    let node = this.#memo.get(key);
    if (node === undefined) {
      node = this.node(pointer, compute);
      this.#memo.set(key, node);
    }
    return node;
  }

  unite(parts: readonly Values[]): Values {
    const numbers = parts.flatMap((part) => part.numbers);
    return {
      null: parts.some((part) => part.null),
      true: parts.some((part) => part.true),
      false: parts.some((part) => part.false),
      numbers: numbers.includes(allNumbers) ? [allNumbers] : numbers,
      strings: this.make.or(parts.map(({ strings }) => strings)),
      objects: this.#few(
        parts.flatMap(({ objects }) => objects),
        this.anyObject,
      ),
      arrays: this.#few(
        parts.flatMap(({ arrays }) => arrays),
        this.anyArray,
      ),
    };
  }

  #few<Shape>(shapes: readonly Shape[], any: Shape): readonly Shape[] {
    if (!this.tracksEvaluated && shapes.includes(any)) return [any];
    const few = [...new Set(shapes)];
    if (few.length > shapeLimit) throw new GrammarLimitError('alternatives of one value', shapeLimit);
    return few;
  }

  intersect(a: Values, b: Values): Values {
    if (a === this.everything) return b;
    if (b === this.everything) return a;
    const pairs = <Shape>(
      left: readonly Shape[],
      right: readonly Shape[],
      any: Shape,
      both: (a: Shape, b: Shape) => Shape | undefined,
    ): readonly Shape[] => {
      const isAny = (shapes: readonly Shape[]): boolean =>
        this.tracksEvaluated ? shapes.length === 1 && shapes[0] === any : shapes.includes(any);
      if (isAny(left)) return right;
      if (isAny(right)) return left;
      if (left.length * right.length > shapeLimit * 4)
        throw new GrammarLimitError('alternatives of one value', shapeLimit);
      return this.#few(
        left.flatMap((one) => right.flatMap((other) => (one === other ? one : (both(one, other) ?? [])))),
        any,
      );
    };
    return {
      null: a.null && b.null,
      true: a.true && b.true,
      false: a.false && b.false,
      numbers: pairs(a.numbers, b.numbers, allNumbers, intersectNumbers),
      strings: this.strings(a.strings, b.strings),
      objects: pairs(a.objects, b.objects, this.anyObject, (x, y) => this.objects(x, y)),
      arrays: pairs(a.arrays, b.arrays, this.anyArray, (x, y) => this.#arrays(x, y)),
    };
  }

  /** The strings of both. */
  strings(a: Expression, b: Expression): Expression {
    if (a === this.text.fullString) return b;
    if (b === this.text.fullString) return a;
    const both = this.make.and([a, b]);
    return this.make.isVoid(both) ? this.make.none : both;
  }

  /** The value of a property. */
  valueOf({ names, classes }: ObjectShape, name: string): Node {
    const named = names.get(name);
    if (named !== undefined) return named;
    const bytes = this.text.value(name);
    return classes.find(({ key }) => this.make.matches(key, bytes))?.value ?? this.never;
  }

  objects(a: ObjectShape, b: ObjectShape): ObjectShape | undefined {
    if (a === this.anyObject) return b;
    if (b === this.anyObject) return a;
    const names = new Map<string, Node>();
    for (const name of [...a.names.keys(), ...b.names.keys()])
      if (!names.has(name)) names.set(name, this.and(this.valueOf(a, name), this.valueOf(b, name)));
    const classes: NameClass[] = [];
    for (const one of a.classes)
      for (const other of b.classes) {
        const key = this.names(one.key, other.key);
        if (key !== this.make.none) classes.push({ key, value: this.and(one.value, other.value) });
      }
    if (classes.length > 64) throw new GrammarLimitError('kinds of property names', 64);
    const dependent = new Map(a.dependent);
    for (const [name, needs] of b.dependent) dependent.set(name, new Set([...(dependent.get(name) ?? []), ...needs]));
    const required = new Set([...a.required, ...b.required]);
    for (const name of required) if (this.#isNever(names.get(name))) return undefined;
    const max = Math.min(a.max, b.max);
    if (required.size > max) return undefined;
    const evaluated = this.make.or([a.evaluated, b.evaluated]);
    return { names, classes, required, min: Math.max(a.min, b.min), max, dependent, evaluated };
  }

  #isNever(node: Node | undefined): boolean {
    return node === this.never;
  }

  /** The names of both. */
  names(a: Expression, b: Expression): Expression {
    const any = this.text.canonicalString;
    if (a === any) return b;
    if (b === any || a === b) return a;
    const both = this.make.and([a, b]);
    return this.make.isVoid(both) ? this.make.none : both;
  }

  #arrays(a: ArrayShape, b: ArrayShape): ArrayShape | undefined {
    const prefix = Array.from({ length: Math.max(a.prefix.length, b.prefix.length) }, (_, i) =>
      this.and(a.prefix[i] ?? a.items, b.prefix[i] ?? b.items),
    );
    const min = Math.max(a.min, b.min);
    const max = Math.min(a.max, b.max);
    if (min > max) return undefined;
    return {
      prefix,
      items: this.and(a.items, b.items),
      min,
      max,
      contains: [...a.contains, ...b.contains],
      unique: a.unique || b.unique,
      evaluated: Math.max(a.evaluated, b.evaluated),
    };
  }

  /** The shape with `value` for the properties that are not evaluated yet. */
  withUnevaluatedProperties(shape: ObjectShape, value: Node): ObjectShape {
    const { make, text } = this;
    const others = make.and([text.canonicalString, make.not(shape.evaluated)]);
    const names = new Map(
      Array.from(shape.names, ([name, node]): [string, Node] => [
        name,
        make.matches(shape.evaluated, text.value(name)) ? node : this.and(node, value),
      ]),
    );
    const classes = shape.classes.flatMap((one) =>
      [
        { key: this.names(one.key, shape.evaluated), value: one.value },
        { key: this.names(one.key, others), value: this.and(one.value, value) },
      ].filter(({ key }) => !make.isVoid(key)),
    );
    return { ...shape, names, classes, evaluated: text.canonicalString };
  }

  /** The shape with `value` for the items that are not evaluated yet. */
  withUnevaluatedItems(shape: ArrayShape, value: Node): ArrayShape {
    if (shape.evaluated === Number.POSITIVE_INFINITY) return shape;
    const prefix = Array.from({ length: Math.max(shape.prefix.length, shape.evaluated) }, (_, i) => {
      const item = shape.prefix[i] ?? shape.items;
      return i < shape.evaluated ? item : this.and(item, value);
    });
    return { ...shape, prefix, items: this.and(shape.items, value), evaluated: Number.POSITIVE_INFINITY };
  }

  /** All other values. */
  complement(of: Values, pointer: string): Values {
    const { text } = this;
    let numbers: readonly NumberSet[] = [allNumbers];
    for (const set of of.numbers) {
      const others = complementNumbers(set);
      if (others === undefined) throw new UnsupportedSchemaError('not', pointer, "of 'multipleOf' is not supported");
      numbers = numbers.flatMap((one) => others.flatMap((other) => intersectNumbers(one, other) ?? []));
      if (numbers.length > shapeLimit) throw new GrammarLimitError('alternatives of one value', shapeLimit);
    }
    const strings =
      of.strings === this.make.none
        ? text.fullString
        : of.strings === text.fullString
          ? this.make.none
          : this.make.and([text.canonicalString, this.make.not(of.strings)]);
    let objects: readonly ObjectShape[] = [this.anyObject];
    for (const shape of of.objects) {
      const others = this.#otherObjects(shape, pointer);
      objects = this.#few(
        objects.flatMap((one) => others.flatMap((other) => this.objects(one, other) ?? [])),
        this.anyObject,
      );
    }
    let arrays: readonly ArrayShape[] = [this.anyArray];
    for (const shape of of.arrays) {
      const others = this.#otherArrays(shape, pointer);
      arrays = this.#few(
        arrays.flatMap((one) =>
          others.flatMap((other) => (one === this.anyArray ? other : (this.#arrays(one, other) ?? []))),
        ),
        this.anyArray,
      );
    }
    return {
      null: !of.null,
      true: !of.true,
      false: !of.false,
      numbers,
      strings: this.make.isVoid(strings) ? this.make.none : strings,
      objects,
      arrays,
    };
  }

  #otherObjects(shape: ObjectShape, pointer: string): readonly ObjectShape[] {
    if (shape === this.anyObject) return [];
    const others: ObjectShape[] = [];
    for (const name of shape.required) others.push({ ...this.anyObject, names: new Map([[name, this.never]]) });
    for (const [name, value] of shape.names)
      if (value !== this.any)
        others.push({
          ...this.anyObject,
          names: new Map([[name, this.not(value, pointer)]]),
          required: new Set([name]),
        });
    for (const [name, needs] of shape.dependent)
      for (const need of needs)
        others.push({
          ...this.anyObject,
          names: new Map([
            [name, this.any],
            [need, this.never],
          ]),
          required: new Set([name]),
        });
    if (shape.min > 0) others.push({ ...this.anyObject, max: shape.min - 1 });
    if (shape.max < Number.POSITIVE_INFINITY) others.push({ ...this.anyObject, min: shape.max + 1 });
    for (const { value } of shape.classes)
      if (value !== this.any)
        throw new UnsupportedSchemaError(
          'not',
          pointer,
          "of a schema that limits properties without a name ('additionalProperties', 'patternProperties') is not supported",
        );
    return others;
  }

  #otherArrays(shape: ArrayShape, pointer: string): readonly ArrayShape[] {
    if (shape === this.anyArray) return [];
    const others: ArrayShape[] = [];
    if (shape.min > 0) others.push({ ...this.anyArray, max: shape.min - 1 });
    if (shape.max < Number.POSITIVE_INFINITY) others.push({ ...this.anyArray, min: shape.max + 1 });
    shape.prefix.forEach((value, i) => {
      if (value === this.any) return;
      const prefix = shape.prefix.slice(0, i).map(() => this.any);
      others.push({ ...this.anyArray, prefix: [...prefix, this.not(value, pointer)], min: i + 1 });
    });
    if (shape.items !== this.any) {
      if (shape.prefix.length > 0)
        throw new UnsupportedSchemaError('not', pointer, "of a schema with 'items' after a prefix is not supported");
      others.push({
        ...this.anyArray,
        contains: [{ value: this.not(shape.items, pointer), min: 1, max: Number.POSITIVE_INFINITY }],
      });
    }
    for (const { value, min, max } of shape.contains) {
      if (min > 0) others.push({ ...this.anyArray, contains: [{ value, min: 0, max: min - 1 }] });
      if (max < Number.POSITIVE_INFINITY)
        others.push({ ...this.anyArray, contains: [{ value, min: max + 1, max: Number.POSITIVE_INFINITY }] });
    }
    if (shape.unique) throw new UnsupportedSchemaError('not', pointer, "of 'uniqueItems' is not supported");
    return others;
  }

  /** True when the two sets surely have no value in common. */
  disjoint(a: Values, b: Values): boolean {
    if ((a.null && b.null) || (a.true && b.true) || (a.false && b.false)) return false;
    if (a.numbers.some((one) => b.numbers.some((other) => intersectNumbers(one, other) !== undefined))) return false;
    if (this.strings(a.strings, b.strings) !== this.make.none) return false;
    if (a.objects.some((one) => b.objects.some((other) => !this.#apart(one, other)))) return false;
    return !a.arrays.some((one) =>
      b.arrays.some((other) => one.min <= other.max && other.min <= one.max && !this.#arraysApart(one, other)),
    );
  }

  #arraysApart(a: ArrayShape, b: ArrayShape): boolean {
    const length = Math.min(Math.max(a.min, b.min), 16);
    for (let i = 0; i < length; i++) if (this.#nodesApart(a.prefix[i] ?? a.items, b.prefix[i] ?? b.items)) return true;
    return false;
  }

  readonly #comparing: Set<string> = new Set();

  #nodesApart(a: Node, b: Node): boolean {
    if (a === this.never || b === this.never) return true;
    if (a === this.any || b === this.any || a === b) return false;
    const key = `${a.id} ${b.id}`;
    if (this.#comparing.has(key) || this.#comparing.size > 40) return false;
    this.#comparing.add(key);
    try {
      return this.disjoint(a.values, b.values);
    } catch (error) {
      // A schema that is being read: what it holds is not known yet.
      if (error instanceof UnsupportedSchemaError && error.keyword === '$ref') return false;
      throw error;
    } finally {
      this.#comparing.delete(key);
    }
  }

  #apart(a: ObjectShape, b: ObjectShape): boolean {
    if (a.min > b.max || b.min > a.max) return true;
    for (const name of new Set([...a.required, ...b.required]))
      if (this.#nodesApart(this.valueOf(a, name), this.valueOf(b, name))) return true;
    return false;
  }
}
