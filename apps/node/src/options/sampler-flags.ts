import type { Sampler, Tokenizer } from '@tokenwright/core';
import type { Option } from '@tokenwright/core/options';
import type { SamplerDefinition, SamplerKind } from '@tokenwright/core/sampling';
import { generateOptions } from '@tokenwright/core/strategy';
import { chainFromJson, type SamplerRegistry, samplerRegistry, withTokenizer } from '@tokenwright/samplers';
import { compatRegistry } from '@tokenwright/samplers/compat';
import type { Flag, Given } from '../cli/command.ts';
import { readingFlag } from '../cli/failure.ts';
import { factsOf, kebabCase, otherOptions, placeholder } from './option-help.ts';
import { presetFlag, presetOf } from './preset-flag.ts';
import { parseJson, type ReadValue, readOptions, settable, valueReader } from './read-options.ts';
import { formerNames, spellingHelp, spellings, usual } from './sampler-spellings.ts';

const groups = {
  choose: 'Samplers that shape and filter, applied in the order of the command line',
  repeat: 'Samplers against repetition (same order)',
  force: 'Samplers that forbid, encourage or force tokens, and watermarks (same order)',
} as const;

const groupOf: Readonly<Record<SamplerKind, string>> = {
  shaping: groups.choose,
  filter: groups.choose,
  controller: groups.choose,
  repair: groups.choose,
  penalty: groups.repeat,
  bias: groups.force,
  constraint: groups.force,
  watermark: groups.force,
};

const chainFlag: Flag = {
  name: 'chain',
  value: 'JSON',
  help: `Several samplers at once: '[{"sampler":"top-k","parameters":{"k":40}},{"sampler":"greedy"}]'.`,
  group: groups.choose,
  repeats: true,
};

/** The flags of all samplers of a registry, and `--chain` and `--preset`, which give whole chains. */
export function samplerFlagsOf(registry: SamplerRegistry): readonly Flag[] {
  const flags = definitionsOf(registry).map(flagOf);
  return [
    ...Object.values(groups).flatMap((group) => flags.filter((flag) => flag.group === group)),
    chainFlag,
    { ...presetFlag, group: groups.choose },
  ];
}

/** The flags of the samplers of `@tokenwright/samplers`. */
export const samplerFlags: readonly Flag[] = samplerFlagsOf(samplerRegistry);

/** The samplers of a command line, in its order. */
export function samplersOf(
  ordered: Given['ordered'],
  tokenizer: Tokenizer,
  registry: SamplerRegistry = samplerRegistry,
): Sampler[] {
  const makers = withTokenizer(registry, tokenizer);
  const definitions = new Map(definitionsOf(registry).map((definition) => [definition.name, definition]));
  return ordered.flatMap(({ name, value = '' }) => {
    if (name === 'chain') return readingFlag(name, () => chainOf(value, tokenizer, registry));
    const definition = definitions.get(name);
    if (definition === undefined) return [];
    return [readingFlag(name, () => makers[name]!(parametersOf(definition, value, tokenizer) as never))];
  });
}

/** The chain of a flag: a preset with its options, or JSON. */
export function chainNamed(flag: string, text: string, tokenizer: Tokenizer): Sampler[] {
  return text.startsWith('[')
    ? chainOf(text, tokenizer, samplerRegistry, flag)
    : presetOf(text, tokenizer, flag).options.samplers;
}

function chainOf(text: string, tokenizer: Tokenizer, registry: SamplerRegistry, flag = 'chain'): Sampler[] {
  // Later entries replace earlier ones, so samplers with the switches of other systems are read too.
  return chainFromJson(parseJson(flag, text), withTokenizer({ ...registry, ...compatRegistry }, tokenizer));
}

/** The samplers that have a flag: those that text can describe, except the ones that are options of `generate` too. */
function definitionsOf(registry: SamplerRegistry): readonly SamplerDefinition[] {
  const options = new Set(Object.keys(generateOptions).map(kebabCase));
  return Object.values(registry)
    .flatMap(({ definition }) => (definition === undefined ? [] : [definition]))
    .filter(
      ({ options: declared }) => !Object.values(declared).some((option) => option.kind === 'code' && !option.optional),
    )
    .filter(({ name }) => !options.has(name) && !options.has(`${name}-id`))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

function flagOf({ name, summary, kind, options }: SamplerDefinition): Flag {
  const [main] = settable(options);
  const facts = main === undefined ? '' : factsOf(main[1]);
  const others = otherOptions(options);
  const more = [
    `${summary}${facts === '' ? '' : ` (${facts})`}.`,
    ...(others.length === 0 ? [] : [`Also ${others.join(', ')}.`]),
    ...(spellingHelp[name] === undefined ? [] : [spellingHelp[name]]),
  ];
  const value = main === undefined ? {} : { value: shownValue(name, ...main) };
  const former = formerNames[name] === undefined ? {} : { former: formerNames[name] };
  return { name, ...value, ...former, help: more.join(' '), group: groupOf[kind], repeats: true };
}

/** What represents the value in help: the name of the main option, or its first letter where that has the name of the flag. */
function shownValue(flag: string, name: string, option: Option): string {
  const isNumber = option.kind === 'number' || option.kind === 'integer';
  if (!isNumber || kebabCase(name) !== flag) return placeholder(name, option);
  return [flag[0]!.toUpperCase(), ...(option.choices ?? [])].join('|');
}

/** The parameters of a sampler in the value of its flag. */
function parametersOf(
  { name, options }: SamplerDefinition,
  text: string,
  tokenizer: Tokenizer,
): Record<string, unknown> {
  if (settable(options).length === 0) return {};
  const byKind = valueReader(name, tokenizer);
  const read: ReadValue = (option, value, key) =>
    spellings[name]?.[key]?.(value, tokenizer) ?? byKind(option, value, key);
  const given = readOptions(name, options, text, read);
  const absent = Object.entries(usual[name] ?? {}).filter(([key]) => given[key] === undefined);
  return { ...Object.fromEntries(absent.map(([key, value]) => [key, read(options[key]!, value, key)])), ...given };
}
