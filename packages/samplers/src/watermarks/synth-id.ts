import { defineSampler, ParameterError, Random } from '@tokenwright/core';
import {
  booleanOption,
  checkInteger,
  checkList,
  checkNumber,
  checkOptions,
  checkTokens,
  customOption,
  integerOption,
  isArray,
  type OptionsOf,
  optional,
  readOptions,
  tokensOption,
} from '@tokenwright/core/options';
import { exponential, logSumExp } from '@tokenwright/core/sampling';

/** The zeros and ones that the hash selects from: given, or made from a size and a seed. */
type SamplingTable = readonly number[] | { readonly size?: number; readonly seed?: number };

const shared = {
  /** The secret: one integer for each layer of the tournament, at least one. The paper and Hugging Face use about 30. */
  keys: customOption<readonly number[]>({
    kind: 'json',
    suggested: [654, 400, 836, 123, 340],
    help: 'The secret: one integer for each layer',
    allowed: 'a list of at least one integer',
    check(owner, name, value) {
      const item = (key: unknown, at: number): number =>
        checkInteger(owner, `${name}[${at}]`, key, Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);
      return checkList(owner, name, value, 'a list of at least one integer', { least: 1, item });
    },
  }),
  /** Number of tokens that the hash depends on, the candidate included; 2 to 65,536. Default 5. */
  ngramLength: integerOption({
    min: 2,
    max: 65_536,
    default: 5,
    help: 'Tokens that the hash depends on, the candidate included',
  }),
  /**
   * Zeros and ones that the hash selects from: a list, or the size and the seed of one. Default 65536 and 0. Hugging Face
   * takes the table from PyTorch's generator, so pass its table to find its watermark.
   */
  samplingTable: customOption<SamplingTable>({
    kind: 'json',
    default: { size: 65536, seed: 0 },
    help: 'Zeros and ones that the hash selects from, or { size, seed } of such a table',
    allowed: 'a list of zeros and ones',
    check: checkTable,
  }),
  /** A context that occurred among this many contexts before is not marked again. Default 1024. */
  contextHistory: integerOption({ min: 0, default: 1024, help: 'How many earlier contexts are not marked again' }),
};

const options = {
  ...shared,
  /** Leave the first ngramLength - 1 tokens of a reply unmarked, because their context is not full. Default false. */
  skipFirst: booleanOption({ default: false, help: 'Leave the first tokens of a reply unmarked' }),
};

export type SynthIdOptions = OptionsOf<typeof options>;

/**
 * SynthID-Text: a watermark that preserves the distribution on average over its keys.
 *
 * Each layer d gives each token x a bit g_d(x), from a hash of the last tokens, x and the layer's key, and runs a two-way
 * tournament: p(x) -> p(x) * (1 + g_d(x) - sum(g_d * p)). The result is the logarithm of the last p. The hash is
 * h -> (h + token) * 6364136223846793005 + 1 over the n-gram and the key, from 1, modulo 2^64; the bit is the table's at
 * h modulo its size.
 *
 * The context is that of the reply, with zeros before it. A context that occurred before leaves the row as it is; the
 * contexts themselves are compared, not their hashes. Everything is read from the text, so branches and rewinds need
 * nothing stored. Probabilities are float64: where a layer's mass is near 1, float32 systems lose digits of the tokens
 * outside it.
 *
 * Use it last in a chain, after the filters, because it visits each candidate once per layer. A row with NaN, with
 * +Infinity or with nothing left stays as it is.
 *
 * @see Dathathri et al. 2024, "Scalable watermarking for identifying large language model outputs", Nature 634; Hugging
 * Face, `SynthIDTextWatermarkLogitsProcessor`
 * @example
 * ```ts
 * synthId({ keys: [654, 400, 836, 123, 340] });
 * ```
 */
