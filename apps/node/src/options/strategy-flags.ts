import { type LanguageModel, type Strategy, sampling } from '@tokenwright/core';
import type { OptionDeclarations } from '@tokenwright/core/options';
import {
  type Drafter,
  type DrafterRegistry,
  drafterRegistry,
  type StrategyRegistry,
  strategyRegistry,
} from '@tokenwright/strategies';
import type { Flag, Given } from '../cli/command.ts';
import { misuse, readingFlag } from '../cli/failure.ts';
import { forcedTextDraft } from './grammar-flags.ts';
import { otherOptions } from './option-help.ts';
import { readOptions, valueReader } from './read-options.ts';

const group = 'Strategy';
/** Plain sampling, the default, which is core's. */
const plain = 'sampling';

/** The flag that names a strategy of a registry. */
export function strategyFlagOf(registry: StrategyRegistry): Flag {
  const known = Object.values(registry).map(({ definition }) => described(definition));
  return {
    name: 'strategy',
    value: 'NAME,…',
    help: `How tokens are chosen over several steps, with options as in --strategy beam-search,num-beams=4. ${plain}: one token after the other (the default). ${known.join(' ')}`,
    group,
    choices: [plain, ...Object.keys(registry)],
  };
}

/** The flag that names what drafts for speculative decoding: a model, or a drafter of a registry. */
export function draftFlagOf(registry: DrafterRegistry): Flag {
  const known = Object.values(withoutModel(registry)).map(({ definition }) => described(definition));
  return {
    name: 'draft',
    value: 'MODEL|NAME,…',
    help: `Speculative decoding: what drafts. story-amateur, a folder, or a drafter. ${known.join(' ')} ${forcedTextDraft}: What a grammar leaves only one way to write.`,
    group,
    choices: ['story-amateur', ...Object.keys(withoutModel(registry)), forcedTextDraft],
  };
}

export const strategyFlag: Flag = strategyFlagOf(strategyRegistry);
export const draftFlag: Flag = draftFlagOf(drafterRegistry);

/** The drafter that needs no model, if that is what --draft names. */
export function drafterOf(text: string, registry: DrafterRegistry = drafterRegistry): Drafter | undefined {
  const { name, options } = nameAndOptions(text);
  const known = withoutModel(registry);
  const make = Object.hasOwn(known, name) ? known[name] : undefined;
  return readingFlag('draft', () => make?.(readNamed('draft', make.definition.options, options) as never));
}

/** The strategy of a command line; undefined when it names none. 'beam-search,num-beams=4' */
export function strategyOf(
  given: Given,
  draft: LanguageModel | Drafter | undefined,
  registry: StrategyRegistry = strategyRegistry,
): Strategy | undefined {
  const text = given.text('strategy') ?? (draft === undefined ? undefined : 'speculative');
  if (text === undefined) return undefined;
  const { name, options } = nameAndOptions(text);
  const make = Object.hasOwn(registry, name) ? registry[name] : undefined;
  if (make === undefined && name !== plain)
    throw misuse(`--strategy must be one of ${[plain, ...Object.keys(registry)].join(', ')}, but '${name}' was given.`);
  const drafts = make !== undefined && Object.hasOwn(make.definition.options, 'draft');
  if (drafts && draft === undefined) throw misuse(`--strategy ${name} needs --draft.`);
  if (!drafts && draft !== undefined) throw misuse(`--draft goes with --strategy speculative only.`);
  if (make === undefined) {
    if (options !== '') throw misuse(`--strategy ${name} takes no parameters.`);
    return sampling();
  }
  const read = readNamed('strategy', make.definition.options, options);
  return readingFlag('strategy', () => make((drafts ? { ...read, draft } : read) as never));
}

/** 'name,option=value' */
export function nameAndOptions(text: string): { readonly name: string; readonly options: string } {
  const at = text.indexOf(',');
  return at < 0 ? { name: text, options: '' } : { name: text.slice(0, at), options: text.slice(at + 1) };
}

/** Options that all have names. */
export function readNamed(flag: string, declared: OptionDeclarations, text: string): Record<string, unknown> {
  return text === '' ? {} : readOptions(flag, declared, text, valueReader(flag), false);
}

/** 'beam-search: Keep the best hypotheses; num-beams=N.' */
function described({
  name,
  summary,
  options,
}: {
  readonly name: string;
  readonly summary: string;
  readonly options: OptionDeclarations;
}): string {
  const others = otherOptions(options, false);
  return `${name}: ${summary}${others.length === 0 ? '' : `; ${others.join(', ')}`}.`;
}

/** A draft model is given by its name alone: --draft MODEL. */
function withoutModel(registry: DrafterRegistry): DrafterRegistry {
  const entries = Object.entries(registry).filter(([, { definition }]) =>
    Object.values(definition.options).every(({ kind, optional }) => kind !== 'code' || optional),
  );
  return Object.fromEntries(entries);
}
