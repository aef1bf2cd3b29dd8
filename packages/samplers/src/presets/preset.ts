import type { Sampler } from '@tokenwright/core';
import { checkOptionNames } from '@tokenwright/core/options';

/**
 * A preset is an ordered list of stages: which option switches a stage on, and how the stage is made from all options. The
 * order of the list is the order of the chain, so a preset reads like the system's own documentation.
 */
export type PresetStages<Options> = readonly PresetStage<Options>[];

export type PresetStage<Options> = readonly [
  option: keyof Options & string,
  /** `undefined` when the options leave the stage off. */
  build: (options: Options) => Sampler | readonly Sampler[] | undefined,
];

/** Build the chain of a preset; options that no stage and no default knows raise an UnknownOptionError. */
export function buildPreset<Options extends object>(
  owner: string,
  given: object,
  defaults: Options,
  stages: PresetStages<Options>,
): Sampler[] {
  checkOptionNames(owner, given, Object.keys(defaults));
  const named = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  const options: Options = { ...defaults, ...named };
  return stages.flatMap(([, build]) => build(options) ?? []);
}
