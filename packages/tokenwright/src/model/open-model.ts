import type { EngineReport } from '@tokenwright/backends';
import { createChatTemplate } from '@tokenwright/chat';
import type { ChatTemplate, Engine, LanguageModel, SequenceToSequence } from '@tokenwright/core';
import {
  type HubOptions,
  inspectModel,
  type LoadedTokenizer,
  type LoadOptions,
  load,
  loadSequenceToSequence,
  type ModelInspection,
} from '@tokenwright/loaders';
import type { LanguageModelOptions } from '../options/load-options.ts';
import { type GenerationConfig, planSampling } from '../options/sampling-options.ts';
import { findModel, type LanguageModelSource } from '../sources/find-model.ts';
import { findTokenizer } from './find-tokenizer.ts';
import { openEngine } from './open-engine.ts';

/** A model that is loaded, with all that a call needs. Exactly one of `model` and `sequenceToSequence` is there. */
export interface OpenedModel {
  readonly engine: Engine;
  readonly report: EngineReport;
  readonly model: LanguageModel | undefined;
  readonly sequenceToSequence: SequenceToSequence | undefined;
  readonly tokenizer: LoadedTokenizer;
  /** Of an encoder-decoder model: encodes sources. Often the same object as `tokenizer`. */
  readonly sourceTokenizer: LoadedTokenizer | undefined;
  readonly chatTemplate: ChatTemplate | undefined;
  readonly generationConfig: GenerationConfig;
  readonly inspection: ModelInspection;
  /** Release the model, and the engine if it was started for it. */
  dispose(): Promise<void>;
}

/** Find a model, start an engine for it and load it there. After an error nothing stays allocated. */
export async function openModel(source: LanguageModelSource, options: LanguageModelOptions): Promise<OpenedModel> {
  const { signal, onProgress } = options;
  signal?.throwIfAborted();
  // A mistake here must not cost a download.
  const given = options.tokenizer === undefined ? undefined : await findTokenizer(options.tokenizer, signal);
  const { input, file } = await findModel(source, { hub: hubOptions(options), file: options.file, signal });
  const named = file === undefined ? {} : { file };
  const architectures = options.architectures === undefined ? {} : { architectures: options.architectures };
  // The tokenizer is read once, by the loader.
  const inspection = await inspectModel(input, { ...named, ...architectures, tokenizer: false });
  signal?.throwIfAborted();
  const context = inspection.choices.find(({ part }) => part === 'context');
  if (context !== undefined && options.contextLength === undefined)
    options.onNotice?.(`${inspection.name}: ${context.choice}; ${context.reason}`);
  const { bytes: modelBytes, parameters, hasEncoder } = inspection;
  const { engine, report, isOwn } = await openEngine(options, { modelBytes, parameters });
  try {
    const loading: LoadOptions = {
      engine,
      defaultSamplers: (config) => planSampling({}, config).samplers,
      ...named,
      ...architectures,
      ...(given === undefined ? {} : { tokenizer: given }),
      ...(options.name === undefined ? {} : { name: options.name }),
      ...(options.contextLength === undefined ? {} : { contextLength: options.contextLength }),
      ...(signal === undefined ? {} : { signal }),
      ...(options.onNotice === undefined ? {} : { onNotice: options.onNotice }),
      ...(onProgress === undefined
        ? {}
        : { onProgress: (loaded, total) => onProgress({ step: 'load', loaded, total }) }),
    };
    const loaded = hasEncoder ? await loadSequenceToSequence(input, loading) : await load(input, loading);
    const { tokenizer, generationConfig, config } = loaded;
    return {
      engine,
      report,
      model: 'model' in loaded ? loaded.model : undefined,
      sequenceToSequence: 'sequenceToSequence' in loaded ? loaded.sequenceToSequence : undefined,
      tokenizer,
      sourceTokenizer: 'sourceTokenizer' in loaded ? loaded.sourceTokenizer : undefined,
      chatTemplate: templateOf(options.chatTemplate, loaded),
      generationConfig: Object.keys(generationConfig).length > 0 ? generationConfig : config,
      inspection,
      async dispose() {
        loaded.dispose();
        if (isOwn) await engine.dispose();
      },
    };
  } catch (error) {
    if (isOwn) await engine.dispose();
    throw error;
  }
}

function hubOptions({ hub = {}, signal, onProgress, onNotice }: LanguageModelOptions): HubOptions {
  return {
    ...(signal === undefined ? {} : { signal }),
    ...(onNotice === undefined ? {} : { onNotice }),
    ...hub,
    ...(onProgress === undefined
      ? {}
      : {
          onProgress(progress) {
            hub.onProgress?.(progress);
            onProgress({ step: 'download', loaded: progress.loaded, total: progress.total });
          },
        }),
  };
}

/** A template of the options has the special tokens of the model. */
function templateOf(
  given: LanguageModelOptions['chatTemplate'],
  loaded: {
    readonly chatTemplate: ChatTemplate | undefined;
    readonly tokenizerConfig: Readonly<Record<string, unknown>>;
  },
): ChatTemplate | undefined {
  if (typeof given !== 'string') return given ?? loaded.chatTemplate;
  const named = Object.entries(loaded.tokenizerConfig).flatMap(([key, value]): [string, string][] =>
    key.endsWith('_token') && typeof value === 'string' ? [[key, value]] : [],
  );
  return createChatTemplate(given, loaded.chatTemplate?.specialTokens ?? Object.fromEntries(named));
}
