import { type HostSampler, type Json, ParameterError, Random } from '@tokenwright/core';
import { checkInteger, checkOptionNames } from '@tokenwright/core/options';
import { exponential, logSumExp } from '@tokenwright/core/sampling';

export interface SynthIdOptions {
  /** The secret: one integer for each layer of the tournament, at least one. The paper and Hugging Face use 30 or so. */
  readonly keys: readonly number[];
  /** Tokens that decide, the candidate included; at least 2. Default 5. */
  readonly ngramLength?: number;
  /**
   * Zeros and ones that a hash chooses from: given, or made from a size and a seed. Default 65536 and 0. Hugging Face draws
   * the table from PyTorch's generator, so to find its watermark give its table.
   */
  readonly samplingTable?: readonly number[] | { readonly size?: number; readonly seed?: number };
  /** A context that is among so many before it is not marked again. Default 1024. */
  readonly contextHistory?: number;
  /** Leave the first ngramLength - 1 tokens of a reply unmarked, as their context is not full. Default false. */
  readonly skipFirst?: boolean;
}

/**
 * SynthID-Text: a watermark that keeps the distribution on average over its keys (Dathathri et al. 2024, "Scalable
 * watermarking for identifying large language model outputs", Nature 634; Hugging Face `SynthIDTextWatermarkLogitsProcessor`).
 *
 * Each layer d gives each token x a bit g_d(x), from a hash of the last tokens, x and the layer's key, and holds a two-way
 * tournament: p(x) -> p(x) * (1 + g_d(x) - sum(g_d * p)). The result is the logarithm of the last p. The hash is
 * h -> (h + token) * 6364136223846793005 + 1 over the n-gram and the key, from 1, modulo 2^64; the bit is the table's at
 * h modulo its size.
 *
 * The context is that of the reply, with zeros before it. A context that occurred before leaves the row as it is; contexts are
 * compared themselves, not by their hash. All is read from the text, so branches and rewinds need nothing stored.
 * Probabilities are float64: where a layer's mass nears 1, float32 systems lose digits of the tokens outside it.
 *
 * Meant last in a chain, after the filters, as it touches each candidate once a layer. A row with NaN, with +Infinity or with
 * nothing left stays as it is.
 */
export function synthId(options: SynthIdOptions): HostSampler {
  const { keys, ngramLength, table, tableParameters, contextHistory, skipFirst } = checkSynthId('synthId', options);
  const before = ngramLength - 1;
  return {
    name: 'synth-id',
    parameters: { keys, ngramLength, samplingTable: tableParameters, contextHistory, skipFirst },
    kind: 'watermark',
    traits: {
      keepsArgMax: false,
      narrows: true,
    },
    onHost: (logits, { history, promptLength, candidates }) => {
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
      // What a bit of the layer before multiplies by. It is applied on the way through the next layer: one pass a layer.
      let [ifZero, ifOne] = [1, 1];
      for (let layer = 0; layer < keys.length; layer++) {
        const mass = bits.hold(layer, p, g, ifZero, ifOne);
        // Rounding can carry the mass past 1, and a probability must not turn negative.
        ifZero = Math.max(0, 1 - mass);
        ifOne = Math.max(0, 2 - mass);
      }
      for (let i = 0; i < ids.length; i++) p[i]! *= g[i] === 1 ? ifOne : ifZero;
      for (let i = 0; i < ids.length; i++) logits[ids[i]!] = Math.log(p[i]!);
    },
  };
}

export interface SynthIdDetectorOptions extends Omit<SynthIdOptions, 'skipFirst'> {
  /** Tokens from the first of these on are not counted. Default none. */
  readonly eosTokenIds?: readonly number[];
  /** Weight of each layer in the weighted mean, at least 0, not all 0. Default falling evenly from 10 to 1. */
  readonly weights?: readonly number[];
}

export interface SynthIdEvidence {
  /** N-grams that count: their context is new and they stand before the end. */
  readonly scored: number;
  /** Mean of the bits of all scored n-grams and layers: near 0.5 without a watermark, above it with one. */
  readonly mean: number;
  /** The same with the layers weighted: early layers tell more. */
  readonly weightedMean: number;
  /** (mean - 0.5) in units of its deviation without a watermark; NaN when nothing was scored. */
  readonly zScore: number;
  /** The bits of each n-gram by layer, [n-grams][layers]: for detectors that are trained on them. */
  readonly bits: readonly Uint8Array[];
  /** Which n-grams count. */
  readonly counted: readonly boolean[];
}

