import { enableProdMode } from '@tensorflow/tfjs-core';
import { type EngineStarter, selectEngine, tfjs } from '@tokenwright/backends';
import { type Engine, type LanguageModel, LoadError, UnsupportedError } from '@tokenwright/core';
import { type DemoModelName, demoModel } from '@tokenwright/demo-model';
import {
  type LoadedModel,
  type LoadedSequenceToSequence,
  type LoadedTokenizer,
  type LoadOptions,
  load,
  loadSequenceToSequence,
} from '@tokenwright/loaders';
import type { Drafter } from '@tokenwright/samplers';
import type { Flag, Given } from './cli/command.ts';
import { Failure } from './cli/failure.ts';
import { interrupt } from './cli/interrupt.ts';
import { contrasted } from './options/contrast-flags.ts';
import { drafterOf } from './options/strategy-flags.ts';

const group = 'Model and engine';
const demoModels: readonly string[] = ['story', 'story-amateur'];

export const engineFlags: readonly Flag[] = [
  {
    name: 'engine',
    value: 'auto|wasm|cpu|webgpu',
    help: 'Where to compute. auto takes the first that starts of wasm and cpu; webgpu needs the packages webgpu and @tensorflow/tfjs-backend-webgpu.',
    group,
    choices: ['auto', 'wasm', 'cpu', 'webgpu'],
    closed: true,
  },
  { name: 'context', value: 'N', help: "Use a shorter context than the model's.", group },
];

export const modelFlags: readonly Flag[] = [
  {
    name: 'model',
    short: 'm',
    value: 'FOLDER',
    help: 'Folder with config.json, *.safetensors and tokenizer.json, or the name of a model that comes along: story (default), story-amateur.',
    group,
    choices: demoModels,
  },
  ...engineFlags,
];

export const generalFlags: readonly Flag[] = [
  { name: 'verbose', short: 'v', help: 'Say on standard error what was chosen, and why.', group: 'General' },
  { name: 'debug', help: 'Show the stack of an error.', group: 'General' },
  { name: 'help', short: 'h', help: 'Print this.', group: 'General' },
];

/** A model with its tokenizer, ready to run. */
export interface Session extends Omit<LoadedModel, 'tokenizer' | 'dispose'> {
  readonly engine: Engine;
  readonly tokenizer: LoadedTokenizer;
  /** What guesses ahead, with --draft. */
  readonly draft?: LanguageModel | Drafter;
  /** Load another model, for as long as the session lasts. */
  open(name: string): Promise<LoadedModel>;
}

/** Start an engine, load the models of the flags, do the work, and release all. */
export async function withModel<Result>(given: Given, work: (session: Session) => Promise<Result>): Promise<Result> {
  const engine = await startEngine(given);
  const loaded: LoadedModel[] = [];
  const open = async (name: string): Promise<LoadedModel> => {
    const one = await loadModel(given, engine, name);
    loaded.unshift(one);
    return one;
  };
  try {
    const main = await open(given.text('model') ?? 'story');
    const { tokenizer } = main;
    if (tokenizer === undefined)
      throw new Failure(`${main.model.name} has no tokenizer.json and no vocab.json, so it cannot read a text.`);
    const amateur = given.text('amateur');
    const drafting = given.text('draft');
    const model = contrasted(
      given,
      main.model,
      amateur === undefined ? undefined : (await open(amateur)).model,
      tokenizer,
    );
    const draft = drafting === undefined ? undefined : (drafterOf(drafting) ?? (await open(drafting)).model);
    return await work({ ...main, engine, tokenizer, model, open, ...(draft === undefined ? {} : { draft }) });
  } finally {
    for (const one of loaded) one.dispose();
    await engine.dispose();
  }
}

