import type { Engine, KVCache, Sampler } from '@tokenwright/core';
import { demoModel } from '@tokenwright/demo-model';
import { inspectModel, type LoadedModel, type LoadedTokenizer, load } from '@tokenwright/loaders';
import { greedy, tokenTexts, vocabularyTexts } from '@tokenwright/samplers';
import type { LoadProgress, MemoryReport, SessionInfo } from '../protocol.ts';
import type { EngineChoice, ModelChoice } from '../settings.ts';
import { checkpointSamplers, presetsFor, stagesOf } from './chains/presets.ts';
import { liveTensors, type StartedEngine, startEngine } from './engines.ts';
import { sourceOf } from './model-sources.ts';

/** A model on an engine, with a cache that stays filled between generations. */
export class Session {
  readonly info: SessionInfo;
  readonly loaded: LoadedModel;
  readonly tokenizer: LoadedTokenizer;
  readonly cache: KVCache;
  /** What a run uses when the settings have no chain. */
  readonly defaultSamplers: readonly Sampler[];
  readonly #started: StartedEngine;
  #weaker: LoadedModel | undefined;
  #texts: readonly string[] | undefined;
  #textOf: ((id: number) => string) | undefined;

  private constructor(
    started: StartedEngine,
    loaded: LoadedModel,
    { milliseconds, notices }: { readonly milliseconds: number; readonly notices: readonly string[] },
  ) {
    const { model, tokenizer } = loaded;
    this.#started = started;
    this.loaded = loaded;
    this.tokenizer = tokenizer;
    this.cache = model.createCache();
    this.defaultSamplers = model.defaults.samplers ?? [greedy()];
    this.info = {
      engine: started.info,
      presets: presetsFor(this.defaultSamplers),
      defaultChain: stagesOf(this.defaultSamplers),
      model: {
        name: model.name,
        layers: model.layers,
        vocabSize: model.vocabSize,
        contextLength: model.contextLength,
        bytes: started.engine.memory().bytes,
        loadMilliseconds: milliseconds,
        notices,
      },
    };
  }

  /** Load a model. `before` is released only after success; its engine is kept when the same one was chosen. */
  static async open(
    { engine: choice, model: choiceOfModel }: { engine: EngineChoice; model: ModelChoice },
    before: Session | undefined,
    { signal, emit }: { signal: AbortSignal; emit: (progress: LoadProgress) => void },
  ): Promise<Session> {
    const began = performance.now();
    const notices: string[] = [];
    const onNotice = (notice: string): void => {
      notices.push(notice);
      emit({ step: notice });
    };
    const source = await sourceOf(choiceOfModel, { signal, emit, onNotice });
    emit({ step: 'Starting an engine' });
    const kept = before !== undefined && choice !== 'auto' && before.#started.choice === choice;
    const started = kept ? before.#started : await startEngine(choice, await inspectModel(source));
    let loaded: LoadedModel | undefined;
    try {
      emit({ step: 'Loading the model' });
      loaded = await load(source, {
        engine: started.engine,
        defaultSamplers: checkpointSamplers,
        onNotice,
        signal,
        onProgress: (done, total) => emit({ step: 'Loading the model', loaded: done, total }),
      });
      const session = new Session(started, loaded, { milliseconds: performance.now() - began, notices });
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

  /** The small demo model, as an amateur or a draft. Loaded on first use. */
  async weaker(): Promise<LoadedModel> {
    this.#weaker ??= await load(demoModel('story-amateur'), { engine: this.engine });
    return this.#weaker;
  }

  /** Whether another tokenizer gives a sample sentence the same ids. */
  tokenizesLike(other: LoadedTokenizer): boolean {
    const text = 'The captain looked at the sea, and said: "It is 7 o\u2019clock."';
    return other.encode(text).join() === this.tokenizer.encode(text).join();
  }

  /** What each token adds to a text, by id. */
  get texts(): readonly string[] {
    this.#texts ??= vocabularyTexts(this.tokenizer);
    return this.#texts;
  }

  /** The text that a token adds; its spelling in the vocabulary where it has none, or only a part of a character. */
  label(id: number): string {
    this.#textOf ??= tokenTexts(this.tokenizer, { skipSpecialTokens: false });
    const text = this.#textOf(id);
    return text === '' || text.includes('\ufffd') ? (this.tokenizer.idToToken(id) ?? `#${id}`) : text;
  }

  memory(): MemoryReport {
    const { bytes, buffers } = this.engine.memory();
    return { bytes, buffers, tensors: liveTensors() };
  }

  #release(): void {
    this.cache.dispose();
    this.#weaker?.dispose();
    this.loaded.dispose();
  }
}
