import { forEachCandidate, type HostSampler, ParameterError } from '@tokenwright/core';
import { checkInteger, checkNumber, checkOptionNames } from '@tokenwright/core/options';
import { topTokens } from '@tokenwright/core/sampling';
import { keyedPermutation } from './keyed-permutation.ts';

export interface KgwWatermarkOptions {
  /** Share of the vocabulary that is green, in (0, 1). Default 0.25. */
  readonly greenlistRatio?: number;
  /** Added to the logits of green tokens. 0 is off. Default 2. */
  readonly bias?: number;
  /** The secret: an integer of at least 1. Default 15485863. */
  readonly hashingKey?: number;
  /**
   * What the green list depends on: the token before (`'left-hash'`), or the candidate itself and the tokens before it
   * (`'self-hash'`; only the 40 largest logits are tried). Default `'left-hash'`.
   */
  readonly seedingScheme?: 'left-hash' | 'self-hash';
  /** Tokens that the text must have; with self-hash also how many tokens, the candidate included, count. Default 1. */
  readonly contextWidth?: number;
  /**
   * The green ids after a context, instead of the permutation: for lists of another system. With self-hash the context ends
   * with the candidate.
   */
  readonly greenList?: (context: Int32Array, vocabSize: number) => ArrayLike<number>;
}

/**
 * Watermark by green lists: after each context a secret share of the vocabulary gets a bonus, so that marked text holds more of
 * it than chance would (Kirchenbauer et al. 2023, "A Watermark for Large Language Models", arXiv:2301.10226; self-hash: "On
 * the Reliability of Watermarks for Large Language Models", arXiv:2306.04634; Hugging Face).
 *
 * A token is green when a keyed permutation puts it among the first floor(V * ratio). The permutation's key is
 * (key, last token), or for self-hash (key, min a_i, b), with a_i and b the place of the context's tokens and of the
 * candidate in a permutation of 1,000,003. Hugging Face draws both from PyTorch's generator: the lists differ, the statistics
 * do not. Meant last in a chain, after the filters. Removed tokens stay removed.
 */
export function kgwWatermark(options: KgwWatermarkOptions = {}): HostSampler {
  const { greens, bias, scheme, contextWidth, parameters } = checkKgw('kgwWatermark', options);
  return {
    name: 'kgw-watermark',
    // Lists of another system are a function, which cannot be written to JSON.
    ...(options.greenList === undefined ? { parameters: { ...parameters, bias } } : {}),
    kind: 'watermark',
    traits: {
      keepsArgMax: bias === 0,
      narrows: true,
    },
    onHost: (logits, step) => {
      const { history, candidates } = step;
      if (bias === 0 || history.length < contextWidth) return;
      const add = (id: number): void => {
        logits[id]! += bias;
      };
      if (scheme === 'left-hash') {
        const isGreen = greens(history.tail(contextWidth), logits.length);
        forEachCandidate(logits, step, (id) => {
          if (isGreen(id)) add(id);
        });
        return;
      }
      const context = new Int32Array(Math.min(history.length + 1, Math.max(contextWidth, 1)));
      context.set(history.tail(context.length - 1));
      const green = topTokens(logits, triedBySelfHash, candidates).filter((id) => {
        context[context.length - 1] = id;
        return greens(context, logits.length)(id);
      });
      green.forEach(add);
    },
  };
}

export interface KgwDetectorOptions extends Omit<KgwWatermarkOptions, 'bias'> {
  /** The model's, as when the text was made. */
  readonly vocabSize: number;
  /** Count each (context, token) once, so that repeated phrases do not pass for a watermark. Default false. */
  readonly ignoreRepeats?: boolean;
}

export interface KgwEvidence {
  /** Tokens that were looked at. */
  readonly scored: number;
  /** How many of them are green. */
  readonly green: number;
  /** (green - ratio * scored) / sqrt(scored * ratio * (1 - ratio)); NaN when nothing was scored. Above 3 or 4: marked. */
  readonly zScore: number;
}

