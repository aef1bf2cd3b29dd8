import { ParameterError } from '../errors.ts';
import type { LanguageModel } from '../model/language-model.ts';
import type { Tokenizer } from '../text/tokenizer.ts';

/** Checks of the arguments of `generate` and its relatives, which say what was probably meant. */

/** @throws ParameterError for anything but a language model. */
export function checkModel(owner: string, value: LanguageModel): void {
  const given = value as unknown as Record<string, unknown> | null | undefined;
  if (isObject(given) && typeof given.forward === 'function' && typeof given.createCache === 'function') return;
  throw new ParameterError(owner, 'model', `a language model${hintForModel(given)}`, kindOf(given));
}

function hintForModel(given: Record<string, unknown> | null | undefined): string {
  if (!isObject(given)) return '';
  if (typeof given.then === 'function') return ' (await the promise that gives it)';
  if (isObject(given.model) || 'generationConfig' in given) return ' (pass the `model` that load returned)';
  if (isObject(given.sequenceToSequence) || typeof given.encoderOutput === 'function')
    return ' (an encoder-decoder model gives one for a source: await encode({ ids }))';
  if (typeof given.prepare === 'function') return ' (an engine runs models; load or createModel gives a model)';
  if (typeof given.start === 'function') return ' (await start() gives an engine, and load gives a model on it)';
  return '';
}

/** @throws ParameterError for anything but a tokenizer. */
export function checkTokenizer(owner: string, value: Tokenizer): void {
  if (isObject(value) && typeof value.encode === 'function' && typeof value.decode === 'function') return;
  const hint =
    typeof value === 'string'
      ? ` (the arguments are model, tokenizer, prompt)`
      : isObject(value) && 'then' in value
        ? ' (await the promise that gives it)'
        : '';
  throw new ParameterError(owner, 'tokenizer', `a tokenizer with encode and decode${hint}`, kindOf(value));
}

/** @throws ParameterError for anything but one text. */
export function checkText(owner: string, value: unknown): void {
  if (typeof value === 'string') return;
  const hint = Array.isArray(value)
    ? value.every((item) => typeof item === 'number')
      ? ' (generate takes token ids)'
      : ' (generateBatch takes several prompts, each as tokenizer.encode(text))'
    : '';
  throw new ParameterError(owner, 'prompt', `one text${hint}`, value);
}

/**
 * Prompts as lists of ids.
 *
 * @throws ParameterError for text where ids are needed.
 */
export function checkPrompts(
  owner: string,
  value: ArrayLike<number> | readonly ArrayLike<number>[],
): readonly ArrayLike<number>[] {
  if (typeof (value as unknown) === 'string')
    throw new ParameterError(
      owner,
      'prompt',
      'token ids (tokenizer.encode(text) gives them, or use generateText)',
      value,
    );
  if (!isList(value))
    throw new ParameterError(owner, 'prompt', 'token ids, a list of ids per row, or a decoding state', value);
  if (value.length === 0 || typeof value[0] === 'number') return [value as ArrayLike<number>];
  const prompts = value as readonly ArrayLike<number>[];
  for (const [at, prompt] of prompts.entries()) {
    const hint = typeof (prompt as unknown) === 'string' ? ' (tokenizer.encode(text) gives them)' : '';
    if (!isList(prompt)) throw new ParameterError(owner, `prompt[${at}]`, `a list of token ids${hint}`, prompt);
  }
  return prompts;
}

function isList(value: unknown): value is ArrayLike<unknown> {
  return Array.isArray(value) || (ArrayBuffer.isView(value) && 'length' in value);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

/** Objects such as models are too large to print. */
function kindOf(value: unknown): unknown {
  if (!isObject(value)) return value;
  const { name } = value;
  return typeof name === 'string' ? `the object '${name}'` : `an object of ${value.constructor?.name ?? 'no class'}`;
}
