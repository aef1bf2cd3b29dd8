import type { ByteSet } from './expression.ts';
import { hasByte } from './expression.ts';

/** The 256 bytes in classes, and the first byte of each class. */
export interface Partition {
  readonly classOf: Uint8Array;
  readonly examples: readonly number[];
}

/** Partitions of the bytes, each kept once and known by its number. Number 0 is one class of all bytes. */
export class Partitions {
  readonly #all: Partition[] = [];
  readonly #byKey: Map<string, number> = new Map();
  readonly #products: Map<number, number> = new Map();

  constructor() {
    this.add(new Uint8Array(256));
  }

  get whole(): Uint8Array {
    return this.#all[0]!.classOf;
  }

  get(number: number): Partition {
    return this.#all[number]!;
  }

  readonly #sets: Map<string, number> = new Map();

  ofSet(set: ByteSet): number {
    return this.#known(`s${set.join()}`, () => this.#addSet(set));
  }

  #known(key: string, compute: () => number): number {
    let number = this.#sets.get(key);
    if (number === undefined) {
      number = compute();
      this.#sets.set(key, number);
    }
    return number;
  }

  #addSet(set: ByteSet): number {
    return this.add(Uint8Array.from({ length: 256 }, (_, byte) => (hasByte(set, byte) ? 1 : 0)));
  }

  /** Each of `bytes` alone. */
  ofBytes(bytes: readonly number[]): number {
    return this.#known(bytes.join(), () => this.#addBytes(bytes));
  }

  #addBytes(bytes: readonly number[]): number {
    const classOf = new Uint8Array(256);
    // With all 256 bytes alone, no class is left for the others.
    bytes.slice(0, 255).forEach((byte, i) => {
      classOf[byte] = i + 1;
    });
    return this.add(classOf);
  }

  /** The coarsest partition that refines both. */
  product(a: number, b: number): number {
    if (a === b || b === 0) return a;
    if (a === 0) return b;
    const key = Math.min(a, b) * 0x100000 + Math.max(a, b);
    let result = this.#products.get(key);
    if (result === undefined) {
      const [left, right] = [this.#all[a]!.classOf, this.#all[b]!.classOf];
      const classes = new Map<number, number>();
      const classOf = new Uint8Array(256);
      for (let byte = 0; byte < 256; byte++) {
        const pair = left[byte]! * 256 + right[byte]!;
        let number = classes.get(pair);
        if (number === undefined) {
          number = classes.size;
          classes.set(pair, number);
        }
        classOf[byte] = number;
      }
      result = this.add(classOf);
      this.#products.set(key, result);
    }
    return result;
  }

  add(given: Uint8Array): number {
    // Classes are numbered by their first byte, so equal partitions have equal keys.
    const numbers = new Map<number, number>();
    const examples: number[] = [];
    const classOf = given.map((wanted, byte) => {
      let number = numbers.get(wanted);
      if (number === undefined) {
        number = numbers.size;
        numbers.set(wanted, number);
        examples.push(byte);
      }
      return number;
    });
    const key = String.fromCharCode(...classOf);
    let number = this.#byKey.get(key);
    if (number === undefined) {
      number = this.#all.length;
      this.#all.push({ classOf, examples });
      this.#byKey.set(key, number);
    }
    return number;
  }
}