/** How likely a text carries the watermark of {@link kgwWatermark} with the same options. Give it the reply without its prompt. */
export function detectKgwWatermark(tokens: ArrayLike<number>, options: KgwDetectorOptions): KgwEvidence {
  const { vocabSize, ignoreRepeats = false, ...rest } = options;
  checkInteger('detectKgwWatermark', 'vocabSize', vocabSize, 1);
  const { greens, ratio, scheme, contextWidth } = checkKgw('detectKgwWatermark', rest);
  const ids = Int32Array.from(tokens);
  const width = scheme === 'self-hash' ? contextWidth - 1 : contextWidth;
  const seen = new Set<string>();
  let scored = 0;
  let green = 0;
  for (let at = width; at < ids.length; at++) {
    const ngram = ids.subarray(at - width, at + 1);
    if (ignoreRepeats) {
      const name = ngram.join();
      if (seen.has(name)) continue;
      seen.add(name);
    }
    scored++;
    if (greens(scheme === 'self-hash' ? ngram : ngram.subarray(0, width), vocabSize)(ids[at]!)) green++;
  }
  return { scored, green, zScore: (green - ratio * scored) / Math.sqrt(scored * ratio * (1 - ratio)) };
}

const triedBySelfHash = 40;
const tableSize = 1_000_003;

/** Whether a token is green, by context. */
type Greens = (context: Int32Array, vocabSize: number) => (id: number) => boolean;

interface CheckedGreenList {
  readonly greens: Greens;
  readonly ratio: number;
  readonly bias: number;
  readonly scheme: 'left-hash' | 'self-hash';
  readonly contextWidth: number;
  readonly parameters: {
    readonly greenlistRatio: number;
    readonly hashingKey: number;
    readonly seedingScheme: string;
    readonly contextWidth: number;
  };
}

function checkKgw(owner: string, options: KgwWatermarkOptions): CheckedGreenList {
  checkOptionNames(owner, options, [
    'greenlistRatio',
    'bias',
    'hashingKey',
    'seedingScheme',
    'contextWidth',
    'greenList',
  ]);
  const { seedingScheme = 'left-hash', greenList: listOf } = options;
  const ratio = checkNumber(
    owner,
    'greenlistRatio',
    options.greenlistRatio ?? 0.25,
    'a number between 0 and 1',
    (value) => value > 0 && value < 1,
  );
  const bias = checkNumber(owner, 'bias', options.bias ?? 2, 'a finite number');
  const key = checkInteger(owner, 'hashingKey', options.hashingKey ?? 15485863, 1, Number.MAX_SAFE_INTEGER);
  if (seedingScheme !== 'left-hash' && seedingScheme !== 'self-hash')
    throw new ParameterError(owner, 'seedingScheme', "'left-hash' or 'self-hash'", seedingScheme);
  const contextWidth = checkInteger(owner, 'contextWidth', options.contextWidth ?? 1, 1);
  if (listOf !== undefined && typeof listOf !== 'function')
    throw new ParameterError(owner, 'greenList', 'a function from a context to token ids', listOf);
  const table = keyedPermutation(tableSize, [key]);
  const place = (id: number): number => table(id % tableSize) + 1;
  const seed = (context: Int32Array): number[] => {
    const last = context.at(-1)!;
    if (seedingScheme === 'left-hash') return [key, last];
    return [key, Math.min(...Array.from(context.subarray(-contextWidth), place)), place(last)];
  };
  const greens: Greens = (context, vocabSize) => {
    if (listOf !== undefined) {
      const green = new Set(Array.from(listOf(context.slice(), vocabSize)));
      return (id) => green.has(id);
    }
    const size = Math.floor(vocabSize * ratio);
    const permute = keyedPermutation(vocabSize, seed(context));
    return (id) => id < vocabSize && permute(id) < size;
  };
  return {
    greens,
    ratio,
    bias,
    scheme: seedingScheme,
    contextWidth,
    parameters: { greenlistRatio: ratio, hashingKey: key, seedingScheme, contextWidth },
  };
}
