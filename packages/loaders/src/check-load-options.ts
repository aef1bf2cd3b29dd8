import { ParameterError } from '@tokenwright/core';
import { checkFunction, readable, readOptions } from '@tokenwright/core/options';
import { checkSourceOptions } from './checkpoint/check-source-options.ts';
import type { LoadOptions } from './load.ts';

/** Every option of `load`. A `Record`, so that a name that is missing here is a compile error. */
const options: Readonly<Record<keyof LoadOptions, true>> = {
  engine: true,
  architectures: true,
  contextLength: true,
  defaultSamplers: true,
  file: true,
  hub: true,
  name: true,
  onNotice: true,
  onProgress: true,
  signal: true,
  sourceTokenizer: true,
  tokenizer: true,
};

/**
 * Check the options of `load` before anything is read.
 *
 * @throws UnknownOptionError for an option that does not exist; ParameterError for an `engine` that is missing or is something
 * else, such as a promise that was not awaited, and for a `tokenizer` or a `sourceTokenizer` that is none.
 */
export function checkLoadOptions(owner: string, given: LoadOptions): LoadOptions {
  // Without options, the engine is what is missing.
  const read = readOptions(owner, given === undefined ? ({} as LoadOptions) : given, Object.keys(options));
  const { engine, defaultSamplers } = read;
  readable(owner, 'engine', engine, () => checkEngine(owner, engine));
  if (defaultSamplers !== undefined)
    checkFunction(owner, 'defaultSamplers', defaultSamplers, 'a function of the generation config');
  for (const name of ['tokenizer', 'sourceTokenizer'] as const)
    readable(owner, name, read[name], () => checkTokenizer(owner, name, read[name]));
  return { ...read, ...checkSourceOptions(owner, read) };
}

function checkTokenizer(owner: string, name: string, tokenizer: unknown): void {
  if (tokenizer === undefined) return;
  if (owner === 'loadModel' || owner === 'loadSequenceToSequenceModel')
    throw new ParameterError(owner, name, `undefined, since ${owner} gives a model without a tokenizer`, tokenizer);
  if (owner === 'load' && name === 'sourceTokenizer')
    throw new ParameterError(owner, name, 'undefined, since a model without an encoder has no sources', tokenizer);
  const members = (typeof tokenizer === 'object' ? tokenizer : null) as Record<string, unknown> | null;
  const is = (type: string, ...names: string[]): boolean => names.every((name) => typeof members?.[name] === type);
  if (!(is('function', 'encode', 'decode', 'tokenToId', 'idToToken') && is('number', 'vocabSize')))
    throw new ParameterError(owner, name, 'a tokenizer, such as loadTokenizer and createTokenizer make', tokenizer);
}

function checkEngine(owner: string, engine: unknown): void {
  const has = (name: string): boolean =>
    typeof engine === 'object' && engine !== null && typeof (engine as Record<string, unknown>)[name] === 'function';
  if (has('prepare')) return;
  let advice = "such as `await tfjs({ backend: 'cpu' }).start()` of @tokenwright/backends";
  if (has('then')) advice = 'but this is a promise: write `engine: await ...`';
  else if (has('start')) advice = 'but this one is not started: write `engine: await starter.start()`';
  else if (has('forward') && has('createCache')) advice = 'but this is a language model';
  throw new ParameterError(owner, 'engine', `a started engine (${advice})`, engine);
}
