import type { Sampler } from '@tokenwright/core';
import {
  defineFactory,
  isArray,
  type Option,
  type OptionDeclarations,
  type OptionsOf,
  type OptionValues,
  type OuterNames,
  underNames,
} from '@tokenwright/core/options';
import { camelCase } from '@tokenwright/core/sampling';
import { renamedStage } from '../shared/renamed-stage.ts';

/**
 * A preset is an ordered list of stages, each made from all options or left out. The order of the list is the order of the
 * chain, so a preset reads like the documentation of its system. A stage that takes the most probable token is left out
 * under a strategy that ranks tokens, such as beam search.
 */
export interface PresetDefinition<D extends OptionDeclarations = OptionDeclarations> {
  /** Kebab-case. The function's name is the same in camelCase. */
  readonly name: string;
  /** One sentence of help, without a trailing period. */
  readonly summary: string;
  /** The options of the system, in camelCase. */
  readonly options: D;
  /**
   * The option behind each parameter that a stage may refuse, by the stage's factory: errors name the option of the preset,
   * also those that a stage raises while decoding (an id outside the vocabulary). Default none.
   */
  readonly names?: OuterNames;
  /** The stages in order; `undefined` for one that the options leave out. */
  stages(values: OptionValues<D>): readonly (Sampler | undefined)[];
}

/** Makes the chain of a system from its options, and carries its definition. */
export type PresetFactory<D extends OptionDeclarations = OptionDeclarations> = ((
  options?: OptionsOf<D>,
) => Sampler[]) & {
  readonly definition: PresetDefinition<D>;
};

/** Define a preset. All options are checked before a stage is made, so errors name the option of the preset. */
export function definePreset<const D extends OptionDeclarations>(definition: PresetDefinition<D>): PresetFactory<D> {
  const make = (values: OptionValues<D>): Sampler[] => {
    const owner = camelCase(definition.name);
    const { names = {} } = definition;
    const stages = underNames(owner, names, () => definition.stages(values)).filter((stage) => stage !== undefined);
    // Only stages that may refuse something while decoding need a wrapper.
    return stages
      .map((stage) => (Object.hasOwn(names, camelCase(stage.name)) ? renamedStage(owner, names, stage) : stage))
      .map(yielding);
  };
  return defineFactory('definePreset', definition, make, 'stages');
}

/** In other systems 'do not sample' also stands for beam search, so a preset leaves the choice to such a strategy. */
function yielding(stage: Sampler): Sampler {
  return stage.traits?.selectsArgMax === true
    ? { ...stage, traits: { ...stage.traits, yieldsToStrategy: true } }
    : stage;
}

/** The same option, but null turns it off, and that is the default. */
export function orNull<Value>(option: Option<Value, boolean>): Option<Value | null, true> {
  return {
    ...(option as unknown as Option<Value | null, true>),
    optional: true,
    default: null,
    off: null,
    allowed: option.allowed === undefined ? undefined : `${option.allowed} or null`,
    check: (owner, name, value) => (value === null ? null : option.check(owner, name, value)),
  };
}

/** The same option of lists, but an empty list turns it off, and that is the default. */
export function orEmpty<Item>(option: Option<readonly Item[], boolean>): Option<readonly Item[], true> {
  return {
    ...option,
    optional: true,
    default: [],
    off: [],
    check: (owner, name, value) => (isArray(value) && value.length === 0 ? [] : option.check(owner, name, value)),
  };
}
