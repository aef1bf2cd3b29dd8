import { ParameterError } from '../errors.ts';

/**
 * What a uniform number is used for. Numbers of different stages are independent.
 * `{ sampler: k }` is the k-th stage of the sampler chain.
 */
export type RandomPurpose = 'draw' | 'draft' | 'accept' | 'residual' | { readonly sampler: number };

/** The largest number of a sequence: sequences and beams share the 32 bits that key their random numbers, 16 each. */
export const maxSequence = 0xffff;

const stageNumber = { draw: 0, draft: 1, accept: 2, residual: 3 } as const;
const firstSamplerStage = 16;

/**
 * Random numbers without a state: uniform = f(seed, sequence, position, stage, index). The number at a position is the
 * same whether the row is decoded alone or in a batch, on any engine, and after a rewind, so nothing has to be saved
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
    const stageWord = typeof stage === 'string' ? stageNumber[stage] : firstSamplerStage + stage.sampler;
    threefry(this.#low, this.#high, sequence >>> 0, stageWord);
    threefry(word0, word1, position >>> 0, index >>> 0);
    return ((word0 >>> 5) * 0x400_0000 + (word1 >>> 6)) / 0x20_0000_0000_0000;
  }

  /** A seed nobody chose, for calls that name none; it is reported in the end event, so the run can be repeated. */
  static anySeed(): number {
    return crypto.getRandomValues(new Uint32Array(1))[0]!;
  }
}

// The two output words of the last call, kept outside so that a draw allocates nothing.
let word0 = 0;
let word1 = 0;

const rotations = [13, 15, 26, 6, 17, 29, 16, 24] as const;

/** One block of Threefry-2x32-20, as two uint32: what the published test vectors are about. */
export function threefryBlock(
  key: readonly [number, number],
  counter: readonly [number, number],
): readonly [number, number] {
  threefry(key[0], key[1], counter[0], counter[1]);
  return [word0, word1];
}

function threefry(key0: number, key1: number, counter0: number, counter1: number): void {
  const key2 = key0 ^ key1 ^ 0x1bd11bda;
  const keys = [key0, key1, key2] as const;
  let x0 = (counter0 + key0) | 0;
  let x1 = (counter1 + key1) | 0;
  for (let round = 0; round < 20; round++) {
    const rotation = rotations[round & 7]!;
    x0 = (x0 + x1) | 0;
    x1 = ((x1 << rotation) | (x1 >>> (32 - rotation))) ^ x0;
    if ((round & 3) === 3) {
      const injection = (round + 1) >> 2;
      x0 = (x0 + keys[(injection % 3) as 0 | 1 | 2]) | 0;
      x1 = (x1 + keys[((injection + 1) % 3) as 0 | 1 | 2] + injection) | 0;
    }
  }
  word0 = x0 >>> 0;
  word1 = x1 >>> 0;
}