export const synthId = defineSampler({
  name: 'synth-id',
  summary: 'The SynthID-Text watermark with the given keys',
  source: 'Dathathri et al. 2024, Nature 634; Hugging Face',
  kind: 'watermark',
  options,
  create({ keys, ngramLength, samplingTable, contextHistory, skipFirst }) {
    const table = tableOf(samplingTable);
    const before = ngramLength - 1;
    return {
      traits: { narrows: true },
      onHost(logits, { history, promptLength, candidates }) {
        const reply = history.tokens.subarray(promptLength);
        if (skipFirst && reply.length < before) return;
        const first = skipFirst ? before : 0;
        if (occurredBefore(reply, reply.length, before, Math.max(first, reply.length - contextHistory))) return;
        const normalizer = logSumExp(logits, candidates);
        if (!Number.isFinite(normalizer)) return;

        const ids = candidatesOf(logits, candidates);
        const p = new Float64Array(ids.length);
        for (let i = 0; i < ids.length; i++) p[i] = exponential(logits[ids[i]!]! - normalizer);
        const context = Array.from({ length: before }, (_, i) => reply[reply.length - before + i] ?? 0);
        const bits = new CandidateBits(table, context, keys, ids);
        const g = new Uint8Array(ids.length);
        // The factors of a layer's bits. They are applied during the pass of the next layer: one pass per layer.
        let [ifZero, ifOne] = [1, 1];
        for (let layer = 0; layer < keys.length; layer++) {
          const mass = bits.hold(layer, p, g, ifZero, ifOne);
          // Rounding can make the mass exceed 1, and a probability must not become negative.
          ifZero = Math.max(0, 1 - mass);
          ifOne = Math.max(0, 2 - mass);
        }
        for (let i = 0; i < ids.length; i++) p[i]! *= g[i] === 1 ? ifOne : ifZero;
        for (let i = 0; i < ids.length; i++) logits[ids[i]!] = Math.log(p[i]!);
      },
    };
  },
});

const detectorOptions = {
  ...shared,
  /** Tokens from the first of these on are not counted. Default none. */
  eosTokenIds: tokensOption({ default: [], help: 'Ids that end the text' }),
  /** Weight of each layer in the weighted mean, at least 0, not all 0. Default: falling evenly from 10 to 1. */
  weights: optional(
    customOption<readonly number[]>({
      kind: 'json',
      help: 'Weight of each layer; without them, falling evenly from 10 to 1',
      allowed: 'a list of numbers of at least 0, one per layer, not all 0',
      check(owner, name, value) {
        const item = (weight: unknown, at: number): number =>
          checkNumber(owner, `${name}[${at}]`, weight, 'a number of at least 0', (given) => given >= 0);
        return checkList(owner, name, value, 'a list of numbers, one per layer', { item });
      },
    }),
  ),
};

export type SynthIdDetectorOptions = OptionsOf<typeof detectorOptions>;

export interface SynthIdEvidence {
  /** Number of n-grams that count: their context is new and they precede the end. */
  readonly scored: number;
  /** Mean of the bits of all scored n-grams and layers: near 0.5 without a watermark, above it with one. */
  readonly mean: number;
  /** The mean with weighted layers: early layers carry more evidence. */
  readonly weightedMean: number;
  /** (mean - 0.5) in units of its standard deviation without a watermark; NaN when nothing was scored. */
  readonly zScore: number;
  /** The bits of each n-gram by layer, [n-grams][layers]: for detectors that are trained on them. */
  readonly bits: readonly Uint8Array[];
  /** Which n-grams count. */
  readonly counted: readonly boolean[];
}

/**
 * How likely a text carries the watermark of {@link synthId} with the same options: the mean and the weighted mean score of
 * the paper. Pass the reply without its prompt.
 *
 * @example
 * ```ts
 * detectSynthId(ids, { keys: [654, 400, 836, 123, 340] }).zScore > 4;
 * ```
 */
