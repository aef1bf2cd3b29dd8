import type { EngineMatrix } from '../engine/engine.ts';
import { HostMatrix } from '../engine/host-matrix.ts';
import {
  CacheError,
  ContextLengthError,
  checkInteger,
  checkOptionNames,
  DisposedError,
  ParameterError,
  ShapeError,
} from '../errors.ts';
import { cacheKind } from '../model/cache-kind.ts';
import type { KVCache } from '../model/kv-cache.ts';
import type {
  CacheOptions,
  ForwardOptions,
  ForwardResult,
  LanguageModel,
  ModelDefaults,
} from '../model/language-model.ts';
import { Random } from '../sampling/random.ts';

export interface ToyModelOptions {
  /** Default 8. */
  readonly vocabSize?: number;
  /** Default 64. */
  readonly contextLength?: number;
  /** Default 1. Models of different seeds are unrelated. */
  readonly seed?: number;
  /** How many of the last tokens the logits depend on. Default 2. */
  readonly order?: number;
  /** Standard deviation of the logits, roughly. Default 2. */
  readonly spread?: number;
  /** Adds the logits of another toy model, times this: a draft that resembles its target. */
  readonly like?: { readonly model: ToyModel; readonly share: number };
  readonly defaults?: ModelDefaults;
  /** Default 256: small values let tests meet the chunks of a long prompt. */
  readonly maxTokens?: number;
}

/** A language model small enough to enumerate: logits are a seeded function of the last few tokens. Needs no engine. */
export function toyModel(options: ToyModelOptions = {}): ToyModel {
  return new ToyModel(options);
}

const width = 4;
const layers = 2;

export class ToyModel implements LanguageModel {
  readonly name: string = 'toy';
  readonly vocabSize: number;
  readonly contextLength: number;
  readonly layers: number = layers;
  readonly maxTokens: number;
  readonly fingerprint: string;
  readonly tensorBackend = undefined;
  readonly readbackIsExpensive: boolean = false;
  readonly defaults: ModelDefaults;
  /** Caches and results that are not disposed yet. */
  readonly live: Set<object> = new Set();
  /** Tokens fed so far, over all calls: shows what a cache saves. */
  fed = 0;
  readonly #random: Random;
  readonly #options: ToyModelOptions;

  constructor(options: ToyModelOptions) {
    const {
      vocabSize = 8,
      contextLength = 64,
      seed = 1,
      order = 2,
      spread = 2,
      maxTokens = 256,
      defaults = {},
    } = options;
    this.vocabSize = checkInteger('toyModel', 'vocabSize', vocabSize, 1);
    this.contextLength = checkInteger('toyModel', 'contextLength', contextLength, 1);
    this.maxTokens = checkInteger('toyModel', 'maxTokens', maxTokens, 1);
    this.fingerprint = `toy ${vocabSize} ${seed} ${order} ${spread}`;
    this.defaults = defaults;
    this.#random = new Random(seed);
    this.#options = { ...options, order, spread };
  }

  /** The logits after `tokens`: [vocabSize]. An earlier `layer` sees fewer tokens. */
  logitsAfter(tokens: ArrayLike<number>, layer: number = layers): Float32Array {
    const { order = 2, spread = 2, like } = this.#options;
    const base = like?.model.logitsAfter(tokens, layer);
    return Float32Array.from(
      { length: this.vocabSize },
      (_, id) =>
        (base === undefined ? 0 : base[id]! * like!.share) +
        spread * this.#normal(tokens, Math.min(order, Math.ceil((order * layer) / layers)), id),
    );
  }

  createCache(options: CacheOptions = {}): ToyCache {
    checkOptionNames('createCache', options, ['rows', 'kind']);
    const { rows = 1 } = options;
    checkInteger('createCache', 'rows', rows, 1);
    if (options.kind !== undefined) cacheKind(options.kind);
    return new ToyCache(
      this,
      Array.from({ length: rows }, () => []),
    );
  }

  restoreCache(bytes: Uint8Array): ToyCache {
    let content: { fingerprint: string; tokens: number[][] };
    try {
      content = JSON.parse(new TextDecoder().decode(bytes)) as typeof content;
    } catch (cause) {
      throw new CacheError('These bytes are not a serialized cache of a toy model.', { cause });
    }
    const { fingerprint, tokens } = content;
    if (fingerprint !== this.fingerprint)
      throw new CacheError(`The serialized cache is of another model: ${fingerprint}.`);
    return new ToyCache(this, tokens);
  }

  owns(cache: KVCache): cache is ToyCache {
    return cache instanceof ToyCache && cache.model === this;
  }

