import type { Budget } from '../values/budget.ts';
import { isEqual } from '../values/compare.ts';
import { itemsOf, sizeOf } from '../values/items.ts';
import { failed } from '../values/problem.ts';
import { Callable, Instance, Tuple, typeName, Undefined, type Value } from '../values/values.ts';

/** Runs a recursive loop on other items, one level deeper. */
export type RunAgain = (items: Value, depth: number) => string;

/** `loop` inside a loop. Items are read one at a time, so that a template may ask for the next one or for the length. */
export class Loop extends Instance {
  readonly type = 'LoopContext';
  readonly #budget: Budget;
  readonly #depth: number;
  readonly #again: RunAgain | undefined;
  #iterator: Iterator<Value>;
  #length: number | undefined;
  /** The next item, if it was read already. */
  #ahead: Value | undefined;
  #index = -1;
  #previous: Value | undefined;
  #current: Value | undefined;
  #changed: Value | undefined;

  /**
   * @param again runs a recursive loop on other items.
   * @param depth of a recursive loop, from 0.
   */
  constructor(items: Value, budget: Budget, again: RunAgain | undefined, depth: number) {
    super();
    this.#budget = budget;
    this.#again = again;
    this.#depth = depth;
    const iterator = itemsOf(items, budget);
    if (iterator === undefined) throw failed(`a ${typeName(items)} is not iterable`);
    this.#iterator = iterator;
    this.#length = sizeOf(items, budget);
  }

  /** The next item; undefined at the end. */
  next(): Value | undefined {
    const value = this.#ahead === undefined ? this.#read() : this.#ahead;
    this.#ahead = undefined;
    if (value === undefined) return undefined;
    this.#index++;
    this.#previous = this.#current;
    this.#current = value;
    return value;
  }

  override call(args: readonly Value[]): Value {
    const [items] = args;
    if (this.#again === undefined) throw failed("the loop is called, but has no 'recursive'");
    if (items === undefined || args.length > 1) throw failed('a loop is called with one argument');
    return this.#again(items, this.#depth + 1);
  }

  member(name: string): Value | undefined {
    switch (name) {
      case 'index':
        return BigInt(this.#index + 1);
      case 'index0':
        return BigInt(this.#index);
      case 'revindex':
        return BigInt(this.#size() - this.#index);
      case 'revindex0':
        return BigInt(this.#size() - this.#index - 1);
      case 'first':
        return this.#index === 0;
      case 'last':
        return this.#peek() === undefined;
      case 'length':
        return BigInt(this.#size());
      case 'depth':
        return BigInt(this.#depth + 1);
      case 'depth0':
        return BigInt(this.#depth);
      case 'previtem':
        return this.#index > 0 ? this.#previous! : new Undefined('the previous item of the first');
      case 'nextitem':
        return this.#nextItem();
      case 'cycle':
        return new Callable('cycle', (args) => {
          if (args.length === 0) throw failed("'cycle' has no arguments");
          return args[this.#index % args.length]!;
        });
      case 'changed':
        return new Callable('changed', (args) => this.#isChanged(Tuple.make(args)));
      default:
        return undefined;
    }
  }

  #isChanged(value: Value): boolean {
    if (this.#changed !== undefined && isEqual(this.#changed, value, this.#budget)) return false;
    this.#changed = value;
    return true;
  }

  #nextItem(): Value {
    const next = this.#peek();
    return next === undefined ? new Undefined('the next item of the last') : next;
  }

  #read(): Value | undefined {
    const { done, value } = this.#iterator.next();
    return done === true ? undefined : value;
  }

  #peek(): Value | undefined {
    if (this.#ahead === undefined) this.#ahead = this.#read();
    return this.#ahead;
  }

  /** A generator has no length: it is read to its end. */
  #size(): number {
    if (this.#length === undefined) {
      const rest: Value[] = [];
      for (let value = this.#read(); value !== undefined; value = this.#read()) rest.push(value);
      this.#iterator = rest[Symbol.iterator]();
      this.#length = rest.length + this.#index + 1 + (this.#ahead === undefined ? 0 : 1);
    }
    return this.#length;
  }
}
