import { memory as tensorMemory } from '@tensorflow/tfjs-core';
import type { Engine, KVCache } from '@tokenwright/core';
import { demoModel } from '@tokenwright/demo-model';
import { type LoadedModel, type LoadedTokenizer, load } from '@tokenwright/loaders';
import { vocabularyTexts } from '@tokenwright/samplers';
import type { LoadProgress, MemoryReport, SessionInfo } from '../protocol.ts';
import type { EngineChoice, ModelChoice } from '../settings.ts';
import { type StartedEngine, startEngine } from './engines.ts';
import { bytesOf, sourceOf } from './model-sources.ts';
import { presetsFor } from './presets.ts';

/** A model on an engine, with the cache that stays filled between generations. */
export class Session {
  readonly info: SessionInfo;
  readonly loaded: LoadedModel;
  readonly tokenizer: LoadedTokenizer;
  readonly cache: KVCache;
  readonly #started: StartedEngine;
  #weaker: LoadedModel | undefined;
  #texts: readonly string[] | undefined;

  private constructor(started: StartedEngine, loaded: LoadedModel, tokenizer: LoadedTokenizer, milliseconds: number) {
    const { model } = loaded;
    this.#started = started;
    this.loaded = loaded;
    this.tokenizer = tokenizer;
    this.cache = model.createCache();
    this.info = {
      engine: started.info,
      presets: presetsFor(loaded.generationConfig),
      model: {
        name: model.name,
        layers: model.layers,
        vocabSize: model.vocabSize,
        contextLength: model.contextLength,
        bytes: started.engine.memory().bytes,
        loadMilliseconds: milliseconds,
      },
    };
  }

  /** Load a model. What `before` holds is only given up when that has succeeded; its engine is kept when it will do. */
  static async open(
    { engine: choice, model: choiceOfModel }: { engine: EngineChoice; model: ModelChoice },
    before: Session | undefined,
    { signal, emit }: { signal: AbortSignal; emit: (progress: LoadProgress) => void },
  ): Promise<Session> {
    const began = performance.now();
    emit({ step: 'Starting an engine' });
    const bytes = bytesOf(choiceOfModel);
    const kept = before !== undefined && choice !== 'auto' && before.#started.choice === choice;
    const started = kept ? before.#started : await startEngine(choice, bytes);
    let loaded: LoadedModel | undefined;
    try {
      emit({ step: 'Loading the model' });
      loaded = await load(await sourceOf(choiceOfModel, { signal, emit }), {
        engine: started.engine,
        signal,
        onProgress: (done, total) => emit({ step: 'Loading the model', loaded: done, total }),
      });
      const { tokenizer } = loaded;
      const session = new Session(started, loaded, tokenizer, performance.now() - began);
      if (before !== undefined) before.#release();
      if (!kept) await before?.engine.dispose();
      return session;
    } catch (error) {
      loaded?.dispose();
      if (!kept) await started.engine.dispose();
      throw error;
    }
  }

  get engine(): Engine {
    return this.#started.engine;
  }

  /** The small model that came with the story: an amateur, or a draft. Loaded when it is first wanted. */
  async weaker(): Promise<LoadedModel> {
    this.#weaker ??= await load(demoModel('story-amateur'), { engine: this.engine });
    return this.#weaker;
  }

  /** Whether a tokenizer gives the same text the same ids, as far as a sentence shows. */
  speaksLike(other: LoadedTokenizer | undefined): boolean {
    const text = 'The captain looked at the sea, and said: "It is 7 o\u2019clock."';
    return other !== undefined && other.encode(text).join() === this.tokenizer.encode(text).join();
  }

  /** What each token adds to a text, by id. */
  get texts(): readonly string[] {
    this.#texts ??= vocabularyTexts(this.tokenizer);
    return this.#texts;
  }

  /** A token as a person can read it. */
  label(id: number): string {
    const text = this.tokenizer.decode([id], { skipSpecialTokens: false });
    return text === '' || text.includes('\ufffd') ? (this.tokenizer.idToToken(id) ?? `#${id}`) : text;
  }

  memory(): MemoryReport {
    const { bytes, buffers } = this.engine.memory();
    return { bytes, buffers, tensors: tensorMemory().numTensors };
  }

  #release(): void {
    this.cache.dispose();
    this.#weaker?.dispose();
    this.loaded.dispose();
  }
}