  forward(tokens: readonly ArrayLike<number>[], cache: KVCache, options: ForwardOptions = {}): ForwardResult {
    if (!this.owns(cache)) throw new CacheError('The cache was not made by this model.');
    if (tokens.length !== cache.rows) throw new ShapeError('Rows of tokens', [cache.rows], [tokens.length]);
    const { scored = 1, hidden = false } = options;
    const held = tokens.map((row, r) => {
      const all = [...cache.tokens(r), ...Array.from(row)];
      if (all.length > this.contextLength) throw new ContextLengthError(this.contextLength, all.length);
      for (const id of all)
        if (!Number.isInteger(id) || id < 0 || id >= this.vocabSize)
          throw new ParameterError('forward', 'tokens', 'ids of the vocabulary', id);
      return all;
    });
    const wanted = held.flatMap((all, r) =>
      Array.from({ length: Math.min(scored, tokens[r]!.length) }, (_, i, count = Math.min(scored, tokens[r]!.length)) =>
        all.slice(0, all.length - count + i + 1),
      ),
    );
    const states = held.flatMap((all, r) =>
      Array.from({ length: tokens[r]!.length }, (_, i) => all.slice(0, all.length - tokens[r]!.length + i + 1)),
    );
    this.fed += states.length;
    cache.replace(held);
    const logits = (layer: number): EngineMatrix =>
      this.#matrix(
        wanted.map((before) => this.logitsAfter(before, layer)),
        this.vocabSize,
      );
    const matrices = {
      logits: logits(layers),
      ...(hidden
        ? {
            hidden: this.#matrix(
              states.map((before) => this.#hidden(before)),
              width,
            ),
          }
        : {}),
      ...(options.earlyExits === undefined
        ? {}
        : { earlyExits: new Map(options.earlyExits.map((layer) => [layer, logits(layer)])) }),
    };
    return {
      ...matrices,
      scored: tokens.map((row) => Math.min(scored, row.length)),
      dispose: () => {
        for (const matrix of [matrices.logits, matrices.hidden, ...(matrices.earlyExits?.values() ?? [])])
          matrix?.dispose();
      },
    };
  }

  dispose(): void {}

  #matrix(rows: readonly Float32Array[], columns: number): EngineMatrix {
    const values = new Float32Array(rows.length * columns);
    for (const [i, row] of rows.entries()) values.set(row, i * columns);
    const matrix = new HostMatrix(values, rows.length, columns);
    this.live.add(matrix);
    const dispose = matrix.dispose.bind(matrix);
    matrix.dispose = () => {
      this.live.delete(matrix);
      dispose();
    };
    return matrix;
  }

  #hidden(tokens: ArrayLike<number>): Float32Array {
    return Float32Array.from({ length: width }, (_, i) => this.#normal(tokens, 2, -1 - i));
  }

  /** A standard normal number that depends on the last `order` tokens and `index` (Box and Muller). */
  #normal(tokens: ArrayLike<number>, order: number, index: number): number {
    let state = order;
    for (let i = Math.max(0, tokens.length - order); i < tokens.length; i++)
      state = Math.imul(state, 31) + tokens[i]! + 1;
    const a = this.#random.uniform(state, index, 'draw', 0);
    const b = this.#random.uniform(state, index, 'draw', 1);
    return Math.sqrt(-2 * Math.log(1 - a)) * Math.cos(2 * Math.PI * b);
  }
}

export class ToyCache implements KVCache {
  readonly model: ToyModel;
  #rows: number[][];

  constructor(model: ToyModel, rows: number[][]) {
    this.model = model;
    this.#rows = rows;
    model.live.add(this);
  }

  get rows(): number {
    return this.#rows.length;
  }

  get lengths(): readonly number[] {
    return this.#rows.map(({ length }) => length);
  }

  get bytes(): number {
    return this.lengths.reduce((sum, length) => sum + length * 4, 0);
  }

  tokens(row: number): Int32Array {
    return Int32Array.from(this.#live()[checkInteger('tokens', 'row', row, 0, this.rows - 1)]!);
  }

  gather(rows: readonly number[]): void {
    for (const row of rows) checkInteger('gather', 'rows', row, 0, this.rows - 1);
    this.#rows = rows.map((row) => [...this.#live()[row]!]);
  }

  truncate(lengths: readonly number[]): void {
    if (lengths.length !== this.rows) throw new ShapeError('Lengths', [this.rows], [lengths.length]);
    for (const [row, length] of lengths.entries())
      checkInteger('truncate', 'lengths', length, 0, this.#live()[row]!.length);
    this.#rows = this.#rows.map((row, i) => row.slice(0, lengths[i]));
  }

  fork(): ToyCache {
    return new ToyCache(
      this.model,
      this.#live().map((row) => [...row]),
    );
  }

  async serialize(): Promise<Uint8Array> {
    return new TextEncoder().encode(JSON.stringify({ fingerprint: this.model.fingerprint, tokens: this.#live() }));
  }

  replace(rows: number[][]): void {
    this.#live();
    this.#rows = rows;
  }

  dispose(): void {
    this.model.live.delete(this);
  }

  #live(): number[][] {
    if (!this.model.live.has(this)) throw new DisposedError('The cache');
    return this.#rows;
  }
}
