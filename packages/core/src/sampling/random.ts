import type { DrawKey } from '../draw/race.ts';
import { threefryInto } from '../draw/threefry.ts';
import { ParameterError } from '../errors.ts';

/**
 * What a random number or a key is used for. Numbers of different stages are independent.
 * `{ sampler: k }` is the k-th stage of the sampler chain.
 */
export type RandomPurpose = 'draw' | 'draft' | 'accept' | 'residual' | { readonly sampler: number };

/** The largest number of a sequence: sequences and beams share the 32 bits that key their random numbers, 16 each. */
export const maxSequence = 0xffff;

const stageNumber = { draw: 0, draft: 1, accept: 2, residual: 3 } as const;
const firstSamplerStage = 16;

/**
 * Random numbers without a state: uniform = f(seed, sequence, position, stage, index). The number or key at a position is
 * the same whether the row is decoded alone or in a batch, on any engine, and after a rewind, so nothing has to be saved
 * or restored.
 *
 * The function is Threefry-2x32 with 20 rounds (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3"),
 * applied twice: the seed keys (sequence, stage), and the result keys (position, index).
 */
export class Random {
  readonly seed: number;
  readonly #low: number;
  readonly #high: number;

  /** @param seed any integer from 0 to 2^53 - 1; 0 is a seed like every other. */
  constructor(seed: number) {
    if (!Number.isSafeInteger(seed) || seed < 0)
      throw new ParameterError('Random', 'seed', 'an integer from 0 to 2^53 - 1', seed);
    this.seed = seed;
    this.#low = seed >>> 0;
    this.#high = Math.floor(seed / 0x1_0000_0000) >>> 0;
  }

  /** A uniform number in [0, 1) with 53 random bits. `position` = tokens before it in the sequence. */
  uniform(sequence: number, position: number, stage: RandomPurpose, index = 0): number {
    this.#mix(sequence, position, stage, index);
    return ((block[0]! >>> 5) * 0x400_0000 + (block[1]! >>> 6)) / 0x20_0000_0000_0000;
  }

  /**
   * The key of a draw, for `sampleToken` and `EngineMatrix.choose`: 64 random bits, from which the draw makes the numbers of
   * its tokens. `position` = tokens before it in the sequence.
   */
  key(sequence: number, position: number, stage: RandomPurpose): DrawKey {
    this.#mix(sequence, position, stage, 0);
    return [block[0]!, block[1]!];
  }

  #mix(sequence: number, position: number, stage: RandomPurpose, index: number): void {
    const stageWord = typeof stage === 'string' ? stageNumber[stage] : firstSamplerStage + stage.sampler;
    threefryInto(block, this.#low, this.#high, sequence >>> 0, stageWord, 20);
    threefryInto(block, block[0]!, block[1]!, position >>> 0, index >>> 0, 20);
  }

  /** A seed nobody chose, for calls that name none; it is reported in the end event, so the run can be repeated. */
  static anySeed(): number {
    return crypto.getRandomValues(new Uint32Array(1))[0]!;
  }
}

// Kept outside so that a number allocates nothing.
const block = new Uint32Array(2);
