import { strategies } from 'virtual:catalog';
import type { Json } from '@tokenwright/core';
import { initialValues, type ParameterSpec, parameterSpecs } from './parameters.ts';

/** Strategies of `@tokenwright/strategies` that the page runs. */
export type StrategyName = 'beam-search' | 'speculative';

const byName: ReadonlyMap<string, readonly ParameterSpec[]> = new Map(
  strategies.map(({ name, options }) => [name, parameterSpecs(options)]),
);

/** The form of a strategy, from its declared options. */
export function strategySpecs(name: StrategyName): readonly ParameterSpec[] {
  return byName.get(name)!;
}

/** The options that a form of the strategy starts from. */
export function initialOptions(name: StrategyName): Record<string, Json> {
  return initialValues(strategySpecs(name));
}
