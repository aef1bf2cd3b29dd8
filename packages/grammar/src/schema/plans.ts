import type { Expression } from '../expressions/expression.ts';
import { numberText } from '../expressions/numbers.ts';
import { utf8 } from '../expressions/utf8.ts';
import type { ArrayShape, Node, ObjectShape } from './node.ts';
import type { ValueSets } from './value-sets.ts';

/** A set of values, ready to be read byte by byte. */
export interface ValuePlan {
  readonly node: Node;
  /** Text of the values that are neither objects nor arrays. */
  readonly scalar: Expression;
  objects: ObjectPlan[];
  arrays: ArrayPlan[];
  /** False when no value is in the set. */
  satisfiable: boolean;
}

export interface ObjectPlan {
  readonly id: number;
  readonly entries: readonly { readonly name: string; readonly value: ValuePlan }[];
  readonly classes: readonly { readonly key: Expression; readonly value: ValuePlan }[];
  /** Indices of entries. */
  readonly required: ReadonlySet<number>;
  /** Entries that an entry requires. */
  readonly dependent: ReadonlyMap<number, readonly number[]>;
  readonly min: number;
  readonly max: number;
  /** True when the classes together have all names. */
  readonly coversNames: boolean;
  /** True when the names of other properties are kept, to count each once. */
  readonly tracksNames: boolean;
}

export interface ItemPlan {
  readonly value: ValuePlan;
  /** Which counts of `contains` an item of this kind adds to. */
  readonly counts: readonly boolean[];
}

export interface ArrayPlan {
  readonly id: number;
  /** Kinds of item by place; the last list is for all further places. */
  readonly places: readonly (readonly ItemPlan[])[];
  readonly min: number;
  readonly max: number;
  readonly contains: readonly { readonly min: number; readonly max: number }[];
  readonly unique: boolean;
}

/** Reads all sets that a root refers to, and finds which of them are empty. */
export class Planner {
  readonly #sets: ValueSets;
  readonly #plans: Map<Node, ValuePlan> = new Map();
  readonly #open: ValuePlan[] = [];
  #ids = 0;

  constructor(sets: ValueSets) {
    this.#sets = sets;
  }

  /** The plan of a set, with those of all sets inside it. */
  plan(root: Node): ValuePlan {
    const result = this.#plan(root);
    for (let plan = this.#open.pop(); plan !== undefined; plan = this.#open.pop()) {
      const { objects, arrays } = plan.node.values;
      plan.objects = objects.map((shape) => this.#object(shape));
      plan.arrays = arrays.map((shape) => this.#array(shape, plan.node));
    }
    this.#findSatisfiable();
    return result;
  }

  get count(): number {
    return this.#plans.size;
  }

  #plan(node: Node): ValuePlan {
    let plan = this.#plans.get(node);
    if (plan === undefined) {
      const { make } = this.#sets;
      const { values } = node;
      const scalar = make.or([
        values.null ? make.literal(utf8('null')) : make.none,
        values.true ? make.literal(utf8('true')) : make.none,
        values.false ? make.literal(utf8('false')) : make.none,
        ...values.numbers.map((set) => numberText(make, set)),
        values.strings,
      ]);
      plan = {
        node,
        scalar: make.isVoid(scalar) ? make.none : scalar,
        objects: [],
        arrays: [],
        satisfiable: false,
      };
      this.#plans.set(node, plan);
      this.#open.push(plan);
    }
    return plan;
  }

  #object(shape: ObjectShape): ObjectPlan {
    const { make, text } = this.#sets;
    const names = new Set([...shape.names.keys(), ...shape.required]);
    for (const [name, needs] of shape.dependent) for (const one of [name, ...needs]) names.add(one);
    const list = [...names];
    const indexOf = new Map(list.map((name, i) => [name, i]));
    const entries = list.map((name) => ({ name, value: this.#plan(this.#sets.valueOf(shape, name)) }));
    const known = make.not(make.literals(list.map((name) => text.value(name))));
    const required = new Set(Array.from(shape.required, (name) => indexOf.get(name)!));
    const classes = shape.classes.flatMap(({ key, value }) => {
      if (value === this.#sets.never) return [];
      const others = list.length === 0 ? key : make.and([key, known]);
      return make.isVoid(others) ? [] : [{ key: others, value: this.#plan(value) }];
    });
    const min = shape.min <= required.size ? 0 : shape.min;
    return {
      id: this.#ids++,
      entries,
      classes,
      required,
      dependent: new Map(
        Array.from(shape.dependent, ([name, needs]) => [
          indexOf.get(name)!,
          Array.from(needs, (need) => indexOf.get(need)!),
        ]),
      ),
      min,
      max: shape.max,
      coversNames: shape.classes.every(({ value }) => value !== this.#sets.never),
      tracksNames: min > 0 && classes.length > 0,
    };
  }

  #array(shape: ArrayShape, owner: Node): ArrayPlan {
    const sets = this.#sets;
    const contains = shape.contains.filter(({ min, max }) => min > 0 || max < Number.POSITIVE_INFINITY);
    const kinds = (item: Node): readonly ItemPlan[] => {
      let all: { node: Node; counts: readonly boolean[] }[] = [{ node: item, counts: [] }];
      for (const { value, max } of contains)
        all = all.flatMap(({ node, counts }) => [
          { node: sets.and(node, value), counts: [...counts, true] },
          {
            node: max === Number.POSITIVE_INFINITY ? node : sets.and(node, sets.not(value, owner.pointer)),
            counts: [...counts, false],
          },
        ]);
      return all.map(({ node, counts }) => ({ value: this.#plan(node), counts }));
    };
    const places = [...shape.prefix, shape.items].map(kinds);
    return {
      id: this.#ids++,
      places,
      min: shape.min,
      max: shape.max,
      contains,
      unique: shape.unique && shape.max > 1,
    };
  }

  /** A set is not empty when it has a value whose parts are in sets that are not empty: a least fixed point. */
  #findSatisfiable(): void {
    const none = this.#sets.make.none;
    // Inner sets come after those that refer to them.
    const innerFirst = [...this.#plans.values()].reverse();
    for (let changed = true; changed; ) {
      changed = false;
      for (const plan of innerFirst) {
        if (plan.satisfiable) continue;
        if (plan.scalar !== none || plan.objects.some(objectHasValue) || plan.arrays.some(arrayHasValue)) {
          plan.satisfiable = true;
          changed = true;
        }
      }
    }
    for (const plan of this.#plans.values()) {
      plan.objects = plan.objects.filter(objectHasValue);
      plan.arrays = plan.arrays.filter(arrayHasValue);
    }
  }
}

function objectHasValue({ entries, classes, required, dependent, min, max }: ObjectPlan): boolean {
  const needed = new Set(required);
  for (const index of needed) for (const need of dependent.get(index) ?? []) needed.add(need);
  for (const index of needed) if (!entries[index]!.value.satisfiable) return false;
  if (needed.size > max) return false;
  if (classes.some(({ value }) => value.satisfiable)) return true;
  return entries.filter(({ value }) => value.satisfiable).length >= min;
}

function arrayHasValue({ places, min, max, contains }: ArrayPlan): boolean {
  if (min > max) return false;
  const least = Math.max(min, ...contains.map((one) => one.min));
  if (least > max || contains.some((one) => one.min > one.max)) return false;
  for (let i = 0; i < Math.min(least, places.length); i++)
    if (!places[i]!.some(({ value }) => value.satisfiable)) return false;
  return contains.every(
    (one, i) =>
      one.min === 0 || places.some((kinds) => kinds.some(({ value, counts }) => counts[i] && value.satisfiable)),
  );
}