export function detectSynthId(tokens: ArrayLike<number>, options: SynthIdDetectorOptions): SynthIdEvidence {
  checkTokens('detectSynthId', 'tokens', tokens);
  const values = checkOptions('detectSynthId', detectorOptions, options);
  const { keys, ngramLength, samplingTable, contextHistory, eosTokenIds, weights } = values;
  const table = tableOf(samplingTable);
  const layers = keys.length;
  const weightOf = checkWeights(weights, layers);
  const ids = Int32Array.from(tokens);
  const before = ngramLength - 1;
  const end = ids.findIndex((id) => eosTokenIds.includes(id));
  const bits: Uint8Array[] = [];
  const counted: boolean[] = [];
  let scored = 0;
  let sum = 0;
  let weightedSum = 0;
  for (let at = before; at < ids.length; at++) {
    const own = bitsOf(table, ids.subarray(at - before, at), keys, ids.subarray(at, at + 1));
    const counts = (end < 0 || at < end) && !occurredBefore(ids, at, before, Math.max(before, at - contextHistory));
    bits.push(own);
    counted.push(counts);
    if (!counts) continue;
    scored++;
    own.forEach((bit, layer) => {
      sum += bit;
      weightedSum += bit * weightOf[layer]!;
    });
  }
  const mean = sum / (layers * scored);
  return {
    scored,
    mean,
    weightedMean: weightedSum / (layers * scored),
    zScore: (mean - 0.5) * 2 * Math.sqrt(layers * scored),
    bits,
    counted,
  };
}

const multiplier = 6364136223846793005n;

/** One step of the hash, modulo 2^64. */
const hash = (state: bigint, value: number): bigint => BigInt.asUintN(64, (state + BigInt(value)) * multiplier + 1n);

/**
 * The bits of candidates after a context.
 *
 * Hashing the candidate x and then a key gives (context + x) * m^2 + m + key * m + 1: a number per layer plus x * m^2. So big
 * integers are needed once per layer, and each candidate costs one addition of 64 bits, in two halves; with a table whose
 * size is a power of two, of the low bits only.
 */
class CandidateBits {
  readonly #table: Uint8Array;
  readonly #bases: readonly (readonly [low: number, high: number])[];
  readonly #low: Int32Array;
  readonly #high: Int32Array;
  readonly #isPowerOf2: boolean;

