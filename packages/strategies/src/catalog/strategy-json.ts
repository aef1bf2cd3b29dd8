import { type Json, ParameterError, type Strategy, UnknownOptionError, UnsupportedError } from '@tokenwright/core';
import { checkOptionNames, readable, readOptions, readRecord } from '@tokenwright/core/options';
import type { Drafter } from '../speculation/drafter.ts';
import { type DrafterRegistry, drafterRegistry, type StrategyRegistry, strategyRegistry } from './registry.ts';

/** A strategy as data that survives JSON. */
export interface StrategyJson {
  readonly strategy: string;
  readonly parameters: Json;
}

/** Which strategies and drafters can be named. */
export interface StrategyJsonOptions {
  /** Default: the strategies of this package. */
  readonly strategies?: StrategyRegistry;
  /** Default: the drafters of this package. */
  readonly drafters?: DrafterRegistry;
}

/**
 * A strategy as data that survives JSON. A drafter becomes `{ name, parameters }`.
 *
 * Example: beamSearch({ numBeams: 4 }) -> { strategy: 'beam-search', parameters: { numBeams: 4, lengthPenalty: 1, ... } }.
 *
 * @throws UnsupportedError for a strategy that needs code (a draft model, a score function), or one that is not registered.
 * @example
 * ```ts
 * const text = JSON.stringify(strategyToJson(beamSearch({ numBeams: 4 })));
 * const strategy = strategyFromJson(JSON.parse(text));
 * ```
 */
export function strategyToJson(strategy: Strategy, options: StrategyJsonOptions = {}): StrategyJson {
  const { strategies, drafters } = registriesOf('strategyToJson', options);
  const { name, parameters } = readable('strategyToJson', 'strategy', strategy, () => {
    const { name: given, parameters: values, decode } = (strategy ?? {}) as Partial<Strategy>;
    if (typeof given !== 'string' || typeof decode !== 'function')
      throw new ParameterError('strategyToJson', 'strategy', 'a strategy', strategy);
    return { name: given, parameters: values };
  });
  const factory = lookUp(strategies, name);
  if (factory === undefined || !isRecord(parameters))
    throw new UnsupportedError('JSON', `The strategy '${name}'`, 'It is not registered.');
  for (const [option, { kind }] of Object.entries(factory.definition.options)) {
    const value = parameters[option];
    if (kind !== 'code' || value === undefined) continue;
    const drafter = isRecord(value) && typeof value.name === 'string' ? lookUp(drafters, value.name) : undefined;
    if (drafter === undefined || Object.values(drafter.definition.options).some((inner) => inner.kind === 'code'))
      throw new UnsupportedError('JSON', `The strategy '${name}'`, `Its option '${option}' needs code.`);
  }
  return { strategy: name, parameters };
}

/**
 * The strategy that {@link strategyToJson} described. The factory checks the parameters.
 *
 * @throws UnknownOptionError for an unknown strategy, drafter or option; ParameterError for a value; UnsupportedError when the data
 * names a part that needs code.
 */
export function strategyFromJson(json: unknown, options: StrategyJsonOptions = {}): Strategy {
  const owner = 'strategyFromJson';
  const { strategies, drafters } = registriesOf(owner, options);
  const read = readOptions(owner, json as Partial<StrategyJson>, ['strategy', 'parameters'], 'json');
  const { strategy, parameters = {} } = read;
  if (typeof strategy !== 'string')
    throw new ParameterError(owner, 'json', "an object { strategy: 'name', parameters }", json);
  const factory = lookUp(strategies, strategy);
  if (factory === undefined) throw new UnknownOptionError(owner, strategy, Object.keys(strategies));
  if (!isRecord(parameters)) throw new ParameterError(owner, 'parameters', 'an object', parameters);
  const declared = factory.definition.options;
  const given = Object.entries(parameters).map(([name, value]) => {
    if (!Object.hasOwn(declared, name) || declared[name]!.kind !== 'code') return [name, value];
    return [name, drafterFromJson(`${strategy}: ${name}`, value, drafters)];
  });
  return factory(Object.fromEntries(given) as never);
}

function drafterFromJson(owner: string, json: unknown, drafters: DrafterRegistry): Drafter {
  if (!isRecord(json) || typeof json.name !== 'string')
    throw new UnsupportedError(
      'JSON',
      `The option ${owner}`,
      'It needs code, unless it is a drafter { name, parameters }.',
    );
  checkOptionNames(owner, json, ['name', 'parameters']);
  const factory = lookUp(drafters, json.name);
  if (factory === undefined) throw new UnknownOptionError(owner, json.name, Object.keys(drafters));
  for (const [name, { kind }] of Object.entries(factory.definition.options))
    if (kind === 'code')
      throw new UnsupportedError('JSON', `The drafter '${json.name}'`, `Its option '${name}' needs code.`);
  return factory((json.parameters ?? {}) as never);
}

function registriesOf(owner: string, options: StrategyJsonOptions): Required<StrategyJsonOptions> {
  const { strategies = strategyRegistry, drafters = drafterRegistry } = readOptions(owner, options, [
    'strategies',
    'drafters',
  ]);
  for (const [option, registry] of Object.entries({ strategies, drafters }))
    for (const [name, factory] of Object.entries<unknown>(readRecord(owner, registry, option))) {
      if (typeof factory !== 'function' || !('definition' in factory))
        throw new ParameterError(owner, `${option}: ${name}`, 'a factory with a definition', factory);
    }
  return { strategies, drafters };
}

function lookUp<Factory>(registry: Readonly<Record<string, Factory>>, name: string): Factory | undefined {
  return Object.hasOwn(registry, name) ? registry[name] : undefined;
}

function isRecord(value: unknown): value is Readonly<Record<string, Json>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
