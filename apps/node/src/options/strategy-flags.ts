import { type Strategy, sampling } from '@tokenwright/core';
import { beamSearch, constrainedBeamSearch, groupBeamSearch } from '@tokenwright/samplers';
import type { Flag } from '../cli/command.ts';
import { misuse } from '../cli/failure.ts';
import { parametersOf } from './sampler-flags.ts';

/** A strategy of the library by name. */
interface StrategyEntry {
  readonly make: (options: never) => Strategy;
  /** Parameters that have no default, for help. */
  readonly example: string;
}

export const strategyTable: Readonly<Record<string, StrategyEntry>> = {
  sampling: { make: sampling, example: 'sampling' },
  'beam-search': { make: beamSearch, example: 'beam-search,beams=4' },
  'group-beam-search': { make: groupBeamSearch, example: 'group-beam-search,beams=4,groups=2,diversity-penalty=1' },
  'constrained-beam-search': {
    make: constrainedBeamSearch,
    example: 'constrained-beam-search,{"beams":4,"constraints":[…]}',
  },
};

export const strategyFlag: Flag = {
  name: 'strategy',
  value: 'NAME',
  help: `How tokens are chosen over several steps, with its parameters: ${Object.values(strategyTable)
    .map(({ example }) => example)
    .join('; ')}. Default sampling: one token after the other.`,
  group: 'How it works',
  choices: Object.keys(strategyTable),
};

/** 'beam-search,beams=4' */
export function strategyOf(text: string): Strategy {
  const at = text.indexOf(',');
  const name = at < 0 ? text : text.slice(0, at);
  const entry = Object.hasOwn(strategyTable, name) ? strategyTable[name] : undefined;
  if (entry === undefined)
    throw misuse(`--strategy must be one of ${Object.keys(strategyTable).join(', ')}, but '${name}' was given.`);
  const parameters = at < 0 ? {} : parametersOf({ name: 'strategy' }, text.slice(at + 1));
  if (entry.make.length === 0 && at >= 0) throw misuse(`--strategy ${name} takes no parameters.`);
  return (entry.make as (options: object) => Strategy)(parameters);
}
