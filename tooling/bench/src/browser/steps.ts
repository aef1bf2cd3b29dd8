import { fusedWasm, type WeightFormat } from '@tokenwright/backends/wasm';
import type { Engine, KVCache, LanguageModel } from '@tokenwright/core';
import { gpt2 } from '@tokenwright/core/architectures';
import { createModel } from '@tokenwright/core/model';
import { largest } from '@tokenwright/core/sampling';
import { seededWeights } from '@tokenwright/core/testing';

/** What is measured, in Node and in a page alike. */
export interface StepsSetting {
  /** Contents of config.json. */
  readonly config: Readonly<Record<string, unknown>>;
  readonly weights: WeightFormat;
  readonly threads: number;
  /** Tokens in the cache when a measurement begins. */
  readonly position: number;
}

/** Decoding steps of the fused wasm engine at one position, measured repeatedly. */
export class Steps {
  readonly #engine: Engine;
  readonly #model: LanguageModel;
  readonly #cache: KVCache;
  readonly #position: number;

  private constructor(engine: Engine, model: LanguageModel, position: number) {
    this.#engine = engine;
    this.#model = model;
    this.#cache = model.createCache();
    this.#position = position;
  }

  /** Start the engine with a model of random weights, and read a prompt. */
  static async open({ config, weights, threads, position }: StepsSetting): Promise<Steps> {
    const engine = await fusedWasm({ weights, threads }).start();
    const configuration = gpt2.configure(config);
    const source = seededWeights(gpt2, configuration, { deviation: 0.02 });
    const steps = new Steps(engine, await createModel(engine, gpt2, configuration, source), position);
    const prompt = Array.from({ length: position }, (_, i) => (i * 31) % steps.#model.vocabSize);
    steps.#model.forward([prompt], steps.#cache).dispose();
    return steps;
  }

  /** Milliseconds per token over the next `tokens` steps: forward pass, reading the logits, arg max. The cache is restored afterwards. */
  async time(tokens: number): Promise<number> {
    let id = 0;
    const began = performance.now();
    for (let i = 0; i < tokens; i++) {
      const result = this.#model.forward([[id]], this.#cache);
      id = largest(await result.logits.read()).id;
      result.dispose();
    }
    const time = (performance.now() - began) / tokens;
    this.#cache.truncate([this.#position]);
    return time;
  }

  async close(): Promise<void> {
    this.#cache.dispose();
    this.#model.dispose();
    await this.#engine.dispose();
  }
}
