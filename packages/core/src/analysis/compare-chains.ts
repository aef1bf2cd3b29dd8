import { ParameterError } from '../errors.ts';
import type { TokenEvent } from '../generate/contract/events.ts';
import type { GenerateOptions } from '../generate/contract/options.ts';
import { generate } from '../generate/generate.ts';
import type { LanguageModel } from '../model/language-model.ts';
import { Random } from '../sampling/random.ts';
import type { Sampler } from '../sampling/sampler.ts';

/** The outputs of two chains for one prompt with the same random numbers. */
export interface ChainComparison {
  readonly seed: number;
  /** Tokens of each chain, with the effect of its stages at each. */
  readonly first: readonly TokenEvent[];
  readonly second: readonly TokenEvent[];
  /**
   * Index of the first new token in which they differ. Up to there they saw the same logits and the same uniform
   * numbers, so the difference is caused by the chains alone. Undefined when they agree throughout.
   */
  readonly parting: number | undefined;
}

/**
 * Run two chains with the same prompt and the same seed, so with the same uniform number at each position.
 *
 * @param options of `generate`, without `samplers`, which come from the chains. `explain` is on.
 */
export async function compareChains(
  model: LanguageModel,
  prompt: ArrayLike<number>,
  chains: readonly [first: readonly Sampler[], second: readonly Sampler[]],
  options: Omit<GenerateOptions, 'samplers' | 'explain' | 'cache' | 'numReturnSequences'> = {},
): Promise<ChainComparison> {
  const seed = options.seed ?? Random.anySeed();
  if (typeof seed !== 'number') throw new ParameterError('compareChains', 'seed', 'one number', seed);
  const run = async (samplers: readonly Sampler[]): Promise<TokenEvent[]> => {
    const events: TokenEvent[] = [];
    for await (const event of generate(model, prompt, { ...options, samplers, seed, explain: true }))
      if (event.type === 'token') events.push(event);
    return events;
  };
  const [first, second] = [await run(chains[0]), await run(chains[1])];
  const longest = Math.max(first.length, second.length);
  let parting = 0;
  while (parting < longest && first[parting]?.id === second[parting]?.id) parting++;
  return { seed, first, second, parting: parting === longest ? undefined : parting };
}
