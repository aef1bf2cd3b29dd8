import { existsSync } from 'node:fs';
import { type Engine, LoadError, type Sampler, UnsupportedError } from '@tokenwright/core';
import { type DemoModelName, demoModel } from '@tokenwright/demo-model';
import {
  type HubOptions,
  hubModel,
  inspectModel,
  isHubName,
  type LoadedBareModel,
  type LoadedModel,
  type LoadedSequenceToSequence,
  type LoadOptions,
  load,
  loadModel,
  loadSequenceToSequence,
  type ModelInput,
} from '@tokenwright/loaders';
import { fromGenerationConfig } from '@tokenwright/samplers';
import type { Flag, Given } from './cli/command.ts';
import { Failure } from './cli/failure.ts';
import { interrupt } from './cli/interrupt.ts';
import { Progress } from './cli/progress.ts';
import { useProxies } from './cli/proxy.ts';
import { note, tell } from './cli/tell.ts';
import { engineFlags, type ModelSize } from './engine.ts';

const group = 'Model and engine';

/** Bundled models that continue a text. */
export const storyModels: readonly string[] = ['story', 'story-amateur'];
const bundled: readonly string[] = [...storyModels, 'translate'];

/** What a model may be, in help texts. */
export const modelHelp =
  'a folder with config.json, *.safetensors and tokenizer.json; a .gguf file; or the name of a model on huggingface.co, which is downloaded into its usual cache: openai-community/gpt2, org/name:Q4_K_M.';

export const hubFlags: readonly Flag[] = [
  { name: 'revision', value: 'NAME', help: 'Branch, tag or commit of a model on the hub. Default main.', group },
  { name: 'offline', help: 'Download nothing; only use what is in the cache.', group },
];

export const modelFlags: readonly Flag[] = [
  {
    name: 'model',
    short: 'm',
    value: 'MODEL',
    help: `What to run: ${modelHelp} Bundled: story (default), story-amateur.`,
    group,
    choices: storyModels,
  },
  ...hubFlags,
  ...engineFlags,
];

/** What a name on the command line refers to. */
export function modelInput(name: string): ModelInput {
  return bundled.includes(name) ? demoModel(name as DemoModelName) : name;
}

/** A model whose small files are read, so that an engine can be chosen for it. */
export interface FoundModel extends ModelSize {
  readonly name: string;
  readonly input: ModelInput;
}

/** Find a model: a folder, a file, one on the hub, which is downloaded, or a bundled one. */
export async function findModel(given: Given, name: string): Promise<FoundModel> {
  const downloading = new Progress(`downloading ${name}`);
  try {
    const isHere = bundled.includes(name) || existsSync(name) || !isHubName(name);
    const hub = hubOptions(given, name, downloading);
    const input = isHere ? modelInput(name) : await hubModel(name, hub);
    const { bytes, parameters } = await inspectModel(input);
    interrupt.signal.throwIfAborted();
    return { name, input, modelBytes: bytes, parameters };
  } catch (error) {
    throw plainer(error, name);
  } finally {
    downloading.clear();
  }
}

/** The size of several models on one engine. */
export function sizeOf(models: readonly ModelSize[]): ModelSize {
  const sum = (key: keyof ModelSize): number => models.reduce((total, model) => total + model[key], 0);
  return { modelBytes: sum('modelBytes'), parameters: sum('parameters') };
}

/** A model with its tokenizer. */
export function loadWithTokenizer(given: Given, engine: Engine, found: FoundModel): Promise<LoadedModel> {
  return loadBy(load, given, engine, found);
}

/** A model, whether or not it has a tokenizer. */
export function loadBare(given: Given, engine: Engine, found: FoundModel): Promise<LoadedBareModel> {
  return loadBy(loadModel, given, engine, found);
}

