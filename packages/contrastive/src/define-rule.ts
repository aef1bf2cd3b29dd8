import type { Json } from '@tokenwright/core';
import {
  defineFactory,
  numberOption,
  type Option,
  type OptionDeclarations,
  type OptionsOf,
  type OptionValues,
  optionsToJson,
} from '@tokenwright/core/options';
import type { Rule } from './rule.ts';

/** Everything there is to know about a rule: declared once, in the module of the rule. */
export interface RuleDefinition<D extends OptionDeclarations = OptionDeclarations> {
  /** Kebab-case. The factory's name is the same in camelCase. */
  readonly name: string;
  /** One sentence of help, without a trailing period. */
  readonly summary: string;
  /** The paper or the system that it follows. */
  readonly source?: string;
  /** The first one is the main option. */
  readonly options: D;
  /** Build the rule from checked options. */
  create(values: OptionValues<D>): Omit<Rule, 'name' | 'parameters'>;
}

/** Makes a rule from options. Carries its definition. */
export type RuleFactory<D extends OptionDeclarations = OptionDeclarations> = (object extends OptionsOf<D>
  ? (options?: OptionsOf<D>) => Rule
  : (options: OptionsOf<D>) => Rule) & { readonly definition: RuleDefinition<D> };

/**
 * Define a rule: its options, help and formula in one place, as `defineSampler` does for a sampler. The factory checks options,
 * fills in defaults, and sets `name` and `parameters`.
 *
 * @throws UnknownOptionError, ParameterError from the factory.
 * @example
 * ```ts
 * export const mean = defineRule({
 *   name: 'mean',
 *   summary: 'The mean of the expert and the first other source',
 *   options: {},
 *   create: () => ({
 *     combine: (expert, others) => expert.map((logit, id) => (logit + others[0]!.logits[id]!) / 2),
 *   }),
 * });
 * ```
 */
export function defineRule<const D extends OptionDeclarations>(definition: RuleDefinition<D>): RuleFactory<D> {
  return defineFactory(
    'defineRule',
    definition,
    (values): Rule => ({
      name: definition.name,
      parameters: (optionsToJson(definition.options, values) ?? {}) as Json,
      ...definition.create(values),
    }),
  ) as RuleFactory<D>;
}

/** Largest strength of a rule. Its products with logits are far from the largest float32. */
export const strongest = 1e6;

/** A plausibility threshold: tokens stay that have at least this share of the expert's largest probability. 0 is off. */
export function thresholdOption(): Option<number, true> {
  return numberOption({
    min: 0,
    max: 1,
    default: 0.1,
    off: 0,
    help: "Smallest share of the expert's largest probability that a token must have",
  });
}
