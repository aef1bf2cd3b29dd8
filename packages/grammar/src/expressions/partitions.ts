import { type ByteSet, hasByte } from './expression.ts';

/** The 256 bytes in classes, and the first byte of each class. */
export interface Partition {
  readonly classOf: Uint8Array;
  readonly examples: readonly number[];
  /** Equal keys mean equal partitions. */
  readonly key: string;
}

/** Partitions by small sets of bytes, which all grammars have in common. */
const common = new Map<string, Partition>();
const keptCommon = 4096;

/** Partitions of the bytes, each kept once and known by its number. Number 0 is one class of all bytes. */
export class Partitions {
  readonly #all: Partition[] = [];
  readonly #byKey: Map<string, number> = new Map();
  readonly #products: Map<number, number> = new Map();

  constructor() {
    this.add(onePart);
  }

  get whole(): Uint8Array {
    return onePart.classOf;
  }

  get(number: number): Partition {
    return this.#all[number]!;
  }

  ofSet(set: ByteSet): number {
    return this.add(
      remembered(`s${set.join()}`, () => Uint8Array.from({ length: 256 }, (_, byte) => (hasByte(set, byte) ? 1 : 0))),
    );
  }

  /** Each of `bytes` alone. */
  ofBytes(bytes: readonly number[]): number {
    return this.add(
      remembered(`b${bytes.join()}`, () => {
        const classOf = new Uint8Array(256);
        // With all 256 bytes alone, no class is left for the others.
        bytes.slice(0, 255).forEach((byte, i) => {
          classOf[byte] = i + 1;
        });
        return classOf;
      }),
    );
  }

  ofClasses(classOf: Uint8Array): number {
    return this.add(partition(classOf));
  }

  /** The coarsest partition that refines both. */
  product(a: number, b: number): number {
    if (a === b || b === 0) return a;
    if (a === 0) return b;
    const key = Math.min(a, b) * 0x100000 + Math.max(a, b);
    let result = this.#products.get(key);
    if (result === undefined) {
      const [left, right] = [this.#all[a]!, this.#all[b]!];
      const width = right.examples.length;
      // Pairs of classes, numbered in the order of their first bytes.
      const numbers = new Int16Array(left.examples.length * width).fill(-1);
      const classOf = new Uint8Array(256);
      let count = 0;
      for (let byte = 0; byte < 256; byte++) {
        const pair = left.classOf[byte]! * width + right.classOf[byte]!;
        if (numbers[pair]! < 0) numbers[pair] = count++;
        classOf[byte] = numbers[pair]!;
      }
      result = this.add(partition(classOf));
      this.#products.set(key, result);
    }
    return result;
  }

  add(one: Partition): number {
    let number = this.#byKey.get(one.key);
    if (number === undefined) {
      number = this.#all.length;
      this.#all.push(one);
      this.#byKey.set(one.key, number);
    }
    return number;
  }
}

function remembered(key: string, compute: () => Uint8Array): Partition {
  let result = common.get(key);
  if (result === undefined) {
    result = partition(compute());
    if (common.size < keptCommon) common.set(key, result);
  }
  return result;
}

/** Classes are numbered by their first bytes, so equal partitions have equal keys. */
function partition(given: Uint8Array): Partition {
  const numbers = new Int16Array(256).fill(-1);
  const examples: number[] = [];
  const classOf = new Uint8Array(256);
  for (let byte = 0; byte < 256; byte++) {
    const wanted = given[byte]!;
    if (numbers[wanted]! < 0) {
      numbers[wanted] = examples.length;
      examples.push(byte);
    }
    classOf[byte] = numbers[wanted]!;
  }
  return { classOf, examples, key: String.fromCharCode(...classOf) };
}

const onePart: Partition = partition(new Uint8Array(256));
