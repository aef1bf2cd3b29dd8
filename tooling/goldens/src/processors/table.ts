import type { Sampler } from '@tokenwright/core';
import { probabilities } from '@tokenwright/core/sampling';
import { compareWithin } from '../shared/compare.ts';
import { sampler } from '../shared/factory.ts';
import { toNumber, toRow } from '../shared/numbers.ts';
import type { Params } from '../shared/params.ts';
import type { RowPlan } from '../shared/row.ts';
import { huggingFaceChain } from './hugging-face-chain.ts';

/** A case of `processors/<Class>.json`. */
export interface ProcessorCase {
  readonly id: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly logits_ref: string;
  readonly input_ids: readonly (readonly number[])[];
  readonly output?: readonly (readonly unknown[])[];
  readonly error?: string;
  readonly mask_same_in_float64?: boolean;
  readonly [more: string]: unknown;
}

/** How our samplers express a class of Hugging Face. */
export interface ProcessorAdapter {
  /** It selects tokens, so the rule for ties applies. */
  readonly selects?: boolean;
  /** Further fields of a case that the adapter reads. */
  readonly fields?: readonly string[];
  plan(params: Params, golden: ProcessorCase, row: number): RowPlan;
  /** Converts the logits of the case to the rows that pass through the chain, where they differ. */
  batch?(rows: readonly Float32Array[]): readonly Float32Array[];
  /** Compares what the case records besides the logits. */
  more?(golden: ProcessorCase, row: number, got: Float32Array): readonly string[];
  /** Converts an expected row, where the class can write values that ours does not. */
  expected?(row: Float64Array, golden: ProcessorCase, input: Float32Array): Float64Array;
}

const filter = (plan: (params: Params) => Sampler): ProcessorAdapter => ({
  selects: true,
  plan: (params) => ({ samplers: [plan(params)] }),
});

/** The classes can set a removed token to any number; ours always set it to -Infinity. */
const withFilterValue = (adapter: ProcessorAdapter): ProcessorAdapter => ({
  ...adapter,
  plan: (params, golden, row) => {
    params.read('filter_value');
    return adapter.plan(params, golden, row);
  },
  expected: (row, { params }) =>
    params.filter_value === undefined ? row : row.map((value) => (value === params.filter_value ? -Infinity : value)),
});

const minKeep = (params: Params): { minKeep?: number } => {
  const count = params.number('min_tokens_to_keep');
  return count === undefined ? {} : { minKeep: count };
};

