import { isObject, kindOf } from '../check/kind-of.ts';
import { readable } from '../check/read-options.ts';
import { ParameterError } from '../errors.ts';
import type { LanguageModel } from './language-model.ts';

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
