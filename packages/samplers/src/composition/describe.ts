import type { OptionKind } from '@tokenwright/core/options';
import { camelCase, type SamplerKind } from '@tokenwright/core/sampling';
import { type SamplerRegistry, samplerRegistry } from './registry.ts';

/** A sampler as data: for reference tables, command lines and forms. */
export interface SamplerDescription {
  /** Kebab-case. */
  readonly name: string;
  /** The name of the function that makes it. */
  readonly factory: string;
  readonly summary: string;
  /** The paper or the system that it follows. */
  readonly source: string | undefined;
  readonly kind: SamplerKind;
  /** In order; the first one is the main option. */
  readonly options: readonly OptionDescription[];
}

export interface OptionDescription {
  readonly name: string;
  readonly kind: OptionKind;
  readonly help: string;
  /** Whether the sampler cannot be made without it. */
  readonly required: boolean;
  /** What is allowed, in the words of the error. */
  readonly allowed: string | undefined;
  /** Values of a choice, or words that a number may be instead. */
  readonly choices: readonly unknown[] | undefined;
  readonly min: number | undefined;
  readonly max: number | undefined;
  readonly default: unknown;
  /** The value at which the option has no effect. */
  readonly off: unknown;
  /** A value to start from. */
  readonly suggested: unknown;
}

/**
 * The samplers of a registry as data, by name. Factories without a declaration are left out.
 *
 * @example
 * ```ts
 * for (const { name, summary } of describeSamplers()) console.log(`--${name}  ${summary}`);
 * ```
 */
export function describeSamplers(registry: SamplerRegistry = samplerRegistry): SamplerDescription[] {
  const names = Object.keys(registry).sort();
  return names.flatMap((name) => {
    const definition = registry[name]!.definition;
    if (definition === undefined) return [];
    const { summary, source, kind } = definition;
    const options = Object.entries(definition.options).map(([option, declared]): OptionDescription => {
      const { optional, check: _, toJson: __, ...facts } = declared;
      return { name: option, ...facts, required: !optional };
    });
    return [{ name, factory: camelCase(name), summary, source, kind, options }];
  });
}
