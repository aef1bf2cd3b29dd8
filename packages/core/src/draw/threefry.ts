/**
 * Threefry-2x32: a keyed, counter-based mixer of 32-bit additions, rotations and exclusive ors (Salmon et al. 2011, "Parallel random
 * numbers: as easy as 1, 2, 3"). 20 rounds are its standard form; Random123, the authors' library, documents no known
 * statistical flaw from 13 rounds on. Nothing but uint32 arithmetic, so a shader computes the same bits.
 */

/** Rotation distances of the rounds, from the eighth on again from the start. */
export const threefryRotations = [13, 15, 26, 6, 17, 29, 16, 24] as const;
/** What the third key word is xored with. */
export const threefryParity = 0x1bd11bda;

/**
 * One block, as two uint32: what the published test vectors are about.
 *
 * @param rounds 13 or more. Default 20.
 */
export function threefryBlock(
  key: readonly [number, number],
  counter: readonly [number, number],
  rounds = 20,
): readonly [number, number] {
  const block = new Uint32Array(2);
  threefryInto(block, key[0], key[1], counter[0], counter[1], rounds);
  return [block[0]!, block[1]!];
}

/** One block, written to the first two words of `block`. */
export function threefryInto(
  block: Uint32Array,
  key0: number,
  key1: number,
  counter0: number,
  counter1: number,
  rounds: number,
): void {
  const keys = [key0, key1, key0 ^ key1 ^ threefryParity] as const;
  let x0 = (counter0 + key0) | 0;
  let x1 = (counter1 + key1) | 0;
  for (let round = 0; round < rounds; round++) {
    const rotation = threefryRotations[round & 7]!;
    x0 = (x0 + x1) | 0;
    x1 = ((x1 << rotation) | (x1 >>> (32 - rotation))) ^ x0;
    if ((round & 3) === 3) {
      const injection = (round + 1) >> 2;
      x0 = (x0 + keys[(injection % 3) as 0 | 1 | 2]) | 0;
      x1 = (x1 + keys[((injection + 1) % 3) as 0 | 1 | 2] + injection) | 0;
    }
  }
  block[0] = x0;
  block[1] = x1;
}

/**
 * Blocks of 13 rounds with the counters (first, second), (first + 1, second) and so on, two words each, until `words` is
 * full. Written out, because a loop over the rounds takes three times as long.
 */
export function threefry13(words: Int32Array, key0: number, key1: number, first: number, second: number): void {
  const key2 = key0 ^ key1 ^ threefryParity;
  for (let at = 0; at < words.length; at += 2) {
    let x0 = (first + (at >>> 1) + key0) | 0;
    let x1 = (second + key1) | 0;
    x0 = (x0 + x1) | 0;
    x1 = ((x1 << 13) | (x1 >>> 19)) ^ x0;
    x0 = (x0 + x1) | 0;
    x1 = ((x1 << 15) | (x1 >>> 17)) ^ x0;
    x0 = (x0 + x1) | 0;
    x1 = ((x1 << 26) | (x1 >>> 6)) ^ x0;
    x0 = (x0 + x1) | 0;
    x1 = ((x1 << 6) | (x1 >>> 26)) ^ x0;
    x0 = (x0 + key1) | 0;
    x1 = (x1 + key2 + 1) | 0;
    x0 = (x0 + x1) | 0;
    x1 = ((x1 << 17) | (x1 >>> 15)) ^ x0;
    x0 = (x0 + x1) | 0;
    x1 = ((x1 << 29) | (x1 >>> 3)) ^ x0;
    x0 = (x0 + x1) | 0;
    x1 = ((x1 << 16) | (x1 >>> 16)) ^ x0;
    x0 = (x0 + x1) | 0;
    x1 = ((x1 << 24) | (x1 >>> 8)) ^ x0;
    x0 = (x0 + key2) | 0;
    x1 = (x1 + key0 + 2) | 0;
    x0 = (x0 + x1) | 0;
    x1 = ((x1 << 13) | (x1 >>> 19)) ^ x0;
    x0 = (x0 + x1) | 0;
    x1 = ((x1 << 15) | (x1 >>> 17)) ^ x0;
    x0 = (x0 + x1) | 0;
    x1 = ((x1 << 26) | (x1 >>> 6)) ^ x0;
    x0 = (x0 + x1) | 0;
    x1 = ((x1 << 6) | (x1 >>> 26)) ^ x0;
    x0 = (x0 + key0) | 0;
    x1 = (x1 + key1 + 3) | 0;
    x0 = (x0 + x1) | 0;
    words[at] = x0;
    words[at + 1] = ((x1 << 17) | (x1 >>> 15)) ^ x0;
  }
}
