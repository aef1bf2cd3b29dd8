import { type LanguageModel, type Strategy, sampling } from '@tokenwright/core';
import {
  beamSearch,
  bestOf,
  constrainedBeamSearch,
  contrastiveSearch,
  type Drafter,
  earlyExit,
  groupBeamSearch,
  promptLookup,
  speculative,
  stochasticBeams,
} from '@tokenwright/strategies';
import type { Flag, Given } from '../cli/command.ts';
import { misuse } from '../cli/failure.ts';
import { parametersOf } from './sampler-flags.ts';

/** A strategy of the library by name. */
interface StrategyEntry {
  readonly make: (options: never) => Strategy;
  /** As it may stand on a command line. */
  readonly example: string;
}

export const strategyTable: Readonly<Record<string, StrategyEntry>> = {
  sampling: { make: sampling, example: 'sampling' },
  'beam-search': { make: beamSearch, example: 'beam-search,num-beams=4' },
  'group-beam-search': {
    make: groupBeamSearch,
    example: 'group-beam-search,num-beams=4,num-beam-groups=2,diversity-penalty=1',
  },
  'constrained-beam-search': {
    make: constrainedBeamSearch,
    example: 'constrained-beam-search,{"numBeams":4,"constraints":[…]}',
  },
  'stochastic-beams': { make: stochasticBeams, example: 'stochastic-beams,num-beams=4' },
  'best-of': { make: bestOf, example: 'best-of,num-candidates=8' },
  'contrastive-search': { make: contrastiveSearch, example: 'contrastive-search,penalty-alpha=0.6,top-k=4' },
  speculative: { make: speculative, example: 'speculative,num-assistant-tokens=5,accept=match (with --draft)' },
};

/** What can guess for speculative decoding without a model of its own. */
export const drafterTable: Readonly<Record<string, (options: never) => Drafter>> = {
  'prompt-lookup': promptLookup,
  'early-exit': earlyExit,
};

const group = 'Strategy';

export const strategyFlag: Flag = {
  name: 'strategy',
  value: 'NAME',
  help: `How tokens are chosen over several steps, with its parameters: ${Object.values(strategyTable)
    .map(({ example }) => example)
    .join('; ')}. Default sampling: one token after the other.`,
  group,
  choices: Object.keys(strategyTable),
};

export const draftFlag: Flag = {
  name: 'draft',
  value: 'MODEL',
  help: 'Speculative decoding: what guesses ahead. story-amateur or a folder; prompt-lookup,max-matching-ngram-size=2; or early-exit,layer=2.',
  group,
  choices: ['story-amateur', ...Object.keys(drafterTable)],
};

/** The drafter that needs no model, if that is what --draft names. */
export function drafterOf(text: string): Drafter | undefined {
  const { name, parameters } = namedWithParameters('draft', text);
  if (!Object.hasOwn(drafterTable, name)) return undefined;
  return (drafterTable[name] as (options: object) => Drafter)(parameters);
}

/** The strategy of a command line; undefined when it names none. 'beam-search,num-beams=4' */
export function strategyOf(given: Given, draft: LanguageModel | Drafter | undefined): Strategy | undefined {
  const text = given.text('strategy') ?? (draft === undefined ? undefined : 'speculative');
  if (text === undefined) return undefined;
  const { name, parameters } = namedWithParameters('strategy', text);
  const entry = Object.hasOwn(strategyTable, name) ? strategyTable[name] : undefined;
  if (entry === undefined)
    throw misuse(`--strategy must be one of ${Object.keys(strategyTable).join(', ')}, but '${name}' was given.`);
  if (entry.make.length === 0 && entry.make === sampling && Object.keys(parameters).length > 0)
    throw misuse(`--strategy ${name} takes no parameters.`);
  if (name === 'speculative' && draft === undefined) throw misuse('--strategy speculative needs --draft.');
  if (name !== 'speculative' && draft !== undefined) throw misuse(`--draft goes with --strategy speculative only.`);
  return (entry.make as (options: object) => Strategy)(draft === undefined ? parameters : { ...parameters, draft });
}

/** 'name,parameter=value' */
export function namedWithParameters(flag: string, text: string): { name: string; parameters: Record<string, unknown> } {
  const at = text.indexOf(',');
  if (at < 0) return { name: text, parameters: {} };
  return { name: text.slice(0, at), parameters: parametersOf({ name: flag }, text.slice(at + 1)) };
}
