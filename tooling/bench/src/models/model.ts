import { type CacheKind, type Engine, generate, type KVCache, type LanguageModel } from '@tokenwright/core';
import { createModel } from '@tokenwright/core/model';
import { largest } from '@tokenwright/core/sampling';
import { loadModel } from '@tokenwright/loaders';
import { greedy } from '@tokenwright/samplers';
import type { Checkpoint } from './checkpoint.ts';
import type { EngineChoice } from './engines.ts';
import { repeatedWeights } from './repeated-weights.ts';
import { promptOf, type Shape } from './shapes.ts';

/** A model of some shape on its own engine. */
export class BenchModel implements AsyncDisposable {
  readonly choice: EngineChoice;
  readonly shape: Shape;
  readonly engine: Engine;
  readonly model: LanguageModel;
  /** Milliseconds to load the model from its folder, without the start of the engine. */
  readonly loadTime: number;

  private constructor(choice: EngineChoice, shape: Shape, engine: Engine, model: LanguageModel, loadTime: number) {
    this.choice = choice;
    this.shape = shape;
    this.engine = engine;
    this.model = model;
    this.loadTime = loadTime;
  }

  static async open(choice: EngineChoice, { folder, shape }: Checkpoint): Promise<BenchModel> {
    const engine = await choice.start();
    try {
      const began = performance.now();
      const { model } = await loadModel(folder, { engine });
      return new BenchModel(choice, shape, engine, model, performance.now() - began);
    } catch (error) {
      await engine.dispose();
      throw error;
    }
  }

  /** A model of the shape with weights that are made in memory. */
  static async make(choice: EngineChoice, shape: Shape): Promise<BenchModel> {
    const engine = await choice.start();
    try {
      const { architecture } = shape;
      const config = architecture.configure(shape.config);
      const began = performance.now();
      const model = await createModel(engine, architecture, config, repeatedWeights(architecture, config));
      return new BenchModel(choice, shape, engine, model, performance.now() - began);
    } catch (error) {
      await engine.dispose();
      throw error;
    }
  }

  /** Fields of a row that identify the engine. */
  get facts(): { engine: string; format: string; threads: number; shape: string } {
    const { engine, format, threads } = this.choice;
    return { engine, format, threads, shape: this.shape.name };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.model.dispose();
    await this.engine.dispose();
  }
}

/**
 * Feed tokens to a row, in as many calls as the engine's frame size requires, wait for the last logits, and return the most probable
 * token.
 */
export async function feed(model: LanguageModel, ids: readonly number[], cache: KVCache): Promise<number> {
  let first = 0;
  for (; ids.length - first > model.maxTokens; first += model.maxTokens)
    model.forward([ids.slice(first, first + model.maxTokens)], cache, { scored: 0 }).dispose();
  const result = model.forward([first === 0 ? ids : ids.slice(first)], cache);
  try {
    return largest(await result.logits.read()).id;
  } finally {
    result.dispose();
  }
}

/** Read a prompt of some length into a cache of its own: milliseconds until the logits are available. */
export async function timePrefill({ model, shape }: BenchModel, length: number): Promise<number> {
  const cache = model.createCache();
  try {
    const began = performance.now();
    await feed(model, promptOf(shape, length), cache);
    return performance.now() - began;
  } finally {
    cache.dispose();
  }
}

/**
 * Greedy decoding through `generate`, as in an application: milliseconds per step after the first. Prompts are read again each time
 * and not counted.
 *
 * @param rows prompts that are decoded together.
 */
export async function timeGenerate(
  { model, shape }: BenchModel,
  { prompt, tokens, rows = 1 }: { readonly prompt: number; readonly tokens: number; readonly rows?: number },
): Promise<number> {
  const prompts = Array.from({ length: rows }, (_, row) => promptOf(shape, prompt, row));
  const options = { samplers: [greedy()], maxNewTokens: tokens, eosTokenIds: [], seed: 0 };
  const { sequences } = await generate(model, prompts, options);
  return Math.max(...sequences.map(({ timing }) => timing.perToken));
}

/** A filled cache, from which the cost of the next steps is measured repeatedly. */
export class Position implements Disposable {
  readonly #model: LanguageModel;
  readonly #cache: KVCache;
  readonly #length: number;

  private constructor(model: LanguageModel, cache: KVCache, length: number) {
    this.#model = model;
    this.#cache = cache;
    this.#length = length;
  }

  /** Read a prompt of some length into a cache of some kind; the default is the model's. */
  static async open({ model, shape }: BenchModel, length: number, kind?: CacheKind): Promise<Position> {
    const cache = model.createCache(kind === undefined ? {} : { kind });
    await feed(model, promptOf(shape, length), cache);
    return new Position(model, cache, length);
  }

  /** Milliseconds per token over the next `tokens` steps: forward pass, reading the logits, arg max. The cache is restored afterwards. */
  async timeSteps(tokens: number): Promise<number> {
    let id = 0;
    const began = performance.now();
    for (let i = 0; i < tokens; i++) id = await feed(this.#model, [id], this.#cache);
    const time = (performance.now() - began) / tokens;
    this.#cache.truncate([this.#length]);
    return time;
  }

  [Symbol.dispose](): void {
    this.#cache.dispose();
  }
}
