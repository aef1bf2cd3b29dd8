import { type Engine, LoadError, UnsupportedError } from '@tokenwright/core';
import { type DemoModelName, demoModel } from '@tokenwright/demo-model';
import {
  type HubOptions,
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
import type { Flag, Given } from './cli/command.ts';
import { Failure } from './cli/failure.ts';
import { interrupt } from './cli/interrupt.ts';
import { Progress } from './cli/progress.ts';
import { note, tell } from './cli/tell.ts';
import { engineFlags } from './engine.ts';

const group = 'Model and engine';

/** Models that come along and go on with a text. */
export const storyModels: readonly string[] = ['story', 'story-amateur'];
const comingAlong: readonly string[] = [...storyModels, 'translate'];

/** What a model may be, in help texts. */
export const modelHelp =
  'a folder with config.json, *.safetensors and tokenizer.json; a .gguf file; or the name of a model on huggingface.co, which is then kept in its usual cache: openai-community/gpt2, org/name:Q4_K_M.';

export const hubFlags: readonly Flag[] = [
  { name: 'revision', value: 'NAME', help: 'Branch, tag or commit of a model on the hub. Default main.', group },
  { name: 'offline', help: 'Download nothing: what the cache has must do.', group },
];

export const modelFlags: readonly Flag[] = [
  {
    name: 'model',
    short: 'm',
    value: 'MODEL',
    help: `What to run: ${modelHelp} Models that come along: story (default), story-amateur.`,
    group,
    choices: storyModels,
  },
  ...hubFlags,
  ...engineFlags,
];

/** What a name on the command line stands for. */
export function modelInput(name: string): ModelInput {
  return comingAlong.includes(name) ? demoModel(name as DemoModelName) : name;
}

/** A model with its tokenizer, by the name of a folder, a file, one on the hub, or one of those that come along. */
export function loadWithTokenizer(given: Given, engine: Engine, name: string): Promise<LoadedModel> {
  return loadBy(load, given, engine, name);
}

/** A model, whether or not it has a tokenizer. */
export function loadBare(given: Given, engine: Engine, name: string): Promise<LoadedBareModel> {
  return loadBy(loadModel, given, engine, name);
}

function loadBy<Loaded extends LoadedBareModel>(
  loader: (input: ModelInput, options: LoadOptions) => Promise<Loaded>,
  given: Given,
  engine: Engine,
  name: string,
): Promise<Loaded> {
  return reporting(given, name, async (options) => {
    const loaded = await loader(modelInput(name), { engine, ...options });
    const { model } = loaded;
    return { loaded, size: `${model.layers} layers, ${model.vocabSize} tokens, context ${model.contextLength}` };
  });
}

/** The encoder-decoder model of the flags. */
export function loadTranslator(given: Given, engine: Engine): Promise<LoadedSequenceToSequence> {
  const name = given.text('model') ?? 'translate';
  return reporting(given, name, async (options) => {
    const loaded = await loadSequenceToSequence(modelInput(name), { engine, ...options });
    const { vocabSize, sourceLength, contextLength } = loaded.sequenceToSequence;
    return { loaded, size: `${vocabSize} tokens, sources to ${sourceLength} tokens, context ${contextLength}` };
  });
}

/** How a model on the hub is had; its download shows a bar. */
export function hubOptions(given: Given, name: string, progress: Progress): HubOptions {
  const revision = given.text('revision');
  const offline = given.has('offline');
  if ((revision !== undefined || offline) && !isHubName(name))
    note(`--${offline ? 'offline' : 'revision'} is for models on the hub, and ${name} is none.`);
  return {
    onProgress: ({ loaded, total }) => progress.show(loaded, total),
    onNotice: note,
    signal: interrupt.signal,
    ...(revision === undefined ? {} : { revision }),
    ...(offline ? { offline } : {}),
  };
}

/** Load with what every kind of model takes, show how far it is, and say afterwards what it was. */
async function reporting<Loaded>(
  given: Given,
  name: string,
  work: (options: Omit<LoadOptions, 'engine'>) => Promise<{ readonly loaded: Loaded; readonly size: string }>,
): Promise<Loaded> {
  const downloading = new Progress(`downloading ${name}`);
  const loading = new Progress(`loading ${name}`);
  const started = performance.now();
  try {
    const contextLength = given.number('context');
    const { loaded, size } = await work({
      signal: interrupt.signal,
      hub: hubOptions(given, name, downloading),
      onProgress(bytes, total) {
        downloading.clear();
        loading.show(bytes, total);
      },
      ...(contextLength === undefined ? {} : { contextLength }),
    });
    downloading.clear();
    loading.clear();
    tell(given, `model: ${name}, ${size}, loaded in ${Math.round(performance.now() - started)} ms`);
    return loaded;
  } catch (error) {
    throw plainer(error, name);
  } finally {
    downloading.clear();
    loading.clear();
  }
}

/** What the library says about a model, in the words of this program. */
export function plainer(error: unknown, name: string): unknown {
  if (error instanceof LoadError && error.message.includes('there is no such folder or file'))
    return new Failure(
      `There is no folder or file '${name}'. Models that come along: ${storyModels.join(', ')}, and translate for 'tokenwright translate'. One on the hub is named 'organization/name'.`,
    );
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
