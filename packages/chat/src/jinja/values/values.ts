import { failed } from './problem.ts';

/**
 * A value of a template, with Python's types: None is `null`, an integer a `bigint`, a float a `number`, a list or a Tuple an array.
 * Values are never changed after they were made, but for a Namespace.
 */
export type Value =
  | null
  | boolean
  | bigint
  | number
  | string
  | readonly Value[]
  | Dict
  | DictView
  | Range
  | OneShot
  | Namespace
  | Callable
  | SafeText
  | Instance
  | Undefined;

/** What a name or a member is that does not exist. */
export class Undefined {
  /** What is undefined, for errors. */
  readonly what: string;
  /** A special token that the model lacks: an empty text wherever text is joined. */
  readonly isToken: boolean;

  constructor(what: string, isToken = false) {
    this.what = what;
    this.isToken = isToken;
  }

  fail(): never {
    throw failed(`${this.what} is undefined`);
  }
}

/** A tuple: a list that prints in parentheses and equals no list. */
export class Tuple extends Array<Value> {
  static override get [Symbol.species](): ArrayConstructor {
    return Array;
  }

  static make(items: Iterable<Value>): Tuple {
    const tuple = new this();
    for (const item of items) tuple.push(item);
    return tuple;
  }
}

/** The parts of a message's content: a list, but one that a template for texts must not print. */
export class ContentParts extends Array<Value> {
  static override get [Symbol.species](): ArrayConstructor {
    return Array;
  }
}

/** A group of the filter `groupby`: its parts also have the names `grouper` and `list`. */
export class GroupTuple extends Tuple {}

/** What a key is found by: 1, 1.0 and True are one key. */
type Hash = null | bigint | number | string;

function hashOf(key: Value): Hash {
  if (typeof key === 'string' || typeof key === 'bigint' || key === null) return key;
  if (typeof key === 'boolean') return key ? 1n : 0n;
  if (typeof key === 'number') return Number.isInteger(key) ? BigInt(key) : key;
  throw failed(`a ${typeName(key)} cannot be a key`);
}

/** A dictionary, in the order in which keys were added. Only its own entries exist: no name has a meaning of its own. */
export class Dict {
  readonly #entries = new Map<Hash, readonly [Value, Value]>();

  constructor(entries: Iterable<readonly [Value, Value]> = []) {
    for (const [key, value] of entries) this.#set(key, value);
  }

  get size(): number {
    return this.#entries.size;
  }

  get(key: Value): Value | undefined {
    return this.#entries.get(hashOf(key))?.[1];
  }

  has(key: Value): boolean {
    return this.#entries.has(hashOf(key));
  }

  entries(): IterableIterator<readonly [Value, Value]> {
    return this.#entries.values();
  }

  *keys(): IterableIterator<Value> {
    for (const [key] of this.#entries.values()) yield key;
  }

  *values(): IterableIterator<Value> {
    for (const [, value] of this.#entries.values()) yield value;
  }

  /** The same with other values for some keys. */
  with(changes: Readonly<Record<string, Value>>): Dict {
    return new Dict([...this.entries(), ...Object.entries(changes)]);
  }

  #set(key: Value, value: Value): void {
    const hash = hashOf(key);
    // The first form of a key stays.
    this.#entries.set(hash, [this.#entries.get(hash)?.[0] ?? key, value]);
  }
}

/** Arguments of a tool call that were given as JSON text: an object to a template that wants one, and a text to one that wants that. */
export class JsonText extends Dict {
  readonly text: string;

  constructor(text: string, object: Dict) {
    super(object.entries());
    this.text = text;
  }
}

/** The keys, values or items of a dictionary. */
export class DictView {
  readonly dict: Dict;
  readonly kind: 'keys' | 'values' | 'items';

  constructor(dict: Dict, kind: DictView['kind']) {
    this.dict = dict;
    this.kind = kind;
  }

  *[Symbol.iterator](): IterableIterator<Value> {
    if (this.kind === 'items') for (const [key, value] of this.dict.entries()) yield Tuple.make([key, value]);
    else yield* this.kind === 'keys' ? this.dict.keys() : this.dict.values();
  }
}

/** A range of integers. */
export class Range {
  readonly start: bigint;
  readonly stop: bigint;
  readonly step: bigint;
  readonly length: number;

  constructor(start: bigint, stop: bigint, step: bigint) {
    this.start = start;
    this.stop = stop;
    this.step = step;
    const span = step > 0n ? stop - start : start - stop;
    const size = step > 0n ? step : -step;
    this.length = span <= 0n ? 0 : Number((span + size - 1n) / size);
  }

  at(index: number): bigint {
    return this.start + BigInt(index) * this.step;
  }

  *[Symbol.iterator](): IterableIterator<Value> {
    for (let index = 0; index < this.length; index++) yield this.at(index);
  }
}

/** A generator or iterator: it has no length, is true, and can be read once. */
export class OneShot {
  readonly iterator: Iterator<Value>;
  /** What Python calls it. */
  readonly type: string;

  constructor(iterable: Iterable<Value>, type = 'generator') {
    this.iterator = iterable[Symbol.iterator]();
    this.type = type;
  }
}

/** `namespace()`: the one value whose members a template can assign. */
export class Namespace {
  readonly members: Map<string, Value> = new Map();
}

/** Keyword arguments by name. */
export type Keywords = ReadonlyMap<string, Value>;

/** A function, a method, a macro, or a caller. */
export class Callable {
  readonly name: string;
  /** What Python prints, between angle brackets, for those that have a stable form. */
  readonly printed: string | undefined;
  readonly call: (args: readonly Value[], keywords: Keywords) => Value;

  constructor(name: string, call: Callable['call'], printed?: string) {
    this.name = name;
    this.call = call;
    this.printed = printed;
  }
}

/** A text that was marked as safe: it prints as it is, and this renderer does nothing else with it. */
export class SafeText {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** An object with members of its own, such as `loop`. */
export abstract class Instance {
  abstract readonly type: string;
  /** Undefined when there is no such member. */
  abstract member(name: string): Value | undefined;
  call?(args: readonly Value[], keywords: Keywords): Value;
}

/** Python's name of a type, for errors. */
export function typeName(value: Value): string {
  if (value === null) return 'None';
  if (typeof value === 'boolean') return 'bool';
  if (typeof value === 'bigint') return 'int';
  if (typeof value === 'number') return 'float';
  if (typeof value === 'string' || value instanceof SafeText) return 'str';
  if (value instanceof Tuple) return 'tuple';
  if (Array.isArray(value)) return 'list';
  if (value instanceof Dict) return 'dict';
  if (value instanceof DictView) return `dict_${value.kind}`;
  if (value instanceof Range) return 'range';
  if (value instanceof OneShot) return value.type;
  if (value instanceof Namespace) return 'Namespace';
  if (value instanceof Callable) return 'function';
  if (value instanceof Instance) return value.type;
  return 'Undefined';
}

export function isList(value: Value): value is readonly Value[] {
  return Array.isArray(value);
}

/** bool counts as int, as in Python. */
export function isNumber(value: Value): value is boolean | bigint | number {
  return typeof value === 'bigint' || typeof value === 'number' || typeof value === 'boolean';
}

export function isInteger(value: Value): value is boolean | bigint {
  return typeof value === 'bigint' || typeof value === 'boolean';
}
