import type { Json } from '@tokenwright/core';
import { defineFactory, type OptionDeclarations, type OptionsOf, type OptionValues } from '@tokenwright/core/options';
import { parametersOf, type Row, type Run } from '@tokenwright/core/strategy';

/** Proposes the next tokens for speculative decoding. Wrong proposals cost time, never quality. */
export interface Drafter {
  /** Kebab-case. */
  readonly name: string;
  readonly parameters?: Json;
  /** Tokens per round that it proposes when the strategy's `numAssistantTokens` is left out. */
  readonly numAssistantTokens?: number;
  /** Start to draft for the rows of a run. */
  open(run: Run, rows: readonly Row[], options: DraftOptions): Drafting;
}

/** What the strategy asks of a drafter. */
export interface DraftOptions {
  /** Stop after a token with a smaller probability under the draft. 0 is off. */
  readonly confidenceThreshold: number;
  /** Draw with the same keys as the target, so with the same number for each token, so that the two agree as often as possible. */
  readonly sharesRandomNumbers: boolean;
}

/** A drafter at work on a run. The strategy owns it and disposes it. */
export interface Drafting {
  /** Propose up to `lengths[i]` tokens to follow row i. */
  propose(rows: readonly Row[], lengths: readonly number[]): Promise<readonly (readonly Draft[])[]>;
  /** Row i becomes the former row `rows[i]`; rows that ended are left out. */
  gather(rows: readonly number[]): void;
  dispose(): void;
}

/** A proposed token. */
export interface Draft {
  readonly id: number;
  /** The distribution that it was sampled from, [vocabulary]. Absent when it was not sampled: its probability is 1. */
  readonly probabilities?: Float64Array;
}

/** Everything there is to know about a drafter: declared once, in the module of the drafter. */
export interface DrafterDefinition<D extends OptionDeclarations = OptionDeclarations> {
  /** Kebab-case. The factory's name is the same in camelCase. */
  readonly name: string;
  /** One sentence of help, without a trailing period. */
  readonly summary: string;
  /** The paper or the system that it follows. */
  readonly source?: string;
  /** The first one is the main option. */
  readonly options: D;
  /** Build the drafter from checked options. */
  create(values: OptionValues<D>): Omit<Drafter, 'name' | 'parameters'>;
}

/** Makes a drafter from options. Carries its definition. */
export type DrafterFactory<D extends OptionDeclarations = OptionDeclarations> = (object extends OptionsOf<D>
  ? (options?: OptionsOf<D>) => Drafter
  : (options: OptionsOf<D>) => Drafter) & { readonly definition: DrafterDefinition<D> };

/** Any drafter factory: what a registry holds. */
export interface AnyDrafterFactory {
  (options?: never): Drafter;
  readonly definition: DrafterDefinition;
}

/**
 * Define a drafter: its options, help and code in one place, as `defineStrategy` does for a strategy.
 *
 * @throws UnknownOptionError, ParameterError from the factory.
 * @example
 * ```ts
 * export const repeatLast = defineDrafter({
 *   name: 'repeat-last',
 *   summary: 'Propose the last token again',
 *   options: {},
 *   create: () => ({
 *     open: () => ({
 *       propose: async (rows) => rows.map(({ history }) => [{ id: history.at(-1)! }]),
 *       gather() {},
 *       dispose() {},
 *     }),
 *   }),
 * });
 * ```
 */
export function defineDrafter<const D extends OptionDeclarations>(definition: DrafterDefinition<D>): DrafterFactory<D> {
  return defineFactory(
    'defineDrafter',
    definition,
    (values): Drafter => ({
      name: definition.name,
      parameters: parametersOf(definition.options, values),
      ...definition.create(values),
    }),
  ) as DrafterFactory<D>;
}
