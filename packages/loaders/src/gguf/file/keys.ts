import { LoadError } from '@tokenwright/core';
import type { GgufFile } from './gguf-file.ts';
import type { GgufValue } from './values.ts';

/**
 * The metadata of one file, read with typed errors. Keys of the model itself begin with its architecture, which is left out here:
 * `block_count` is 'llama.block_count'. What nobody asked for can be listed, as it may change the numbers.
 */
export class GgufKeys {
  readonly file: GgufFile;
  readonly architecture: string;
  readonly #asked: Set<string> = new Set();

  constructor(file: GgufFile) {
    this.file = file;
    this.architecture = readText(file, 'general.architecture') ?? this.#missing('general.architecture');
  }

  has(key: string): boolean {
    return this.#value(key) !== undefined;
  }

  /** An integer of at least `least`. */
  integer(key: string, fallback?: number, least: number = 1): number {
    const value = this.#value(key) ?? fallback ?? this.#missing(this.#full(key));
    if (typeof value !== 'number' || !Number.isInteger(value) || value < least)
      this.fail(key, `must be an integer of at least ${least}, but is ${shown(value)}`);
    return value as number;
  }

  /** The same number for each layer: as one number, or as a list of equal ones. */
  integerOfLayers(key: string, fallback?: number): number {
    const value = this.#value(key);
    if (typeof value !== 'object') return this.integer(key, fallback);
    const numbers = [...new Set<unknown>(value)];
    if (numbers.length !== 1 || typeof numbers[0] !== 'number' || !Number.isInteger(numbers[0]) || numbers[0] < 1)
      this.fail(key, `must be the same positive integer for all layers, but is ${shown(value)}`);
    return numbers[0] as number;
  }

  /** One switch for each of `count` layers, or undefined when the value is not a list. */
  flagsOfLayers(key: string, count: number): readonly boolean[] | undefined {
    const value = this.#value(key);
    if (typeof value !== 'object') return undefined;
    if (value.length !== count || ![...value].every((one) => typeof one === 'boolean'))
      this.fail(key, `must be ${count} switches, but is ${shown(value)}`);
    return value as readonly boolean[];
  }

  number(key: string, fallback?: number): number {
    const value = this.#value(key) ?? fallback ?? this.#missing(this.#full(key));
    if (typeof value !== 'number' || !Number.isFinite(value))
      this.fail(key, `must be a number, but is ${shown(value)}`);
    // Widths of the file are float32; what was 1e-5 is to be 1e-5 again.
    return Number((value as number).toPrecision(7));
  }

  flag(key: string, fallback: boolean): boolean {
    const value = this.#value(key) ?? fallback;
    if (typeof value !== 'boolean') this.fail(key, `must be true or false, but is ${shown(value)}`);
    return value as boolean;
  }

  text(key: string): string | undefined {
    this.#asked.add(key);
    return readText(this.file, this.#full(key));
  }

  /** Refuse every value but these; an absent key is accepted. */
  mustBe(key: string, ...allowed: readonly GgufValue[]): void {
    const value = this.#value(key);
    if (value !== undefined && !allowed.includes(value))
      this.fail(key, `${shown(value)} is not supported; supported: ${allowed.map(String).join(', ') || 'none'}`);
  }

  /** These do not change the numbers. */
  ignore(...keys: readonly string[]): void {
    for (const key of keys) this.#asked.add(key);
  }

  /** Keys that begin like this belong to a part of the model that is left out. Returns whether there are any. */
  leaveOut(prefix: string): boolean {
    const names = [...this.file.metadata.keys()].filter((key) => key.startsWith(this.#full(prefix)));
    for (const name of names) this.#asked.add(name.slice(this.architecture.length + 1));
    return names.length > 0;
  }

  /** Refuse keys of the architecture that nobody asked for. */
  checkAllAsked(): void {
    for (const key of this.file.metadata.keys()) {
      if (!key.startsWith(`${this.architecture}.`)) continue;
      const name = key.slice(this.architecture.length + 1);
      if (!this.#asked.has(name))
        this.fail(name, `the option is not known, and it may change the numbers (${shown(this.#value(name))})`);
    }
  }

  fail(key: string, problem: string): never {
    throw new LoadError(this.file.name, problem, this.#full(key));
  }

  /** @param key the full key, with the part before the first dot. */
  failWhole(key: string, problem: string): never {
    throw new LoadError(this.file.name, problem, key);
  }

  #full(key: string): string {
    return `${this.architecture}.${key}`;
  }

  #value(key: string): GgufValue | undefined {
    this.#asked.add(key);
    return this.file.metadata.get(this.#full(key));
  }

  #missing(key: string): never {
    throw new LoadError(this.file.name, 'the key is missing', key);
  }
}

/** A text by its whole key, or undefined when the file lacks it. */
export function readText(file: GgufFile, key: string): string | undefined {
  const value = file.metadata.get(key);
  if (value !== undefined && typeof value !== 'string')
    throw new LoadError(file.name, `must be a text, but is ${shown(value)}`, key);
  return value;
}

/** An integer, such as a token id or a count, by its full key. */
export function readInteger(file: GgufFile, key: string): number | undefined {
  const value = file.metadata.get(key);
  if (value !== undefined && (typeof value !== 'number' || !Number.isInteger(value) || value < 0))
    throw new LoadError(file.name, `must be a non-negative integer, but is ${shown(value)}`, key);
  return value as number | undefined;
}

/** A boolean by its full key; undefined when the file lacks it. */
export function readFlag(file: GgufFile, key: string): boolean | undefined {
  const value = file.metadata.get(key);
  if (value !== undefined && typeof value !== 'boolean')
    throw new LoadError(file.name, `must be true or false, but is ${shown(value)}`, key);
  return value;
}

/** A value as text for messages. */
export function shown(value: GgufValue | undefined): string {
  if (typeof value === 'object') return `a list of ${value.length}`;
  const text = typeof value === 'string' ? JSON.stringify(value) : String(value);
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}