/**
 * How likely a text carries the watermark of {@link synthId} with the same options: the mean and the weighted mean score of
 * the paper. Give it the reply without its prompt.
 */
export function detectSynthId(tokens: ArrayLike<number>, options: SynthIdDetectorOptions): SynthIdEvidence {
  const { eosTokenIds = [], weights, ...rest } = options;
  const { keys, ngramLength, table, contextHistory } = checkSynthId('detectSynthId', rest);
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
 * Hashing the candidate x and then a key gives (context + x) * m^2 + m + key * m + 1: a number for the layer plus x * m^2. So
 * big integers are needed once a layer, and each candidate costs an addition of 64 bits, in two halves; of a table whose size
 * is a power of two, only of the low bits.
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
      // The hash is read as a signed number, and the remainder is never negative.
      const signedHigh = (high[i]! + baseHigh + carry) | 0;
      const remainder = ((signedHigh % size) * wrap + ((sum >>> 0) % size)) % size;
      into[i] = table[remainder < 0 ? remainder + size : remainder]!;
    }
  }

  /**
   * Multiply the probabilities by what the bits `g` of the layer before stand for, replace these by the bits of this layer, and
   * return the mass of the tokens whose bit is set.
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

/** Whether the `width` tokens before `end` also stood before an earlier place, from `first` on. Before the text are zeros. */
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

interface CheckedSynthId {
  readonly keys: readonly number[];
  readonly ngramLength: number;
  readonly table: Uint8Array;
  readonly tableParameters: Json;
  readonly contextHistory: number;
  readonly skipFirst: boolean;
}

function checkSynthId(owner: string, options: SynthIdOptions): CheckedSynthId {
  checkOptionNames(owner, options, ['keys', 'ngramLength', 'samplingTable', 'contextHistory', 'skipFirst']);
  const { keys, samplingTable = {}, skipFirst = false } = options;
  if (!Array.isArray(keys) || keys.length === 0 || !keys.every(Number.isSafeInteger))
    throw new ParameterError(owner, 'keys', 'a list of at least one integer', keys);
  const ngramLength = checkInteger(owner, 'ngramLength', options.ngramLength ?? 5, 2);
  const contextHistory = checkInteger(owner, 'contextHistory', options.contextHistory ?? 1024, 0);
  if (typeof skipFirst !== 'boolean') throw new ParameterError(owner, 'skipFirst', 'true or false', skipFirst);
  const common = { keys: [...keys], ngramLength, contextHistory, skipFirst };
  if (Array.isArray(samplingTable)) {
    if (!(samplingTable.length > 0 && samplingTable.length <= largestTable && samplingTable.every(isBit)))
      throw new ParameterError(owner, 'samplingTable', 'a list of zeros and ones', samplingTable);
    return { ...common, table: Uint8Array.from(samplingTable), tableParameters: [...samplingTable] };
  }
  checkOptionNames(`${owner}: samplingTable`, samplingTable, ['size', 'seed']);
  const { size = 65536, seed = 0 } = samplingTable as { size?: number; seed?: number };
  checkInteger(owner, 'samplingTable.size', size, 1, largestTable);
  const random = new Random(seed);
  const table = Uint8Array.from({ length: size }, (_, at) => (random.uniform(0, at, 'draw') < 0.5 ? 0 : 1));
  return { ...common, table, tableParameters: { size, seed } };
}

/** Above it a product of two remainders would not be exact. */
const largestTable = 2 ** 24;

const isBit = (value: unknown): boolean => value === 0 || value === 1;

/** Weights that sum to the number of layers. */
function checkWeights(weights: readonly number[] | undefined, layers: number): number[] {
  const given =
    weights ?? Array.from({ length: layers }, (_, layer) => (layers === 1 ? 10 : 10 - (9 * layer) / (layers - 1)));
  const sum = given.reduce((total, weight) => total + weight, 0);
  if (given.length !== layers || !given.every((weight) => weight >= 0) || !(sum > 0 && sum < Infinity))
    throw new ParameterError('detectSynthId', 'weights', `${layers} numbers of at least 0, not all 0`, weights);
  return given.map((weight) => (weight * layers) / sum);
}