/** The engine of the flags. */
export async function startEngine(given: Given): Promise<Engine> {
  // Keeps TensorFlow.js from printing an advertisement.
  enableProdMode();
  const choice = given.text('engine') ?? 'auto';
  const starters: readonly EngineStarter[] =
    choice === 'auto'
      ? [tfjs({ backend: 'wasm' }), tfjs({ backend: 'cpu' })]
      : [tfjs({ backend: choice as 'wasm' | 'cpu' | 'webgpu' })];
  const skipped: string[] = [];
  const engine =
    starters.length === 1
      ? await starters[0]!.start()
      : await selectEngine(starters, {
          onSkipped: (name, reason) => void skipped.push(`${name}: ${reason.message}`),
        });
  const why =
    choice === 'auto' ? `the first that starts of ${starters.map(({ name }) => name).join(', ')}` : 'asked for';
  tell(given, `engine: ${engine.name}, ${why}`);
  for (const line of skipped) tell(given, `skipped ${line}`);
  return engine;
}

/** A model by the name of a folder, or one of those that come along. */
export async function loadModel(given: Given, engine: Engine, name: string): Promise<LoadedModel> {
  const source = demoModels.includes(name) ? demoModel(name as DemoModelName) : name;
  return reporting(given, name, async (options) => {
    const loaded = await load(source, { engine, ...options });
    const { model } = loaded;
    return { loaded, size: `${model.layers} layers, ${model.vocabSize} tokens, context ${model.contextLength}` };
  });
}

/** The encoder-decoder model of the flags. */
export async function loadTranslator(given: Given, engine: Engine): Promise<LoadedSequenceToSequence> {
  const name = given.text('model') ?? 'translate';
  const source = name === 'translate' ? demoModel(name) : name;
  return reporting(given, name, async (options) => {
    const loaded = await loadSequenceToSequence(source, { engine, ...options });
    const { vocabSize, sourceLength, contextLength } = loaded.sequenceToSequence;
    return { loaded, size: `${vocabSize} tokens, sources to ${sourceLength} tokens, context ${contextLength}` };
  });
}

/** Load with what every kind of model takes, show how far it is, and say afterwards what it was. */
async function reporting<Loaded>(
  given: Given,
  name: string,
  work: (options: Omit<LoadOptions, 'engine'>) => Promise<{ readonly loaded: Loaded; readonly size: string }>,
): Promise<Loaded> {
  const progress = new Progress(name);
  const started = performance.now();
  try {
    const contextLength = given.number('context');
    const { loaded, size } = await work({
      signal: interrupt.signal,
      onProgress: (bytes, total) => progress.show(bytes, total),
      ...(contextLength === undefined ? {} : { contextLength }),
    });
    tell(given, `model: ${name}, ${size}, loaded in ${Math.round(performance.now() - started)} ms`);
    return loaded;
  } catch (error) {
    throw plainer(error, name);
  } finally {
    progress.clear();
  }
}

/** What the library says about a model, in the words of this program. */
function plainer(error: unknown, name: string): unknown {
  const missing = error instanceof LoadError && error.message.endsWith('there is no such folder');
  const remote = error instanceof UnsupportedError && error.feature.startsWith('the download');
  if (missing || remote)
    return new Failure(
      `There is no folder '${name}'. Models that come along: ${demoModels.join(', ')}, and translate for 'tokenwright translate'.`,
    );
  if (error instanceof UnsupportedError && error.by === 'load')
    return new Failure(`${name} is an encoder-decoder model: 'tokenwright translate --model ${name}' runs it.`);
  if (error instanceof UnsupportedError && error.by === 'loadSequenceToSequence')
    return new Failure(
      `${name} has no encoder, so it cannot translate: 'tokenwright generate --model ${name}' runs it.`,
    );
  return error;
}

/** A line on standard error with --verbose. */
export function tell(given: Given, line: string): void {
  if (given.has('verbose')) process.stderr.write(`${line}\n`);
}

/** How far loading is, on a terminal and when it takes a while. */
class Progress {
  readonly #name: string;
  readonly #started = performance.now();
  #shown = false;

  constructor(name: string) {
    this.#name = name;
  }

  show(bytes: number, total: number): void {
    if (!process.stderr.isTTY || performance.now() - this.#started < 300) return;
    this.#shown = true;
    const megabytes = (count: number): string => (count / 1e6).toFixed(1);
    const text = `loading ${this.#name}: ${megabytes(bytes)} of ${megabytes(total)} MB`;
    process.stderr.write(`\r\x1b[K${text.slice(0, (process.stderr.columns ?? 80) - 1)}`);
  }

  clear(): void {
    if (this.#shown) process.stderr.write('\r\x1b[K');
  }
}
