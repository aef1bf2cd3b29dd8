import { checkInteger } from '../check/check.ts';
import { HostMatrix } from '../engine/host-matrix.ts';
import { HostModel } from '../host/host-model-base.ts';
import type { KVCache } from '../model/kv-cache.ts';
import type { ForwardOptions, ForwardResult, ModelDefaults } from '../model/language-model.ts';
import { Random } from '../sampling/random.ts';

export interface ToyModelOptions {
  /** Default 8. */
  readonly vocabSize?: number;
  /** Default 64. */
  readonly contextLength?: number;
  /** Default 1. Models with different seeds are unrelated. */
  readonly seed?: number;
  /** Number of last tokens that the logits depend on. Default 2. */
  readonly order?: number;
  /** Standard deviation of the logits, roughly. Default 2. */
  readonly spread?: number;
  /** Adds the logits of another toy model times this factor, for a draft that resembles its target. */
  readonly like?: { readonly model: ToyModel; readonly share: number };
  readonly defaults?: ModelDefaults;
  /** Default 256. Small values make tests split a long prompt into chunks. */
  readonly maxTokens?: number;
}

/**
 * A language model small enough to enumerate: logits are a seeded function of the last few tokens. Needs no engine.
 *
 * @example
 * ```ts
 * const { ids } = await generate(toyModel({ vocabSize: 20 }), [1], { seed: 7 });
 * ```
 */
export function toyModel(options: ToyModelOptions = {}): ToyModel {
  return new ToyModel(options);
}

const width = 4;
const layers = 2;

/**
 * A {@link HostModel} with hidden states and early exits. It counts fed tokens, and caches and results that are not
 * disposed.
 */
export class ToyModel extends HostModel<never> {
  /** Caches and results that are not disposed yet. */
  readonly live: Set<object> = new Set();
  /** Tokens fed so far, over all calls. Shows what a cache saves. */
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
    super({
      name: 'toy',
      vocabSize: checkInteger('toyModel', 'vocabSize', vocabSize, 1),
      contextLength: checkInteger('toyModel', 'contextLength', contextLength, 1),
      layers,
      maxTokens: checkInteger('toyModel', 'maxTokens', maxTokens, 1),
      defaults,
      fingerprint: `toy ${vocabSize} ${seed} ${order} ${spread}`,
    });
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

  protected async scoreRow(tokens: Int32Array, logits: Float32Array): Promise<undefined> {
    logits.set(this.#logitsOf(tokens, logits.length / this.vocabSize));
  }

  override forward(
    tokens: readonly ArrayLike<number>[],
    cache: KVCache,
    { hidden = false, earlyExits, ...plain }: ForwardOptions = {},
  ): ForwardResult {
    for (const layer of earlyExits ?? []) checkInteger('forward', 'earlyExits', layer, 0, layers);
    const result = super.forward(tokens, cache, plain);
    this.fed += tokens.reduce((sum, { length }) => sum + length, 0);
    const exit = (layer: number): HostMatrix =>
      matrixOf(
        result.scored.map((count, row) => this.#logitsOf(cache.tokens(row), count, layer)),
        this.vocabSize,
      );
    return {
      ...result,
      ...(hidden
        ? {
            hidden: matrixOf(
              tokens.map((row, i) => this.#hidden(cache.tokens(i), row.length)),
              width,
            ),
          }
        : {}),
      ...(earlyExits === undefined ? {} : { earlyExits: new Map(earlyExits.map((layer) => [layer, exit(layer)])) }),
    };
  }

  override opened(object: object): void {
    this.live.add(object);
  }

  override closed(object: object): void {
    this.live.delete(object);
  }

  /** Logits after each of the last `count` tokens: [count * vocabSize]. */
  #logitsOf(tokens: Int32Array, count: number, layer?: number): Float32Array {
    const result = new Float32Array(count * this.vocabSize);
    for (let i = 0; i < count; i++)
      result.set(this.logitsAfter(tokens.subarray(0, tokens.length - count + 1 + i), layer), i * this.vocabSize);
    return result;
  }

  /** Hidden states of the last `count` tokens: [count * width]. */
  #hidden(tokens: Int32Array, count: number): Float32Array {
    return Float32Array.from({ length: count * width }, (_, i) =>
      this.#normal(tokens.subarray(0, tokens.length - count + 1 + Math.floor(i / width)), 2, -1 - (i % width)),
    );
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

/** Matrices of equal width below one another. */
function matrixOf(parts: readonly Float32Array[], columns: number): HostMatrix {
  const values = Float32Array.from(parts.flatMap((part) => [...part]));
  return new HostMatrix(values, values.length / columns, columns);
}
