import { threefry13 } from './threefry.ts';

/**
 * The exponential race, the one way in which a token is drawn. Token i finishes at the time E_i / p_i, where E_i is an exponential
 * random number of the draw and the token, and the first one wins. That is token i with probability p_i, exactly. In logarithms it is
 * the largest sum of logit and Gumbel noise (Gumbel 1954; Maddison et al. 2014, "A* sampling").
 *
 * A token takes part with its own logit and its own number only. So rounding of the other logits cannot move it: engines whose
 * float32 logits differ in their last bits draw the same token, unless the first two finish within this rounding. A running sum over
 * the vocabulary, the usual method, moves with every logit before the token.
 *
 * The random bits of token i under a {@link DrawKey} k, with {@link threefry13} and k as its key: word i mod 2 of the block with
 * counter (i div 2, 0) gives the 32 high bits, that word of the block (i div 2, 1) the 20 low bits. As an integer they are n, and
 * v = (n + 1/2) / 2^52 is in the open interval (0, 1), from 2^-53 to 1 - 2^-53. E = -ln(1 - v), from 2^-53 to 53 ln 2.
 *
 * Why 52 bits: rounding v to such a step changes a result only if the time at which the token would win is within the same step, so
 * with a probability of at most 2^-52 per token. All probabilities together are off by at most V / 2^52: 3.4e-11 at V = 151,936.
 * With 32 bits it would be 3.5e-5, and a token with a probability below 1e-10 would never be drawn.
 */

/** Names one draw: two uint32, as `Random.key` gives them for a seed, sequence, position and purpose. */
export type DrawKey = readonly [high: number, low: number];

/**
 * Sample a token from softmax(logits) by the exponential race. Only the candidates take part, when they are listed; a removed token
 * (-Infinity) never wins. On ties, the lowest id wins. Returns -1 when nothing is left, or a logit is NaN or +Infinity.
 *
 * @param logits float32, [V].
 * @param key the same key gives the same token, on every engine up to the rounding of the logits.
 * @param candidates ids, ascending; every other id must be -Infinity. Default all.
 */
export function sampleToken(logits: Float32Array, key: DrawKey, candidates?: Int32Array): number {
  return candidates === undefined ? sampleAmongAll(logits, key) : sampleAmong(logits, key, candidates);
}

/** Standard Gumbel noise of token `id`: -ln(E). The token with the largest sum of logit and noise is the one drawn. */
export function gumbelNoise(key: DrawKey, id: number): number {
  threefry13(one, key[0], key[1], id >>> 1, 0);
  return noiseOf(key, id, one[id & 1]!);
}

/** Write the noise of the tokens 0, 1, 2, ... to `noise`, [V]: for devices without integer arithmetic. Returns `noise`. */
export function fillGumbelNoise<Numbers extends Float32Array | Float64Array>(key: DrawKey, noise: Numbers): Numbers {
  for (let from = 0; from < noise.length; from += chunk.length) {
    threefry13(chunk, key[0], key[1], from >>> 1, 0);
    const count = Math.min(chunk.length, noise.length - from);
    for (let at = 0; at < count; at++) noise[from + at] = noiseOf(key, from + at, chunk[at]!);
  }
  return noise;
}

function sampleAmongAll(logits: Float32Array, key: DrawKey): number {
  const top = largestLogit(logits);
  if (!Number.isFinite(top)) return -1;
  let best = -Infinity;
  let winner = -1;
  for (let from = 0; from < logits.length; from += chunk.length) {
    threefry13(chunk, key[0], key[1], from >>> 1, 0);
    const count = Math.min(chunk.length, logits.length - from);
    for (let at = 0; at < count; at++) {
      const high = chunk[at]!;
      const logit = logits[from + at]! - top;
      // Most tokens cannot win, whatever their further bits are. Two logarithms are saved.
      if (logit + mostNoise[Math.clz32(high)]! <= best) continue;
      const sum = logit + noiseOf(key, from + at, high);
      if (sum <= best) continue;
      best = sum;
      winner = from + at;
    }
  }
  return winner;
}

function sampleAmong(logits: Float32Array, key: DrawKey, candidates: Int32Array): number {
  let top = -Infinity;
  for (const id of candidates) {
    const logit = logits[id]!;
    if (Number.isNaN(logit)) return -1;
    if (logit > top) top = logit;
  }
  if (!Number.isFinite(top)) return -1;
  let best = -Infinity;
  let winner = -1;
  for (const id of candidates) {
    const logit = logits[id]! - top;
    threefry13(one, key[0], key[1], id >>> 1, 0);
    const high = one[id & 1]!;
    if (logit + mostNoise[Math.clz32(high)]! <= best) continue;
    const sum = logit + noiseOf(key, id, high);
    if (sum <= best) continue;
    best = sum;
    winner = id;
  }
  return winner;
}

/** NaN when a logit is NaN. */
function largestLogit(logits: Float32Array): number {
  let top = -Infinity;
  for (let id = 0; id < logits.length; id++) {
    const logit = logits[id]!;
    // Not (logit > top): this way NaN is met without a test of its own.
    if (logit <= top) continue;
    if (Number.isNaN(logit)) return logit;
    top = logit;
  }
  return top;
}

/** -ln(E) of a token whose high bits are known. */
function noiseOf(key: DrawKey, id: number, high: number): number {
  threefry13(further, key[0], key[1], id >>> 1, 1);
  const low = further[id & 1]! >>> 12;
  return -Math.log(-Math.log1p(-((high >>> 0) * 0x10_0000 + low + 0.5) / 2 ** 52));
}

/** The words of one block, of the blocks of some consecutive tokens, and of the block with the low bits. */
const one = new Int32Array(2);
const chunk = new Int32Array(512);
const further = new Int32Array(2);

/**
 * An upper bound of the noise, by the number of zeros before the first bit: with c of them, E > v >= 2^-(c + 1). It is a little
 * larger than that, so that rounding cannot pass it.
 */
const mostNoise = Float64Array.from({ length: 33 }, (_, zeros) => Math.LN2 * (zeros < 32 ? zeros + 1 : 53) + 1e-9);
