import { UnsatisfiableSchemaError } from '../errors.ts';
import type { Expression } from '../expressions/expression.ts';
import type { Expressions } from '../expressions/expressions.ts';
import type { JsonText } from '../expressions/json-text.ts';
import { utf8 } from '../expressions/utf8.ts';
import { type Continuation, type Machine, nowhere, type Outcome, together } from '../machine/machine.ts';
import type { ArrayPlan, ObjectPlan, ValuePlan } from './plans.ts';

export interface Layout {
  /** White space before and after separators and brackets. */
  readonly space: Expression;
  readonly itemSeparator: Expression;
  readonly keySeparator: Expression;
  /** 'schema': properties are written in the order of the schema, and others after them. 'any': in any order. */
  readonly propertyOrder: 'schema' | 'any';
}

/** How far an object is written. */
interface Written {
  /** With the order of the schema: the first entry that may follow. */
  readonly at: number;
  /** Bits of the entries that matter. */
  readonly seen: bigint;
  /** Number of properties, as far as it matters. */
  readonly count: number;
  /** Other names, when they are tracked: JSON texts, sorted. */
  readonly others: readonly string[];
}

/** How far an array is written. */
interface Filled {
  readonly index: number;
  readonly counts: readonly number[];
  /** With unique items: their JSON texts, sorted. */
  readonly used: readonly string[];
}

/** What reads the values of a plan. */
export function schemaStart(machine: Machine, root: ValuePlan, layout: Layout): (then: Continuation) => Outcome {
  if (!root.satisfiable) throw new UnsatisfiableSchemaError(root.node.pointer);
  const reader = new Reader(machine, layout);
  return (then) => reader.start(root, then, true);
}

/** The names of an object in order, so that neighbors share their beginnings. */
interface NameTree {
  /** Indices of entries. */
  readonly order: readonly number[];
  readonly leaves: readonly Expression[];
  /** The names from one place to another. */
  readonly ranges: Map<number, Expression>;
}

class Reader {
  readonly machine: Machine;
  readonly #prefix: string;
  readonly #make: Expressions;
  readonly #text: JsonText;
  readonly #layout: Layout;
  readonly #values: Map<string, Expression>;
  readonly #keys: Map<string, Expression>;
  readonly #entries: Map<ObjectPlan, NameTree>;
  readonly #separators: Map<string, Expression>;

  constructor(machine: Machine, layout: Layout) {
    this.machine = machine;
    this.#prefix = machine.prefix();
    this.#make = machine.make;
    this.#text = machine.text;
    this.#layout = layout;
    this.#values = machine.memo();
    this.#keys = machine.memo();
    this.#entries = machine.memo();
    this.#separators = machine.memo();
  }

  /** A value, and `then` after it. `used`: texts that the value must not have. */
  start(plan: ValuePlan, then: Continuation, bare = false, used: readonly string[] = [], before = ''): Outcome {
    if (!plan.satisfiable) return nowhere;
    const { machine } = this;
    const inner = machine.continuation(`${this.#prefix}v${plan.node.id},${then.id}`, (id) => ({
      id,
      pointer: plan.node.pointer,
      captures: then.captures,
      resume: (tag, captured) => {
        if (tag === 0) return then.resume(0, captured);
        const object = plan.objects[tag - 1];
        if (object !== undefined)
          return this.#nextProperty(
            object,
            { at: 0, seen: 0n, count: 0, others: [] },
            true,
            then,
            plan.node.pointer,
            captured,
          );
        const array = plan.arrays[tag - 1 - plan.objects.length]!;
        const state: Filled = { index: 0, counts: array.contains.map(() => 0), used: [] };
        return together([
          this.#items(array, state, then, plan.node.pointer, captured),
          this.#closeAtOnce(array, state, then, plan.node.pointer, captured),
        ]);
      },
    }));
    return machine.begin(this.#value(plan, bare, used), inner, before);
  }

  #value(plan: ValuePlan, bare: boolean, used: readonly string[]): Expression {
    const key = `${plan.node.id}${bare ? 'b' : ''},${this.machine.listNumber(used)}`;
    let result = this.#values.get(key);
    if (result === undefined) {
      const make = this.#make;
      const unused =
        used.length === 0
          ? plan.scalar
          : make.and([plan.scalar, make.not(make.literals(used.map((one) => utf8(one))))]);
      const value = make.or([
        make.isVoid(unused) ? make.none : make.concat(unused, make.tag(0)),
        make.literal(utf8('{'), make.or(plan.objects.map((_, i) => make.tag(1 + i)))),
        make.literal(utf8('['), make.or(plan.arrays.map((_, i) => make.tag(1 + plan.objects.length + i)))),
      ]);
      result = bare ? value : make.concat(this.#layout.space, value);
      this.#values.set(key, result);
    }
    return result;
  }

