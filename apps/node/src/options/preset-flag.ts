import type { Sampler, Tokenizer } from '@tokenwright/core';
import { gpt2, huggingFace, llamaCpp, ollama, type PresetFactory, vllm, xTransformers } from '@tokenwright/samplers';
import type { Flag } from '../cli/command.ts';
import { misuse, readingFlag } from '../cli/failure.ts';
import { readOptions, valueReader } from './read-options.ts';

/** Chains of other systems, by name. */
export const presets: Readonly<Record<string, PresetFactory>> = Object.fromEntries(
  ([gpt2, huggingFace, llamaCpp, ollama, vllm, xTransformers] as unknown as readonly PresetFactory[]).map((preset) => [
    preset.definition.name,
    preset,
  ]),
);

const names = Object.keys(presets);

/** The flag for the chain of another system. */
export const presetFlag: Omit<Flag, 'group'> = {
  name: 'preset',
  value: 'NAME',
  help: `The chain of another system, where no sampler is given: ${names.join(', ')}. With its own options: --preset llama-cpp,top-k=20,temperature=0.7.`,
  choices: names,
};

/** The chain of a system: 'llama-cpp,top-k=20'. */
export function presetOf(
  text: string,
  tokenizer?: Tokenizer,
  flag = 'preset',
): { readonly name: string; readonly options: { readonly samplers: Sampler[] } } {
  const at = text.indexOf(',');
  const name = at < 0 ? text : text.slice(0, at);
  const make = Object.hasOwn(presets, name) ? presets[name] : undefined;
  if (make === undefined) throw misuse(`--${flag} must be one of ${names.join(', ')}, but '${name}' was given.`);
  const { options } = make.definition;
  const given = at < 0 ? {} : readOptions(flag, options, text.slice(at + 1), valueReader(flag, tokenizer), false);
  return { name, options: { samplers: readingFlag(flag, () => make(given as never)) } };
}
