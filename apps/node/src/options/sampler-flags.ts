import type { Sampler, Tokenizer } from '@tokenwright/core';
import {
  chainFromJson,
  gpt2,
  huggingFace,
  infill,
  llamaCpp,
  samplerRegistry,
  vllm,
  xTransformers,
} from '@tokenwright/samplers';
import { asNumber, type Flag } from '../cli/command.ts';
import { misuse } from '../cli/failure.ts';
import type { SamplerFlag } from './sampler-flag.ts';
import { samplerGroups, samplerTable } from './sampler-table.ts';

const byName: ReadonlyMap<string, SamplerFlag> = new Map(samplerTable.map((flag) => [flag.name, flag]));

/** Chains of other systems, by name. */
export const presets: Readonly<Record<string, (options: never) => Sampler[]>> = {
  gpt2,
  'hugging-face': huggingFace,
  'llama-cpp': llamaCpp,
  vllm,
  'x-transformers': xTransformers,
};

/** The flags of all samplers, and those that give a whole chain. */
export const samplerFlags: readonly Flag[] = [
  ...samplerTable.map(({ name, value, more = [], help, group }) => ({
    name,
    ...(value === undefined ? {} : { value }),
    help: more.length === 0 ? help : `${help} Also ${more.join(', ')}.`,
    group,
    repeats: true,
  })),
  {
    name: 'chain',
    value: 'JSON',
    help: `Several stages at once: '[{"sampler":"top-k","parameters":{"k":40}},{"sampler":"greedy"}]'.`,
    group: samplerGroups.filters,
    repeats: true,
  },
  {
    name: 'preset',
    value: 'NAME',
    help: `The chain of another system, where no sampler is given: ${Object.keys(presets).join(', ')}. With its own options: --preset llama-cpp,top-k=20,temperature=0.7.`,
    group: samplerGroups.filters,
    choices: Object.keys(presets),
  },
];

/** The samplers of a command line, in its order. */
export function samplersOf(
  ordered: readonly { readonly name: string; readonly value: string | undefined }[],
  tokenizer: Tokenizer,
): Sampler[] {
  return ordered.flatMap(({ name, value = '' }) => {
    if (name === 'chain') return chainOf(value, tokenizer);
    const flag = byName.get(name);
    return flag === undefined ? [] : [makeSampler(flag, value, tokenizer)];
  });
}

/** The chain of a system: 'llama-cpp,top-k=20'. */
export function presetOf(
  text: string,
  flag = 'preset',
): { readonly name: string; readonly options: { readonly samplers: Sampler[] } } {
  const [name = '', ...rest] = text.split(',');
  const make = Object.hasOwn(presets, name) ? presets[name] : undefined;
  if (make === undefined)
    throw misuse(`--${flag} must be one of ${Object.keys(presets).join(', ')}, but '${name}' was given.`);
  const options = rest.length === 0 ? {} : parametersOf({ name: flag, main: undefined }, rest.join(','));
  return { name, options: { samplers: (make as (options: object) => Sampler[])(options) } };
}

/** The chain that a flag names: a preset with its options, or JSON. */
export function chainNamed(flag: string, text: string, tokenizer: Tokenizer): Sampler[] {
  return text.startsWith('[') ? chainOf(text, tokenizer, flag) : presetOf(text, flag).options.samplers;
}

function chainOf(text: string, tokenizer: Tokenizer, flag = 'chain'): Sampler[] {
  const registry = {
    ...samplerRegistry,
    infill: (parameters: object) => infill({ ...parameters, text: (id) => tokenizer.decode([id]) }),
  };
  return chainFromJson(parseJson(flag, text), registry);
}

function makeSampler(flag: SamplerFlag, text: string, tokenizer: Tokenizer): Sampler {
  const make = flag.make as (options: object) => Sampler;
  if (flag.value === undefined) return make({});
  if (flag.read !== undefined && !text.startsWith('{')) return make(flag.read(text, tokenizer));
  const parameters = parametersOf(flag, text);
  return make(flag.complete?.(parameters, tokenizer) ?? parameters);
}

/** '0.9,border=at-most' -> { p: 0.9, border: 'at-most' }; 'default' -> {}; JSON is taken as it is. */
export function parametersOf(
  { name, main }: { readonly name: string; readonly main?: string | undefined },
  text: string,
): Record<string, unknown> {
  if (text === 'default') return {};
  if (text.startsWith('{')) return parseJson(name, text) as Record<string, unknown>;
  const parameters: Record<string, unknown> = {};
  for (const [index, part] of text.split(',').entries()) {
    const at = part.indexOf('=');
    if (at < 0 && (index > 0 || main === undefined))
      throw misuse(`--${name}: '${part}' lacks a name; write name=value.`);
    const key = at < 0 ? main! : camelCase(part.slice(0, at));
    if (key in parameters) throw misuse(`--${name}: ${key} was given twice.`);
    parameters[key] = readValue(part.slice(at + 1));
  }
  return parameters;
}

function parseJson(name: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw misuse(`--${name}: the JSON cannot be read: ${(error as Error).message}`);
  }
}

function readValue(text: string): unknown {
  if (text === 'true') return true;
  if (text === 'false') return false;
  return /^[+-]?(\d|\.\d)/.test(text) ? asNumber('A parameter', text) : text;
}

function camelCase(name: string): string {
  return name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());
}