export const processors: Readonly<Record<string, ProcessorAdapter>> = {
  TemperatureLogitsWarper: {
    plan: (params) => ({ samplers: [sampler('temperature', { temperature: params.required('temperature') })] }),
  },
  TopKLogitsWarper: withFilterValue(
    filter((params) =>
      sampler('topK', {
        k: Math.max(params.required('top_k'), params.number('min_tokens_to_keep') ?? 1),
        ties: 'keep-all',
      }),
    ),
  ),
  TopPLogitsWarper: withFilterValue(
    filter((params) => sampler('topP', { p: params.required('top_p'), ...minKeep(params) })),
  ),
  MinPLogitsWarper: filter((params) => sampler('minP', { p: params.required('min_p'), ...minKeep(params) })),
  TopHLogitsWarper: filter((params) => sampler('topH', { entropyShare: params.required('top_h') })),
  TypicalLogitsWarper: filter((params) => sampler('typicalP', { p: params.required('mass'), ...minKeep(params) })),
  EpsilonLogitsWarper: filter((params) =>
    sampler('epsilonCutoff', { epsilon: params.required('epsilon'), ...minKeep(params) }),
  ),
  EtaLogitsWarper: filter((params) =>
    sampler('etaCutoff', { epsilon: params.required('epsilon'), ...minKeep(params) }),
  ),
  RepetitionPenaltyLogitsProcessor: {
    plan(params) {
      const penalty = params.required('penalty');
      const promptLength = params.number('prompt_ignore_length');
      return promptLength === undefined
        ? { samplers: [sampler('repetitionPenalty', { penalty })] }
        : { samplers: [sampler('repetitionPenalty', { penalty, countPrompt: false })], promptLength };
    },
  },
  EncoderRepetitionPenaltyLogitsProcessor: {
    plan: (params, _, row) => ({
      samplers: [sampler('encoderRepetitionPenalty', { penalty: params.required('penalty') })],
      source: params.lists('encoder_input_ids')![row]!,
    }),
  },
  NoRepeatNGramLogitsProcessor: {
    plan: (params) => ({ samplers: [sampler('noRepeatNgram', { size: params.required('ngram_size') })] }),
  },
  EncoderNoRepeatNGramLogitsProcessor: {
    plan: (params, _, row) => ({
      samplers: [sampler('encoderNoRepeatNgram', { size: params.required('encoder_ngram_size') })],
      source: params.lists('encoder_input_ids')![row]!,
    }),
  },
  NoBadWordsLogitsProcessor: {
    plan: (params) => ({
      samplers: [sampler('badWords', { words: params.lists('bad_words_ids'), needs: 'sequence' })],
      eosTokenIds: params.ids('eos_token_id') ?? [],
    }),
  },
  SequenceBiasLogitsProcessor: {
    plan: (params) => ({
      samplers: [sampler('sequenceBias', { sequences: biasedSequences(params.read('sequence_bias')) })],
    }),
  },
  SuppressTokensLogitsProcessor: {
    plan: (params) => ({ samplers: [sampler('suppressTokens', { tokens: params.ids('suppress_tokens') })] }),
  },
  SuppressTokensAtBeginLogitsProcessor: {
    plan: (params) => ({
      samplers: [sampler('suppressTokensAtBegin', { tokens: params.ids('begin_suppress_tokens') })],
      promptLength: params.required('begin_index'),
    }),
  },
  ForcedBOSTokenLogitsProcessor: {
    plan: (params) => ({ samplers: [sampler('forcedBosToken', { token: params.required('bos_token_id') })] }),
  },
  ForcedEOSTokenLogitsProcessor: {
    plan: (params) => ({
      samplers: [sampler('forcedEosToken', { eosTokenIds: params.ids('eos_token_id') })],
      maxLength: params.required('max_length'),
    }),
  },
  MinLengthLogitsProcessor: {
    plan: (params) => ({
      samplers: [sampler('minLength', { length: params.required('min_length') })],
      eosTokenIds: params.ids('eos_token_id')!,
    }),
  },
  MinNewTokensLengthLogitsProcessor: {
    plan: (params) => ({
      samplers: [sampler('minNewTokens', { count: params.required('min_new_tokens') })],
      promptLength: params.required('prompt_length_to_skip'),
      eosTokenIds: params.ids('eos_token_id')!,
    }),
  },
  ExponentialDecayLengthPenalty: {
    plan(params) {
      const [start, factor] = params.read('exponential_decay_length_penalty') as [number, number];
      return {
        samplers: [sampler('exponentialLengthDecay', { start, factor })],
        promptLength: params.required('input_ids_seq_length'),
        eosTokenIds: params.ids('eos_token_id')!,
      };
    },
    // Hugging Face adds infinity to a removed end token, which gives NaN; in ours it stays removed.
    expected: (row, _, input) =>
      row.map((value, id) => (Number.isNaN(value) && input[id] === -Infinity ? -Infinity : value)),
  },
  PrefixConstrainedLogitsProcessor: {
    fields: ['table', 'callback'],
    plan(params, golden, row) {
      const prompt = Math.floor(row / params.required('num_beams'));
      if (golden.callback !== 'batch_id even: table[last token]; batch_id odd: [0, last token]')
        throw new TypeError(`unknown rule: ${golden.callback}`);
      const table = golden.table as Readonly<Record<string, readonly number[]>>;
      const allowed = (tokens: Int32Array): readonly number[] =>
        prompt % 2 === 0 ? table[tokens.at(-1)!]! : [0, tokens.at(-1)!];
      return { samplers: [sampler('prefixAllowedTokens', { allowed })] };
    },
  },
  WatermarkLogitsProcessor: {
    // PyTorch's generator makes the lists, so the recorded lists are passed in; `table` is null in every case.
    fields: ['greenlist_ids', 'greenlist_size', 'table'],
    plan(params, golden, row) {
      const green = (golden.greenlist_ids as readonly (readonly number[])[])[row]!;
      params.without({ vocab_size: 'the length of the row' });
      return {
        samplers: [
          sampler('kgwWatermark', {
            greenlistRatio: params.required('greenlist_ratio'),
            bias: params.required('bias'),
            hashingKey: params.required('hashing_key'),
            seedingScheme: schemes[params.read('seeding_scheme') as keyof typeof schemes],
            contextWidth: params.required('context_width'),
            greenlist: () => green,
          }),
        ],
      };
    },
  },
  composition: {
    fields: ['probabilities', 'processor_classes_in_order'],
    plan(params) {
      params.without({
        bos_token_id: 'no class of the chains reads it',
        pad_token_id: 'no class of the chains reads it',
      });
      const eosTokenIds = params.ids('eos_token_id')!;
      return {
        samplers: huggingFaceChain(params, { eosTokenIds }),
        eosTokenIds,
        promptLength: params.required('input_ids_seq_length'),
        maxLength: params.required('max_length'),
      };
    },
    more: (golden, row, got) =>
      compareWithin(
        `row ${row}: probability`,
        toRow((golden.probabilities as unknown[][])[row]!),
        probabilities(got),
        1e-6,
      ),
  },
  InfNanRemoveLogitsProcessor: { plan: () => ({ samplers: [sampler('removeInvalid')] }) },
  LogitNormalization: { plan: () => ({ samplers: [sampler('normalize')] }) },
};

const schemes = { lefthash: 'left-hash', selfhash: 'self-hash' } as const;

/** `[[ids, bias], …]` as the goldens write it. */
export function biasedSequences(value: unknown): { tokens: readonly number[]; bias: number }[] {
  return (value as [number[], unknown][]).map(([tokens, bias]) => ({ tokens, bias: toNumber(bias) }));
}
