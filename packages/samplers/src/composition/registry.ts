import { ParameterError, type Sampler, type Tokenizer } from '@tokenwright/core';
import type { AnySamplerFactory, SamplerDefinition } from '@tokenwright/core/sampling';
import { badWords } from '../compat/bad-words.ts';
import { dynamicTemperature } from '../compat/dynamic-temperature.ts';
import { infill } from '../compat/infill.ts';
import { kgwWatermark } from '../compat/kgw-watermark.ts';
import { mirostat1 } from '../compat/mirostat-1.ts';
import { prefixAllowedTokens } from '../compat/prefix-allowed-tokens.ts';
import { sequenceBias } from '../compat/sequence-bias.ts';
import { suppressTokensAtBegin } from '../compat/suppress-tokens-at-begin.ts';
import { topK } from '../compat/top-k.ts';
import { topP } from '../compat/top-p.ts';
import { typicalP } from '../compat/typical-p.ts';
import { vocabularyTexts } from '../patterns/vocabulary.ts';
import * as samplers from '../samplers.ts';

/** Makes a sampler from the `parameters` of an equal one. It checks them, because they may come from a file. */
export interface SamplerMaker {
  (parameters: never): Sampler;
  /** The declaration, for factories made by `defineSampler`. */
  readonly definition?: SamplerDefinition;
}

/** Factories by the name of the sampler that they make. */
export type SamplerRegistry = Readonly<Record<string, SamplerMaker>>;

/**
 * A registry of factories, by their own names.
 *
 * @throws ParameterError for two factories of one name.
 * @example
 * ```ts
 * const registry = { ...samplerRegistry, ...createSamplerRegistry([cooling, boredom]) };
 * chainFromJson(json, registry);
 * ```
 */
export function createSamplerRegistry(factories: readonly AnySamplerFactory[]): SamplerRegistry {
  const registry: Record<string, SamplerMaker> = {};
  for (const factory of factories) {
    const { name } = factory.definition;
    if (Object.hasOwn(registry, name))
      throw new ParameterError('createSamplerRegistry', 'factories', 'factories of different names', name);
    registry[name] = factory;
  }
  return registry;
}

/** All samplers of this package, by name. `regex`, `token-healing` and `infill` need {@link withTokenizer}. */
export const samplerRegistry: SamplerRegistry = createSamplerRegistry(Object.values(samplers));

/** The same with the samplers of `@tokenwright/samplers/compat`: it reads every chain that this package writes. */
export const compatRegistry: SamplerRegistry = {
  ...samplerRegistry,
  ...createSamplerRegistry([
    badWords,
    dynamicTemperature,
    infill,
    kgwWatermark,
    mirostat1,
    prefixAllowedTokens,
    sequenceBias,
    suppressTokensAtBegin,
    topK,
    topP,
    typicalP,
  ]),
};

/**
 * A registry whose factories get the text of each token from a tokenizer: every option of the kind `token-texts` is filled
 * in. The texts are decoded when a sampler that needs them is made.
 *
 * @example
 * ```ts
 * chainFromJson([{ sampler: 'regex', parameters: { pattern: '[0-9]+' } }], withTokenizer(samplerRegistry, tokenizer));
 * ```
 */
export function withTokenizer(registry: SamplerRegistry, tokenizer: Tokenizer): SamplerRegistry {
  const entries = Object.entries(registry).map(([name, make]): [string, SamplerMaker] => {
    const { definition } = make;
    const options = Object.entries(definition?.options ?? {});
    const needed = options.filter(([, { kind }]) => kind === 'token-texts').map(([option]) => option);
    if (definition === undefined || needed.length === 0) return [name, make];
    const complete = (parameters: object): Sampler => {
      const texts = vocabularyTexts(tokenizer);
      return make({ ...Object.fromEntries(needed.map((option) => [option, texts])), ...parameters } as never);
    };
    return [name, Object.assign(complete, { definition })];
  });
  return Object.fromEntries(entries);
}
