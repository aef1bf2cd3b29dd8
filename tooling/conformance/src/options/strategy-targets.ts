import { toyModel } from '@tokenwright/core/testing';
import * as strategies from '@tokenwright/strategies';
import * as compat from '@tokenwright/strategies/compat';
import { decodeBy } from './core-targets.ts';
import { type Declared, declared, options, type Target, types } from './target.ts';

const draft = toyModel({ vocabSize: 8, contextLength: 32, seed: 2 });

const valid: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  speculative: { draft: strategies.promptLookup() },
  draftModel: { model: draft },
  groupBeamSearch: { numBeams: 4, numBeamGroups: 2 },
  huggingFaceGroupBeamSearch: { numBeams: 4, numBeamGroups: 2 },
};

const drafters = new Set<unknown>([strategies.promptLookup, strategies.earlyExit, strategies.draftModel]);

function isDeclared(value: unknown): value is Declared {
  return typeof value === 'function' && 'definition' in value;
}

export const strategyTargets: readonly Target[] = [
  ...[...new Set<unknown>([...Object.values(strategies), ...Object.values(compat)])]
    .filter(isDeclared)
    .map((factory) => {
      const use = drafters.has(factory)
        ? (made: never) => decodeBy(strategies.speculative({ draft: made }))
        : (made: never) => decodeBy(made);
      return declared(factory, use, valid[declared(factory, use).name] ?? {});
    }),
  {
    name: 'strategyFromJson',
    parameters: [
      {
        name: 'json',
        type: types.record,
        valid: { strategy: 'beam-search', parameters: { numBeams: 2 } },
        alsoNamed: ['unknown option'],
      },
      options,
    ],
    options: [
      { name: 'strategies', type: types.record, alsoNamed: ['beam-search'] },
      { name: 'drafters', type: types.record },
    ],
    call: (...given) => (strategies.strategyFromJson as (...all: unknown[]) => unknown)(...given),
  },
  {
    name: 'strategyToJson',
    parameters: [{ name: 'strategy', type: types.record, valid: strategies.beamSearch({ numBeams: 2 }) }, options],
    options: [
      { name: 'strategies', type: types.record, alsoNamed: ['beam-search'] },
      { name: 'drafters', type: types.record },
    ],
    call: (...given) => (strategies.strategyToJson as (...all: unknown[]) => unknown)(...given),
  },
];