  constructor(table: Uint8Array, context: ArrayLike<number>, keys: readonly number[], ids: Int32Array) {
    this.#table = table;
    this.#isPowerOf2 = (table.length & (table.length - 1)) === 0;
    const start = hash(Array.from(context).reduce(hash, 1n), 0);
    this.#bases = keys.map((key) => halves(hash(start, key)));
    const [squareLow, squareHigh] = halves(BigInt.asUintN(64, multiplier * multiplier));
    this.#low = new Int32Array(ids.length);
    this.#high = new Int32Array(ids.length);
    for (let i = 0; i < ids.length; i++) {
      this.#low[i] = Math.imul(ids[i]!, squareLow);
      if (!this.#isPowerOf2) this.#high[i] = carryOf(ids[i]!, squareLow) + Math.imul(ids[i]!, squareHigh);
    }
  }

  /** The bits of one layer: [candidates]. */
  write(layer: number, into: Uint8Array): void {
    const [baseLow, baseHigh] = this.#bases[layer]!;
    const table = this.#table;
    const [low, high] = [this.#low, this.#high];
    const size = table.length;
    if (this.#isPowerOf2) {
      const mask = size - 1;
      const base = baseLow & mask;
      for (let i = 0; i < into.length; i++) into[i] = table[(low[i]! + base) & mask]!;
      return;
    }
    const wrap = 0x1_0000_0000 % size;
    for (let i = 0; i < into.length; i++) {
      const sum = (low[i]! >>> 0) + baseLow;
      const carry = sum >= 0x1_0000_0000 ? 1 : 0;
      // The hash is a signed number, and its remainder is never negative.
      const signedHigh = (high[i]! + baseHigh + carry) | 0;
      const remainder = ((signedHigh % size) * wrap + ((sum >>> 0) % size)) % size;
      into[i] = table[remainder < 0 ? remainder + size : remainder]!;
    }
  }

  /**
   * Multiply the probabilities by the factors of the bits `g` of the previous layer, replace these by the bits of this layer,
   * and return the mass of the tokens whose bit is set.
   */
  hold(layer: number, p: Float64Array, g: Uint8Array, ifZero: number, ifOne: number): number {
    const rise = ifOne - ifZero;
    let mass = 0;
    if (!this.#isPowerOf2) {
      for (let i = 0; i < p.length; i++) p[i]! *= ifZero + rise * g[i]!;
      this.write(layer, g);
      for (let i = 0; i < p.length; i++) mass += g[i]! * p[i]!;
      return mass;
    }
    const table = this.#table;
    const low = this.#low;
    const mask = table.length - 1;
    const base = this.#bases[layer]![0] & mask;
    for (let i = 0; i < p.length; i++) {
      const probability = p[i]! * (ifZero + rise * g[i]!);
      const bit = table[(low[i]! + base) & mask]!;
      p[i] = probability;
      g[i] = bit;
      mass += bit * probability;
    }
    return mass;
  }
}

/** The bits of one candidate, layer by layer. */
function bitsOf(table: Uint8Array, context: ArrayLike<number>, keys: readonly number[], id: Int32Array): Uint8Array {
  const bits = new CandidateBits(table, context, keys, id);
  const own = new Uint8Array(1);
  return Uint8Array.from(keys, (_, layer) => {
    bits.write(layer, own);
    return own[0]!;
  });
}

/** The bits of a * b above the lowest 32, exact. */
function carryOf(a: number, b: number): number {
  const lowPart = (a & 0xffff) * b;
  const highPart = (a >>> 16) * b;
  return Math.floor((Math.floor(lowPart / 0x1_0000) + highPart) / 0x1_0000);
}

function halves(value: bigint): [low: number, high: number] {
  return [Number(value & 0xffff_ffffn), Number(value >> 32n)];
}

/** Whether the `width` tokens before `end` also precede an earlier place, from `first` on. Zeros precede the text. */
function occurredBefore(tokens: Int32Array, end: number, width: number, first: number): boolean {
  for (let earlier = end - 1; earlier >= first; earlier--) {
    let same = 1;
    while (same <= width && (tokens[earlier - same] ?? 0) === (tokens[end - same] ?? 0)) same++;
    if (same > width) return true;
  }
  return false;
}

function candidatesOf(logits: Float32Array, candidates: Int32Array | undefined): Int32Array {
  const total = candidates?.length ?? logits.length;
  const ids = new Int32Array(total);
  let count = 0;
  for (let i = 0; i < total; i++) {
    const id = candidates === undefined ? i : candidates[i]!;
    if (logits[id]! > -Infinity) ids[count++] = id;
  }
  return ids.subarray(0, count);
}

/** Above it a product of two remainders would not be exact. */
const largestTable = 2 ** 24;

function checkTable(owner: string, name: string, value: unknown): SamplingTable {
  if (isArray(value)) {
    const allowed = 'a list of zeros and ones';
    if (value.length > largestTable) throw new ParameterError(owner, name, allowed, value);
    const item = (bit: unknown, at: number): number => checkInteger(owner, `${name}[${at}]`, bit, 0, 1);
    return checkList(owner, name, value, allowed, { least: 1, item });
  }
  const given = value as { readonly size?: number; readonly seed?: number };
  const { size = 65536, seed = 0 } = readOptions(`${owner}: ${name}`, given, ['size', 'seed'], name);
  checkInteger(owner, `${name}.size`, size, 1, largestTable);
  checkInteger(owner, `${name}.seed`, seed, Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);
  return { size, seed };
}

function tableOf(table: SamplingTable): Uint8Array {
  if ('length' in table) return Uint8Array.from(table);
  const random = new Random(table.seed ?? 0);
  return Uint8Array.from({ length: table.size ?? 65536 }, (_, at) => (random.uniform(0, at, 'draw') < 0.5 ? 0 : 1));
}

/** Weights that sum to the number of layers. */
function checkWeights(weights: readonly number[] | undefined, layers: number): number[] {
  const given =
    weights ?? Array.from({ length: layers }, (_, layer) => (layers === 1 ? 10 : 10 - (9 * layer) / (layers - 1)));
  const sum = given.reduce((total, weight) => total + weight, 0);
  if (given.length !== layers || !given.every((weight) => weight >= 0) || !(sum > 0 && sum < Infinity))
    throw new ParameterError('detectSynthId', 'weights', `${layers} numbers of at least 0, not all 0`, weights);
  return given.map((weight) => (weight * layers) / sum);
}
