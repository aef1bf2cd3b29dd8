import { LoadError } from '@tokenwright/core';
import {
  bart,
  gemma2,
  gemma3,
  gemma3Text,
  gpt2,
  gptNeo,
  gptNeoX,
  llama,
  marian,
  mistral,
  opt,
  phi3,
  qwen2,
  qwen3,
  t5,
} from '@tokenwright/core/architectures';
import type { Architecture, EncoderDecoderArchitecture } from '@tokenwright/core/engine';
import type { JsonObject } from '../sources/json.ts';

const builtIn: readonly Architecture[] = [
  gpt2,
  gptNeo,
  gptNeoX,
  opt,
  llama,
  mistral,
  qwen2,
  qwen3,
  phi3,
  gemma2,
  gemma3Text,
  gemma3,
  t5,
  bart,
  marian,
];

/**
 * The family of a config.json, by its `model_type`.
 *
 * @param further families that go before the built-in ones.
 * @throws LoadError that lists the known ones.
 */
export function architectureOf(config: JsonObject, further: readonly Architecture[] = []): Architecture {
  const known = [...further, ...builtIn];
  const family = config.model_type;
  const names = [...new Set(known.map(({ name }) => name))].join(', ');
  if (typeof family !== 'string') throw new LoadError('config.json', `must name one of ${names}`, 'model_type');
  const architecture = known.find(({ name }) => name === family);
  if (architecture === undefined)
    throw new LoadError(
      'config.json',
      `the family '${family}' is not known; known: ${names}. Others can be given to load as architectures`,
      'model_type',
    );
  return architecture;
}

/** True for a family with an encoder. */
export function hasEncoder(architecture: Architecture): architecture is EncoderDecoderArchitecture {
  return 'encode' in architecture;
}
