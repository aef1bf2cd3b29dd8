import type { Budget } from './budget.ts';
import { characters, lengthOf, slice } from './code-points.ts';
import { failed } from './problem.ts';
import {
  Dict,
  DictView,
  Instance,
  isInteger,
  isList,
  OneShot,
  Range,
  Tuple,
  typeName,
  Undefined,
  type Value,
} from './values.ts';

/** Python's `bool`. */
export function isTrue(value: Value): boolean {
  if (value instanceof Undefined) return false;
  if (isList(value) || value instanceof Range) return value.length > 0;
  if (value instanceof Dict) return value.size > 0;
  if (value instanceof DictView) return value.dict.size > 0;
  if (typeof value === 'object' && value !== null) return 'text' in value ? value.text !== '' : true;
  return Boolean(value) || Number.isNaN(value);
}

/** Python's `iter`, with a step of the budget per item; undefined for what has no items. */
export function itemsOf(value: Value, budget: Budget): Iterator<Value> | undefined {
  if (value instanceof OneShot) return counted(value.iterator, budget);
  if (value instanceof Dict) return counted(value.keys(), budget);
  if (value instanceof Undefined) return [][Symbol.iterator]();
  if (typeof value === 'string') {
    budget.read(value.length);
    return counted(value[Symbol.iterator](), budget);
  }
  if (isList(value) || value instanceof DictView || value instanceof Range)
    return counted(value[Symbol.iterator](), budget);
  return undefined;
}

function counted(iterator: Iterator<Value>, budget: Budget): Iterator<Value> {
  return {
    next() {
      budget.step();
      return iterator.next();
    },
  };
}

/** Python's `iter`. */
export function iterate(value: Value, budget: Budget): Iterable<Value> {
  const iterator = itemsOf(value, budget);
  if (iterator === undefined) throw failed(`a ${typeName(value)} is not iterable`);
  return { [Symbol.iterator]: () => iterator };
}

/** Python's `list`. */
export function listOf(value: Value, budget: Budget): Value[] {
  return [...iterate(value, budget)];
}

/** Python's `len`; undefined for what has no length. */
export function sizeOf(value: Value, budget: Budget): number | undefined {
  if (typeof value === 'string') {
    budget.read(value.length);
    return lengthOf(value);
  }
  if (isList(value) || value instanceof Range) return value.length;
  if (value instanceof Dict) return value.size;
  if (value instanceof DictView) return value.dict.size;
  if (value instanceof Undefined) return 0;
  if (value instanceof Instance) {
    const length = value.type === 'LoopContext' ? value.member('length') : undefined;
    return typeof length === 'bigint' ? Number(length) : undefined;
  }
  return undefined;
}

/** The item of a list, text or range; undefined when the index is out of range or the value has no items by index. */
export function itemAt(value: Value, index: Value, budget: Budget): Value | undefined {
  if (!isInteger(index) || (typeof value !== 'string' && !isList(value) && !(value instanceof Range))) return undefined;
  if (typeof value === 'string') budget.read(value.length);
  const all = typeof value === 'string' ? characters(value) : value;
  const at = Number(index) < 0 ? Number(index) + all.length : Number(index);
  if (at < 0 || at >= all.length) return undefined;
  return all instanceof Range ? all.at(at) : all[at];
}

/** Bounds of a slice: undefined or None for an end that is left out. */
export interface Slice {
  readonly start: Value;
  readonly stop: Value;
  readonly step: Value;
}

/** `value[start:stop:step]`; undefined when the value has no slices. */
export function sliceOf(value: Value, bounds: Slice, budget: Budget): Value | undefined {
  if (typeof value !== 'string' && !isList(value) && !(value instanceof Range)) return undefined;
  const step = bounds.step === null ? 1 : bound(bounds.step);
  if (step === 0) throw failed('the step of a slice is zero');
  const length = sizeOf(value, budget)!;
  const clamp = (given: Value, missing: number): number => {
    if (given === null) return missing;
    const at = bound(given);
    const low = step > 0 ? 0 : -1;
    const high = step > 0 ? length : length - 1;
    return Math.min(Math.max(at < 0 ? at + length : at, low), high);
  };
  const start = clamp(bounds.start, step > 0 ? 0 : length - 1);
  const stop = clamp(bounds.stop, step > 0 ? length : -1);
  if (value instanceof Range) {
    const at = (index: number): bigint => value.start + BigInt(index) * value.step;
    return new Range(at(start), at(stop), value.step * BigInt(step));
  }
  if (step === 1) {
    if (typeof value === 'string') {
      const part = start === 0 && stop === length ? value : slice(value, start, Math.max(start, stop));
      budget.text(part.length);
      return part;
    }
    budget.step(1 + Math.max(0, stop - start) / 2);
    const part = value.slice(start, Math.max(start, stop));
    return value instanceof Tuple ? Tuple.make(part) : part;
  }
  const all = typeof value === 'string' ? characters(value) : value;
  const items: Value[] = [];
  for (let at = start; step > 0 ? at < stop : at > stop; at += step) items.push(all[at]!);
  budget.step(items.length);
  if (typeof value === 'string') return items.join('');
  return value instanceof Tuple ? Tuple.make(items) : items;
}

function bound(value: Value): number {
  if (!isInteger(value)) throw failed(`the bound of a slice is a ${typeName(value)}`);
  const number = Number(value);
  return Math.min(Math.max(number, -Number.MAX_SAFE_INTEGER), Number.MAX_SAFE_INTEGER);
}

/** True for values that Python can call `len` on and index. */
export function isSequence(value: Value): boolean {
  return (
    typeof value === 'string' ||
    isList(value) ||
    value instanceof Range ||
    value instanceof Dict ||
    value instanceof Undefined
  );
}

export function isIterable(value: Value): boolean {
  return isSequence(value) || value instanceof DictView || value instanceof OneShot;
}
