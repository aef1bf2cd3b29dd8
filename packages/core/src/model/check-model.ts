import { checkInteger } from '../check/check.ts';
import { isObject, kindOf } from '../check/kind-of.ts';
import { checkIds } from '../check/lists.ts';
import { readable, readOptions } from '../check/read-options.ts';
import { ParameterError } from '../errors.ts';
import { checkSamplers } from '../sampling/check-samplers.ts';
import type { LanguageModel, ModelDefaults } from './language-model.ts';

/** @throws ParameterError for anything but a language model. */
export function checkModel(owner: string, value: LanguageModel, parameter = 'model'): void {
  const given = value as unknown;
  readable(owner, parameter, given, () => {
    if (isObject(given) && methods.every((name) => typeof given[name] === 'function') && isSize(given.vocabSize))
      return;
    throw new ParameterError(owner, parameter, `a language model${hintForModel(given)}`, kindOf(given));
  });
}

const methods = ['forward', 'createCache', 'owns'];

function isSize(value: unknown): boolean {
  return typeof value === 'number' && value > 0;
}

function hintForModel(given: unknown): string {
  if (!isObject(given)) return '';
  if (typeof given.then === 'function') return ' (await the promise that gives it)';
  if (isObject(given.model) || 'generationConfig' in given) return ' (pass the `model` that load returned)';
  if (isObject(given.sequenceToSequence) || typeof given.encoderOutput === 'function')
    return ' (an encoder-decoder model gives one for a source: await encode({ ids }))';
  if (typeof given.prepare === 'function') return ' (an engine runs models; load or createModel gives a model)';
  if (typeof given.start === 'function') return ' (await start() gives an engine, and load gives a model on it)';
  return '';
}

/** The check of each default. A `Record`, so that a name that is missing here is a compile error. */
const checks: Readonly<
  Record<keyof ModelDefaults, (owner: string, name: string, value: unknown, size: number) => unknown>
> = {
  eosTokenIds: checkIds,
  maxNewTokens: (owner, name, value) => checkInteger(owner, name, value, 0),
  maxLength: (owner, name, value) => checkInteger(owner, name, value, 1),
  minLength: (owner, name, value) => checkInteger(owner, name, value, 0),
  minNewTokens: (owner, name, value) => checkInteger(owner, name, value, 0),
  decoderStartTokenIds: checkIds,
  forcedBosTokenId: idOrNull,
  forcedEosTokenId: idOrNull,
  samplers: checkSamplers,
};

/**
 * The defaults that a caller gives a model.
 *
 * @throws UnknownOptionError, ParameterError.
 */
export function checkDefaults(owner: string, given: ModelDefaults, vocabSize: number): ModelDefaults {
  const defaults: Record<string, unknown> = {};
  const names = Object.keys(checks) as (keyof ModelDefaults)[];
  const read = readOptions(`${owner}: defaults`, given, names, 'defaults');
  for (const name of names)
    if (read[name] !== undefined) defaults[name] = checks[name](`${owner}: defaults`, name, read[name], vocabSize);
  return defaults;
}

function idOrNull(owner: string, name: string, value: unknown, vocabSize: number): number | null {
  return value === null ? null : checkInteger(owner, name, value, 0, vocabSize - 1);
}
