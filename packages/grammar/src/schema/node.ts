import { UnsupportedSchemaError } from '../errors.ts';
import type { Expression } from '../expressions/expression.ts';
import type { NumberSet } from '../expressions/numbers.ts';

/** A set of JSON values, by type. */
export interface Values {
  readonly null: boolean;
  readonly true: boolean;
  readonly false: boolean;
  /** A union. */
  readonly numbers: readonly NumberSet[];
  /** The text of the strings, with quotes. */
  readonly strings: Expression;
  /** A union. */
  readonly objects: readonly ObjectShape[];
  /** A union. */
  readonly arrays: readonly ArrayShape[];
}

/** A set of objects. All that is given must hold. */
export interface ObjectShape {
  /** Values of named properties, in the order in which they are written. */
  readonly names: ReadonlyMap<string, Node>;
  /** Values of all other properties. The classes are disjoint, and each name is in one. */
  readonly classes: readonly NameClass[];
  readonly required: ReadonlySet<string>;
  readonly min: number;
  readonly max: number;
  /** Names that a name requires. */
  readonly dependent: ReadonlyMap<string, ReadonlySet<string>>;
  /** The text of the names that a keyword beside `unevaluatedProperties` evaluates. */
  readonly evaluated: Expression;
}

export interface NameClass {
  /** The text of the names, with quotes. */
  readonly key: Expression;
  readonly value: Node;
}

/** A set of arrays. All that is given must hold. */
export interface ArrayShape {
  readonly prefix: readonly Node[];
  /** Items after the prefix. */
  readonly items: Node;
  readonly min: number;
  readonly max: number;
  readonly contains: readonly { readonly value: Node; readonly min: number; readonly max: number }[];
  readonly unique: boolean;
  /** How many items, from the first, a keyword beside `unevaluatedItems` evaluates. */
  readonly evaluated: number;
}

/** A set of JSON values that is computed when it is asked for, because schemas refer to each other. */
export class Node {
  readonly id: number;
  /** JSON pointer of the schema, for messages. */
  readonly pointer: string;
  #compute: (() => Values) | undefined;
  #values: Values | undefined;
  #busy = false;

  constructor(id: number, pointer: string, compute: () => Values) {
    this.id = id;
    this.pointer = pointer;
    this.#compute = compute;
  }

  get values(): Values {
    if (this.#values !== undefined) return this.#values;
    if (this.#busy) throw new UnsupportedSchemaError('$ref', this.pointer, 'leads back to itself');
    this.#busy = true;
    try {
      this.#values = this.#compute!();
      this.#compute = undefined;
    } finally {
      this.#busy = false;
    }
    return this.#values;
  }
}
