import { isObject, kindOf } from '../check/kind-of.ts';
import { readable } from '../check/read-options.ts';
import { ParameterError } from '../errors.ts';
import type { Tokenizer } from './tokenizer.ts';

/** @throws ParameterError for anything but a tokenizer. */
export function checkTokenizer(owner: string, value: unknown, parameter = 'tokenizer'): Tokenizer {
  return readable(owner, parameter, value, () => {
    if (isObject(value) && typeof value.encode === 'function' && typeof value.decode === 'function')
      return value as unknown as Tokenizer;
    throw refusal(owner, parameter, value);
  });
}

/** @throws ParameterError for anything that cannot turn ids into text. */
export function checkDecoder(owner: string, value: unknown, parameter = 'tokenizer'): Tokenizer {
  return readable(owner, parameter, value, () => {
    if (isObject(value) && typeof value.decode === 'function') return value as unknown as Tokenizer;
    throw refusal(owner, parameter, value);
  });
}

function refusal(owner: string, parameter: string, value: unknown): ParameterError {
  const hint =
    typeof value === 'string'
      ? ` (the arguments are model, tokenizer, prompt)`
      : isObject(value) && 'then' in value
        ? ' (await the promise that gives it)'
        : '';
  return new ParameterError(owner, parameter, `a tokenizer with encode and decode${hint}`, kindOf(value));
}
