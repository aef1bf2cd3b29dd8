import { checkList } from '../check/lists.ts';
import { readOptions } from '../check/read-options.ts';
import { ParameterError } from '../errors.ts';
import type { TokenEvent } from '../generate/contract/events.ts';
import { type GenerateOptions, generateOptions } from '../generate/contract/options.ts';
import { generate } from '../generate/generate.ts';
import { checkModel } from '../model/check-model.ts';
import type { LanguageModel } from '../model/language-model.ts';
import { checkSamplers } from '../sampling/check-samplers.ts';
import { Random } from '../sampling/random.ts';
import type { Sampler } from '../sampling/sampler.ts';

/** Options of `generate` that a comparison sets itself. */
type FixedOption = 'samplers' | 'explain' | 'cache' | 'numReturnSequences';

const fixed: readonly string[] = [
  'samplers',
  'explain',
  'cache',
  'numReturnSequences',
] satisfies readonly FixedOption[];
const optionNames = Object.keys(generateOptions).filter((name) => !fixed.includes(name));

/** The outputs of two chains for one prompt with the same random numbers. */
export interface ChainComparison {
  readonly seed: number;
  /** Tokens of each chain, with the effect of its stages at each. */
  readonly first: readonly TokenEvent[];
  readonly second: readonly TokenEvent[];
  /**
   * Index of the first new token in which they differ. Up to there they saw the same logits and the same random
   * numbers, so the difference is caused by the chains alone. Undefined when they agree throughout.
   */
  readonly parting: number | undefined;
}

/**
 * Run two chains with the same prompt and the same seed, so with the same random numbers at each position.
 *
 * @param given options of `generate`, without `samplers`, which come from the chains. `explain` is on.
 */
export async function compareChains(
  model: LanguageModel,
  prompt: ArrayLike<number>,
  chains: readonly [first: readonly Sampler[], second: readonly Sampler[]],
  given: Omit<GenerateOptions, FixedOption> = {},
): Promise<ChainComparison> {
  const owner = 'compareChains';
  checkModel(owner, model);
  const options = readOptions(owner, given, optionNames);
  const { seed = Random.anySeed() } = options;
  if (typeof seed !== 'number') throw new ParameterError(owner, 'seed', 'one number', seed);
  const item = (chain: unknown, at: number): readonly Sampler[] => checkSamplers(owner, `chains[${at}]`, chain);
  const both = checkList(owner, 'chains', chains, 'a list of two chains', { item });
  if (both.length !== 2) throw new ParameterError(owner, 'chains', 'a list of two chains', chains);
  const run = async (samplers: readonly Sampler[]): Promise<TokenEvent[]> => {
    const events: TokenEvent[] = [];
    for await (const event of generate(model, prompt, { ...options, samplers, seed, explain: true }))
      if (event.type === 'token') events.push(event);
    return events;
  };
  const [first, second] = [await run(both[0]!), await run(both[1]!)];
  const longest = Math.max(first.length, second.length);
  let parting = 0;
  while (parting < longest && first[parting]?.id === second[parting]?.id) parting++;
  return { seed, first, second, parting: parting === longest ? undefined : parting };
}
