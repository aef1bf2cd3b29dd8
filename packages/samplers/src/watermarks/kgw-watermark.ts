import { defineSampler, forEachCandidate, type HostSampler } from '@tokenwright/core';
import {
  booleanOption,
  checkOptions,
  checkTokens,
  choiceOption,
  integerOption,
  numberOption,
  type OptionsOf,
  type OptionValues,
} from '@tokenwright/core/options';
import { topTokens } from '@tokenwright/core/sampling';
import { keyedPermutation } from './keyed-permutation.ts';

/** The options that the watermark and its detector share. */
export const kgwSecretOptions = {
  /** Share of the vocabulary that is green, in (0, 1). Default 0.25. */
  greenlistRatio: numberOption({ above: 0, below: 1, default: 0.25, help: 'Share of the vocabulary that is green' }),
  /** The secret: an integer of at least 1. Default 15485863. */
  hashingKey: integerOption({ min: 1, max: Number.MAX_SAFE_INTEGER, default: 15485863, help: 'The secret' }),
  /**
   * What the greenlist depends on: the token before (`'left-hash'`), or the candidate itself and the tokens before it
   * (`'self-hash'`; only the 40 largest logits are tried). Default `'left-hash'`.
   */
  seedingScheme: choiceOption(['left-hash', 'self-hash'], {
    default: 'left-hash',
    help: 'Whether the greenlist depends on the tokens before alone, or on the candidate too',
  }),
  /** Tokens that the text must have; with self-hash also how many tokens count, the candidate included. Default 1. */
  contextWidth: integerOption({ min: 1, default: 1, help: 'Tokens that the greenlist depends on' }),
};

const options = {
  /** Added to the logits of green tokens. 0 is off. Default 2. */
  bias: numberOption({ default: 2, off: 0, help: 'Added to the logits of green tokens' }),
  ...kgwSecretOptions,
};

export type KgwWatermarkOptions = OptionsOf<typeof options>;

/**
 * Watermark by greenlists: after each context a secret share of the vocabulary gets a bonus, so that marked text contains
 * more of it than chance would give.
 *
 * A token is green when a keyed permutation puts it among the first floor(V * greenlistRatio). The permutation's key is
 * (hashingKey, last token), or for self-hash (hashingKey, min a_i, b), with a_i and b the places of the context's tokens
 * and of the candidate in a permutation of 1,000,003. Hugging Face takes both from PyTorch's generator: the lists differ,
 * the statistics do not. Use it last in a chain, after the filters. Removed tokens stay removed.
 *
 * @see Kirchenbauer et al. 2023, "A Watermark for Large Language Models", arXiv:2301.10226; self-hash: "On the Reliability
 * of Watermarks for Large Language Models", arXiv:2306.04634; Hugging Face
 * @example
 * ```ts
 * kgwWatermark({ hashingKey: 123456789 });
 * ```
 */
export const kgwWatermark = defineSampler({
  name: 'kgw-watermark',
  summary: 'A watermark: add BIAS to the logits of a secret share of the tokens',
  source: 'Kirchenbauer et al. 2023, arXiv:2301.10226; Hugging Face',
  kind: 'watermark',
  options,
  create: (values) => kgwForm(values),
});

/** The green ids after a context; with self-hash the context ends with the candidate. */
export type Greenlist = (context: Int32Array, vocabSize: number) => ArrayLike<number>;

export function kgwForm(values: OptionValues<typeof options>, greenlist?: Greenlist): Omit<HostSampler, 'name'> {
  const { bias, seedingScheme, contextWidth } = values;
  const greens = greensOf(values, greenlist);
  return {
    traits: { keepsArgMax: bias === 0, narrows: true },
    onHost(logits, step) {
      const { history, candidates } = step;
      if (bias === 0 || history.length < contextWidth) return;
      const add = (id: number): void => {
        logits[id]! += bias;
      };
      if (seedingScheme === 'left-hash') {
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

export const kgwDetectorOptions = {
  /** The vocabulary size of the model that wrote the text. */
  vocabSize: integerOption({ min: 1, help: 'The vocabulary size of the model' }),
  ...kgwSecretOptions,
  /** Count each (context, token) once, so that repeated phrases do not look like a watermark. Default false. */
  ignoreRepeats: booleanOption({ default: false, help: 'Count each context and token once' }),
};

export type KgwDetectorOptions = OptionsOf<typeof kgwDetectorOptions>;

export interface KgwEvidence {
  /** Number of tokens that were checked. */
  readonly scored: number;
  /** How many of them are green. */
  readonly green: number;
  /**
   * (green - ratio * scored) / sqrt(scored * ratio * (1 - ratio)); NaN when nothing was scored. A value above 3 or 4 means
   * that the text is marked.
   */
  readonly zScore: number;
}

/**
 * How likely a text carries the watermark of {@link kgwWatermark} with the same options. Pass the reply without its prompt.
 *
 * @example
 * ```ts
 * detectKgwWatermark(ids, { hashingKey: 123456789, vocabSize: 50257 }).zScore > 4;
 * ```
 */
export function detectKgwWatermark(tokens: ArrayLike<number>, options: KgwDetectorOptions): KgwEvidence {
  const owner = 'detectKgwWatermark';
  return kgwEvidence(checkTokens(owner, 'tokens', tokens), checkOptions(owner, kgwDetectorOptions, options));
}

export function kgwEvidence(
  tokens: ArrayLike<number>,
  values: OptionValues<typeof kgwDetectorOptions>,
  greenlist?: Greenlist,
): KgwEvidence {
  const { vocabSize, ignoreRepeats, greenlistRatio: ratio, seedingScheme, contextWidth } = values;
  const greens = greensOf(values, greenlist);
  const ids = Int32Array.from(tokens);
  const width = seedingScheme === 'self-hash' ? contextWidth - 1 : contextWidth;
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
    if (greens(seedingScheme === 'self-hash' ? ngram : ngram.subarray(0, width), vocabSize)(ids[at]!)) green++;
  }
  return { scored, green, zScore: (green - ratio * scored) / Math.sqrt(scored * ratio * (1 - ratio)) };
}

const triedBySelfHash = 40;
const tableSize = 1_000_003;

/** Whether a token is green, by context. */
type Greens = (context: Int32Array, vocabSize: number) => (id: number) => boolean;

function greensOf(
  { greenlistRatio, hashingKey, seedingScheme, contextWidth }: OptionValues<typeof kgwSecretOptions>,
  greenlist: Greenlist | undefined,
): Greens {
  if (greenlist !== undefined)
    return (context, vocabSize) => {
      const green = new Set(Array.from(greenlist(context.slice(), vocabSize)));
      return (id) => green.has(id);
    };
  const table = keyedPermutation(tableSize, [hashingKey]);
  const place = (id: number): number => table(id % tableSize) + 1;
  const seed = (context: Int32Array): number[] => {
    const last = context.at(-1)!;
    if (seedingScheme === 'left-hash') return [hashingKey, last];
    return [hashingKey, Math.min(...Array.from(context.subarray(-contextWidth), place)), place(last)];
  };
  return (context, vocabSize) => {
    const size = Math.floor(vocabSize * greenlistRatio);
    const permute = keyedPermutation(vocabSize, seed(context));
    return (id) => id < vocabSize && permute(id) < size;
  };
}