  // Objects

  #needed(plan: ObjectPlan, seen: bigint): number[] {
    const needed = new Set(plan.required);
    for (const [index, needs] of plan.dependent)
      if ((seen >> BigInt(index)) & 1n) for (const need of needs) needed.add(need);
    return [...needed];
  }

  #isSeen(plan: ObjectPlan, { at, seen }: Written, index: number): boolean {
    if ((seen >> BigInt(index)) & 1n) return true;
    // With the schema's order, a required entry that was passed was written.
    return this.#layout.propertyOrder === 'schema' && index < at && plan.required.has(index);
  }

  #after(plan: ObjectPlan, state: Written, index: number): Written {
    const inOrder = this.#layout.propertyOrder === 'schema';
    const matters = !inOrder || plan.dependent.has(index) || this.#isNeededByOthers(plan, index);
    return {
      at: inOrder ? index + 1 : 0,
      seen: matters ? state.seen | (1n << BigInt(index)) : state.seen,
      count: this.#counted(plan, state.count + 1),
      others: state.others,
    };
  }

  #isNeededByOthers({ dependent }: ObjectPlan, index: number): boolean {
    for (const needs of dependent.values()) if (needs.includes(index)) return true;
    return false;
  }

  #counted({ min, max }: ObjectPlan, count: number): number {
    const most = Math.max(min, max === Number.POSITIVE_INFINITY ? 0 : max);
    return Math.min(count, most);
  }

  /** True when an object that is written so far can be completed. */
  #feasible(plan: ObjectPlan, state: Written): boolean {
    const missing = this.#needed(plan, state.seen).filter((index) => !this.#isSeen(plan, state, index));
    const inOrder = this.#layout.propertyOrder === 'schema';
    for (const index of missing)
      if (!plan.entries[index]!.value.satisfiable || (inOrder && index < state.at)) return false;
    if (state.count + missing.length > plan.max) return false;
    if (state.count >= plan.min || plan.classes.some(({ value }) => value.satisfiable)) return true;
    let left = 0;
    plan.entries.forEach(({ value }, index) => {
      if (value.satisfiable && (inOrder ? index >= state.at : !this.#isSeen(plan, state, index))) left++;
    });
    return state.count + left >= plan.min;
  }

  #nextProperty(
    plan: ObjectPlan,
    state: Written,
    first: boolean,
    then: Continuation,
    pointer: string,
    before: string,
  ): Outcome {
    const inOrder = this.#layout.propertyOrder === 'schema';
    const needed = this.#needed(plan, state.seen);
    const missing = new Set(needed.filter((index) => !this.#isSeen(plan, state, index)));
    const allowed: number[] = [];
    const full = state.count >= plan.max;
    if (!full)
      for (let index = inOrder ? state.at : 0; index < plan.entries.length; index++) {
        if (plan.entries[index]!.value.satisfiable && (inOrder || !this.#isSeen(plan, state, index))) {
          const simple = plan.dependent.size === 0 && plan.max === Number.POSITIVE_INFINITY && plan.min === 0;
          if (simple || this.#feasible(plan, this.#after(plan, state, index))) allowed.push(index);
        }
        if (inOrder && missing.has(index)) break;
      }
    const others =
      !full &&
      (!inOrder || missing.size === 0) &&
      state.count + 1 + missing.size <= plan.max &&
      plan.classes.some(({ value }) => value.satisfiable);
    const closable = missing.size === 0 && state.count >= plan.min;
    const at = this.#property(plan, allowed, others, closable, first, state.others);
    const key = `${this.#prefix}k${plan.id},${state.at},${state.seen},${state.count},${this.machine.listNumber(state.others)},${then.id}`;
    const inner = this.machine.continuation(key, (id) => ({
      id,
      pointer,
      captures: plan.tracksNames || then.captures,
      resume: (tag, captured) => {
        if (tag === 0) return then.resume(0, captured);
        const index = tag - 1;
        if (index < plan.entries.length)
          return this.#propertyValue(
            plan,
            plan.entries[index]!.value,
            this.#after(plan, state, index),
            then,
            pointer,
            captured,
          );
        const name = plan.tracksNames ? lastString(captured) : '';
        const next: Written = {
          at: inOrder ? plan.entries.length : 0,
          seen: state.seen,
          count: this.#counted(plan, state.count + 1),
          others: plan.tracksNames ? [...state.others, name].sort() : [],
        };
        return this.#propertyValue(
          plan,
          plan.classes[index - plan.entries.length]!.value,
          next,
          then,
          pointer,
          captured,
        );
      },
    }));
    return this.machine.begin(at, inner, before);
  }

  #propertyValue(
    plan: ObjectPlan,
    value: ValuePlan,
    state: Written,
    then: Continuation,
    pointer: string,
    before: string,
  ): Outcome {
    const key = `${this.#prefix}p${plan.id},${state.at},${state.seen},${state.count},${this.machine.listNumber(state.others)},${then.id}`;
    const inner = this.machine.continuation(key, (id) => ({
      id,
      pointer,
      captures: then.captures,
      resume: (_, captured) => this.#nextProperty(plan, state, false, then, pointer, captured),
    }));
    return this.start(value, inner, false, [], before);
  }

  /** The text from the end of a property, or from the opening bracket, to the separator of the next name or the end. */
  #property(
    plan: ObjectPlan,
    allowed: readonly number[],
    others: boolean,
    closable: boolean,
    first: boolean,
    names: readonly string[],
  ): Expression {
    const key = `${plan.id};${allowed.join()};${others}${closable}${first};${this.machine.listNumber(names)}`;
    let result = this.#keys.get(key);
    if (result === undefined) {
      const make = this.#make;
      const { space, itemSeparator, keySeparator } = this.#layout;
      const usable = others ? plan.classes.filter(({ value }) => value.satisfiable) : [];
      // All names that are not in the list. It ends without a tag, and only tells at once that any name can continue.
      const every =
        usable.length > 1 && usable.length === plan.classes.length && plan.coversNames
          ? [
              make.concat(
                make.and([
                  this.#text.canonicalString,
                  make.not(make.literals(plan.entries.map(({ name }) => this.#text.value(name)))),
                ]),
                space,
                keySeparator,
              ),
            ]
          : [];
      const unused = names.length === 0 ? make.anything : make.not(make.literals(names.map(latin1)));
      const name = make.or([
        this.#names(plan, allowed),
        ...(names.length === 0 ? every : []),
        ...(others ? plan.classes : []).map(({ key: text, value }, i) => {
          const left = make.and([text, unused]);
          return !value.satisfiable || make.isVoid(left)
            ? make.none
            : make.concat(left, space, keySeparator, make.tag(1 + plan.entries.length + i));
        }),
      ]);
      result = make.concat(
        space,
        make.or([
          first ? name : make.concat(itemSeparator, space, name),
          closable ? make.literal(utf8('}'), make.tag(0)) : make.none,
        ]),
      );
      this.#keys.set(key, result);
    }
    return result;
  }

  /** Some of the names, each with its separator and tag. */
  #names(plan: ObjectPlan, allowed: readonly number[]): Expression {
    const make = this.#make;
    let tree = this.#entries.get(plan);
    if (tree === undefined) {
      const texts = plan.entries.map(({ name }) => JSON.stringify(name));
      const order = [...texts.keys()].sort((a, b) => (texts[a]! < texts[b]! ? -1 : 1));
      const { space, keySeparator } = this.#layout;
      const leaves = order.map((index) =>
        make.literal(utf8(texts[index]!), make.concat(space, keySeparator, make.tag(1 + index))),
      );
      tree = { order, leaves, ranges: new Map() };
      this.#entries.set(plan, tree);
    }
    const { order, leaves, ranges } = tree;
    const isAllowed = new Uint8Array(order.length);
    for (const index of allowed) isAllowed[index] = 1;
    // How many of the first names are allowed.
    const counts = new Int32Array(order.length + 1);
    order.forEach((index, place) => {
      counts[place + 1] = counts[place]! + isAllowed[index]!;
    });
    // Ranges of which all names are allowed are the same in the next state, so they are kept.
    const range = (from: number, to: number): Expression => {
      const count = counts[to]! - counts[from]!;
      if (count === 0) return make.none;
      if (to - from === 1) return leaves[from]!;
      const key = from * counts.length + to;
      const kept = count === to - from ? ranges.get(key) : undefined;
      if (kept !== undefined) return kept;
      const middle = (from + to) >> 1;
      const both = make.or([range(from, middle), range(middle, to)]);
      if (count === to - from) ranges.set(key, both);
      return both;
    };
    return order.length === 0 ? make.none : range(0, order.length);
  }

  // Arrays

  #items(plan: ArrayPlan, state: Filled, then: Continuation, pointer: string, before: string): Outcome {
    if (state.index >= plan.max) return nowhere;
    const kinds = plan.places[Math.min(state.index, plan.places.length - 1)]!;
    return together(
      kinds.map(({ value, counts }) => {
        if (!value.satisfiable) return nowhere;
        const next = state.counts.map((count, i) => count + (counts[i] ? 1 : 0));
        if (next.some((count, i) => count > plan.contains[i]!.max)) return nowhere;
        const capped = next.map((count, i) => {
          const { min, max } = plan.contains[i]!;
          return Math.min(count, max === Number.POSITIVE_INFINITY ? min : max);
        });
        const after: Filled = { index: this.#countedItems(plan, state.index + 1), counts: capped, used: state.used };
        if (capped.some((count, i) => plan.contains[i]!.min - count > plan.max - state.index - 1)) return nowhere;
        return this.start(value, this.#afterItem(plan, after, then, pointer, before.length), false, state.used, before);
      }),
    );
  }

  #countedItems({ min, max, places }: ArrayPlan, count: number): number {
    return Math.min(count, Math.max(min, places.length, max === Number.POSITIVE_INFINITY ? 0 : max));
  }

  #isClosable(plan: ArrayPlan, { index, counts }: Filled): boolean {
    return index >= plan.min && counts.every((count, i) => count >= plan.contains[i]!.min);
  }

  #closeAtOnce(plan: ArrayPlan, state: Filled, then: Continuation, pointer: string, before: string): Outcome {
    if (!this.#isClosable(plan, state)) return nowhere;
    return this.machine.begin(this.#separator(false, true), this.#separated(plan, state, then, pointer), before);
  }

  /** @param from where the text of the item begins in what is captured. */
  #afterItem(plan: ArrayPlan, state: Filled, then: Continuation, pointer: string, from: number): Continuation {
    const key = `${this.#prefix}i${plan.id},${state.index},${state.counts},${this.machine.listNumber(state.used)},${plan.unique ? from : 0},${then.id}`;
    return this.machine.continuation(key, (id) => ({
      id,
      pointer,
      captures: plan.unique || then.captures,
      resume: (_, captured) => {
        let next = state;
        if (plan.unique) {
          const item = canonical(captured.slice(from));
          if (state.used.includes(item)) return nowhere;
          next = { ...state, used: [...state.used, item].sort() };
        }
        const kinds = plan.places[Math.min(next.index, plan.places.length - 1)]!;
        const more = next.index < plan.max && kinds.some(({ value }) => value.satisfiable);
        return this.machine.begin(
          this.#separator(more, this.#isClosable(plan, next)),
          this.#separated(plan, next, then, pointer),
          captured,
        );
      },
    }));
  }

  #separated(plan: ArrayPlan, state: Filled, then: Continuation, pointer: string): Continuation {
    const key = `${this.#prefix}s${plan.id},${state.index},${state.counts},${this.machine.listNumber(state.used)},${then.id}`;
    return this.machine.continuation(key, (id) => ({
      id,
      pointer,
      captures: then.captures,
      resume: (tag, captured) =>
        tag === 0 ? then.resume(0, captured) : this.#items(plan, state, then, pointer, captured),
    }));
  }

  #separator(more: boolean, closable: boolean): Expression {
    const key = `${more}${closable}`;
    let result = this.#separators.get(key);
    if (result === undefined) {
      const make = this.#make;
      result = make.concat(
        this.#layout.space,
        make.or([
          more ? make.concat(this.#layout.itemSeparator, make.tag(1)) : make.none,
          closable ? make.literal(utf8(']'), make.tag(0)) : make.none,
        ]),
      );
      this.#separators.set(key, result);
    }
    return result;
  }
}

const decoder = new TextDecoder();

function latin1(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

/** The last JSON string in a captured text, with quotes. */
function lastString(captured: string): string {
  return /("(?:[^"\\]|\\.)*")[^"]*$/.exec(captured)?.[1] ?? '';
}

/** The value of a captured text: equal values have equal results. */
function canonical(captured: string): string {
  return JSON.stringify(JSON.parse(decoder.decode(latin1(captured))), (_, value: unknown) =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
      : value,
  );
}