function loadBy<Loaded extends LoadedBareModel>(
  loader: (input: ModelInput, options: LoadOptions) => Promise<Loaded>,
  given: Given,
  engine: Engine,
  { name, input }: FoundModel,
): Promise<Loaded> {
  return reporting(given, name, async (options) => {
    const loaded = await loader(input, { engine, defaultSamplers: checkpointSamplers, ...options });
    const { model } = loaded;
    return { loaded, size: `${model.layers} layers, ${model.vocabSize} tokens, context ${model.contextLength}` };
  });
}

/** The chain that a checkpoint asks for: greedy without `do_sample`, as in Hugging Face's generate. */
export function checkpointSamplers(config: Readonly<Record<string, unknown>>): readonly Sampler[] {
  return fromGenerationConfig({ ...config, do_sample: config.do_sample === true }).samplers;
}

/** An encoder-decoder model. */
export function loadTranslator(
  given: Given,
  engine: Engine,
  { name, input }: FoundModel,
): Promise<LoadedSequenceToSequence> {
  return reporting(given, name, async (options) => {
    const loaded = await loadSequenceToSequence(input, { engine, ...options });
    const { vocabSize, sourceLength, contextLength } = loaded.sequenceToSequence;
    return { loaded, size: `${vocabSize} tokens, sources to ${sourceLength} tokens, context ${contextLength}` };
  });
}

/** How a model is downloaded from the hub, with a progress bar. */
export function hubOptions(given: Given, name: string, progress: Progress): HubOptions {
  useProxies();
  const revision = given.text('revision');
  const offline = given.has('offline');
  if ((revision !== undefined || offline) && !isHubName(name))
    note(`--${offline ? 'offline' : 'revision'} applies to models on the hub, and ${name} is not one.`);
  return {
    onProgress: ({ loaded, total }) => progress.show(loaded, total),
    onNotice: note,
    signal: interrupt.signal,
    ...(revision === undefined ? {} : { revision }),
    ...(offline ? { offline } : {}),
  };
}

/** Load with the options of every kind of model, show progress, and with --verbose report what was loaded. */
async function reporting<Loaded>(
  given: Given,
  name: string,
  work: (options: Omit<LoadOptions, 'engine'>) => Promise<{ readonly loaded: Loaded; readonly size: string }>,
): Promise<Loaded> {
  const loading = new Progress(`loading ${name}`);
  const started = performance.now();
  try {
    const contextLength = given.number('context');
    const { loaded, size } = await work({
      signal: interrupt.signal,
      onProgress: (bytes, total) => loading.show(bytes, total),
      ...(contextLength === undefined ? {} : { contextLength }),
    });
    loading.clear();
    tell(given, `model: ${name}, ${size}, loaded in ${Math.round(performance.now() - started)} ms`);
    return loaded;
  } catch (error) {
    throw plainer(error, name);
  } finally {
    loading.clear();
  }
}

/** An error of the library about a model, in the words of this program. */
export function plainer(error: unknown, name: string): unknown {
  if (error instanceof LoadError && error.message.includes('there is no such folder or file')) {
    const [, onHub] = /on the hub the model is named ('[^']+')/.exec(error.message) ?? [];
    const hub =
      onHub === undefined ? "A model on the hub is named 'organization/name'" : `Did you mean ${onHub}, on the hub?`;
    return new Failure(
      `There is no folder or file '${name}'. Bundled models: ${storyModels.join(', ')}, and translate for 'tokenwright translate'. ${hub}${onHub === undefined ? '.' : ''}`,
    );
  }
  if (error instanceof LoadError && isHubName(name) && error.file === name.split(':', 1)[0])
    return new Failure(`${error.message}. There is no folder '${name}' either.`);
  if (error instanceof UnsupportedError && (error.by === 'load' || error.by === 'loadModel'))
    return new Failure(`${name} is an encoder-decoder model: 'tokenwright translate --model ${name}' runs it.`);
  if (error instanceof UnsupportedError && error.by === 'loadSequenceToSequence')
    return new Failure(
      `${name} has no encoder, so it cannot translate: 'tokenwright generate --model ${name}' runs it.`,
    );
  return error;
}
