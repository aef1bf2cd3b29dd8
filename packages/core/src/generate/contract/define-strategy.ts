import { optionsToJson } from '../../check/check-options.ts';
import { defineFactory } from '../../check/define-factory.ts';
import type { OptionDeclarations, OptionsOf, OptionValues } from '../../check/option.ts';
import type { Json } from '../../sampling/sampler.ts';
import type { Strategy } from './strategy.ts';

/** Everything there is to know about a strategy: declared once, in the module of the strategy. */
export interface StrategyDefinition<D extends OptionDeclarations = OptionDeclarations> {
  /** Kebab-case. The factory's name is the same in camelCase. */
  readonly name: string;
  /** One sentence of help, without a trailing period. */
  readonly summary: string;
  /** The paper or the system that it follows. */
  readonly source?: string;
  /** The first one is the main option. */
  readonly options: D;
  /** Build the strategy from checked options. Throws a ParameterError for options that do not fit together. */
  create(values: OptionValues<D>): Omit<Strategy, 'name'>;
}

/** Makes a strategy from options. Carries its definition. */
export type StrategyFactory<D extends OptionDeclarations = OptionDeclarations> = (object extends OptionsOf<D>
  ? (options?: OptionsOf<D>) => Strategy
  : (options: OptionsOf<D>) => Strategy) & { readonly definition: StrategyDefinition<D> };

/** Any strategy factory: what a registry holds. The factory checks its options, so they may come from a file. */
export interface AnyStrategyFactory {
  (options?: never): Strategy;
  readonly definition: StrategyDefinition;
}

/**
 * Define a strategy: its options, help and decoding loop in one place. The factory checks options, fills in defaults, and
 * sets `name` and `parameters`.
 *
 * @throws UnknownOptionError, ParameterError from the factory.
 *
 * @example
 * ```ts
 * export const firstToken = defineStrategy({
 *   name: 'first-token',
 *   summary: 'Stop after one token',
 *   options: {},
 *   create: () => ({
 *     async *decode(run) {
 *       const rows = await run.start();
 *       const scores = await run.advance(rows);
 *       yield* run.accept(rows, await scores.apply(run.samplers).sample(), scores);
 *     },
 *   }),
 * });
 * ```
 */
export function defineStrategy<const D extends OptionDeclarations>(
  definition: StrategyDefinition<D>,
): StrategyFactory<D> {
  return defineFactory(
    'defineStrategy',
    definition,
    (values): Strategy => ({
      name: definition.name,
      parameters: parametersOf(definition.options, values),
      ...definition.create(values),
    }),
  ) as StrategyFactory<D>;
}

/**
 * Checked options as plain data, for reports and JSON. An option of kind `code` becomes what its `toJson` returns, or the
 * text `'function'`.
 */
export function parametersOf(declarations: OptionDeclarations, values: Readonly<Record<string, unknown>>): Json {
  const parameters: Record<string, unknown> = {};
  for (const [name, option] of Object.entries(declarations)) {
    const value = values[name];
    if (value === undefined) continue;
    if (option.kind === 'code') parameters[name] = option.toJson?.(value) ?? 'function';
    else Object.assign(parameters, optionsToJson({ [name]: option }, values));
  }
  return parameters as Json;
}
