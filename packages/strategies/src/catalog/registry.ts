import type { Option, OptionDeclarations } from '@tokenwright/core/options';
import { camelCase } from '@tokenwright/core/sampling';
import type { AnyStrategyFactory } from '@tokenwright/core/strategy';
import type { AnyDrafterFactory } from '../speculation/drafter.ts';
import * as drafters from './drafters.ts';
import * as strategies from './strategies.ts';

/** Strategy factories by the name of the strategy. */
export type StrategyRegistry = Readonly<Record<string, AnyStrategyFactory>>;

/** Drafter factories by the name of the drafter. */
export type DrafterRegistry = Readonly<Record<string, AnyDrafterFactory>>;

/**
 * The strategies of this package. Plain sampling is not among them: it is core's `sampling()`, and the default of `generate`. Add your
 * own as `{ ...strategyRegistry, [mine.definition.name]: mine }`.
 */
export const strategyRegistry: StrategyRegistry = byName<AnyStrategyFactory>(Object.values(strategies));

/** The drafters of this package. */
export const drafterRegistry: DrafterRegistry = byName<AnyDrafterFactory>(Object.values(drafters));

/** One strategy or drafter, for command lines, forms and reference tables. */
export interface Description {
  /** Kebab-case name, the key in the registry. */
  readonly name: string;
  /** Name of the factory function. */
  readonly factory: string;
  readonly summary: string;
  /** The paper or the system that it follows. */
  readonly source: string | undefined;
  /** The first one is the main option. */
  readonly options: readonly OptionDescription[];
}

/** A declared option with its name. */
export type OptionDescription = Omit<Option, 'check' | 'toJson'> & { readonly name: string };

/** What the strategies of a registry are, by default those of this package, sorted by name. */
export function describeStrategies(registry: StrategyRegistry = strategyRegistry): Description[] {
  return Object.values(registry).map(({ definition }) => describe(definition));
}

/** What the drafters of a registry are, by default those of this package, sorted by name. */
export function describeDrafters(registry: DrafterRegistry = drafterRegistry): Description[] {
  return Object.values(registry).map(({ definition }) => describe(definition));
}

function describe({
  name,
  summary,
  source,
  options,
}: {
  readonly name: string;
  readonly summary: string;
  readonly source?: string;
  readonly options: OptionDeclarations;
}): Description {
  return {
    name,
    factory: camelCase(name),
    summary,
    source,
    options: Object.entries(options).map(([option, { check: _check, toJson: _toJson, ...declared }]) => ({
      name: option,
      ...declared,
    })),
  };
}

/** Factories keyed and sorted by the name in their definitions. */
export function byName<Factory extends { readonly definition: { readonly name: string } }>(
  factories: readonly unknown[],
): Readonly<Record<string, Factory>> {
  const entries = (factories as readonly Factory[]).map((factory) => [factory.definition.name, factory] as const);
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}
